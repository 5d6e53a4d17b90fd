"""What a process has loaded; who may import whom is checked by import-linter, with the contracts in pyproject.toml."""

import subprocess
import sys

import pytest

from tests.conftest import ROOT

BOT_NEEDS_NONE_OF = {"tweepy", "dropbox", "matplotlib", "numpy", "pipeline.tasks", "pipeline.steps"}


def loaded_after(statement: str) -> set[str]:
    """The modules that a new Python has loaded after a statement."""
    code = f"{statement}; import sys; print(' '.join(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    return set(run.stdout.split())


@pytest.mark.parametrize(
    ("module", "not_needed"), [("bot.app", BOT_NEEDS_NONE_OF), ("pipeline.tasks", {"dropbox", "telegram"})]
)
def test_a_process_has_not_loaded_what_only_others_need(module: str, not_needed: set[str]) -> None:
    loaded = loaded_after(f"import {module}")
    assert module in loaded
    assert not_needed & loaded == set()
