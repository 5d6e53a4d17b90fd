"""Which room may know which: the house stays as it is drawn."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

BOT_MAY_KNOW = {
    "pipeline.clock",
    "pipeline.settings",
    "pipeline.startup",
    "pipeline.store",
    "pipeline.records",
    "pipeline.errors",
    "pipeline.i18n",
    "pipeline.messaging.client",
    "pipeline.logs",
    "pipeline.servers",
}
BOT_MAY_NOT_LOAD = {"tweepy", "dropbox", "matplotlib", "numpy", "pipeline.tasks", "pipeline.steps", "pipeline.chart"}
ONE_KNOWS = {"tweepy": {"sources/x/client.py"}, "dropbox": {"dropbox/client.py", "dropbox/login.py"}}


def imports(path: Path) -> set[str]:
    """The full names of all that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{name.name}" for name in node.names}
    return found


def room(name: str) -> dict[Path, set[str]]:
    return {path: imports(path) for path in (ROOT / name).rglob("*.py")}


@pytest.mark.parametrize(
    ("inside", "outside"),
    [("pipeline", "bot"), ("pipeline", "sandbox"), ("bot", "sandbox"), ("sandbox", "bot"), ("sandbox", "pipeline")],
)
def test_no_room_imports_one_that_it_may_not_know(inside: str, outside: str) -> None:
    wrong = [path for path, names in room(inside).items() if any(name.split(".")[0] == outside for name in names)]
    assert room(inside)
    assert wrong == []


def test_the_bot_knows_only_the_pipelines_doors() -> None:
    known = {name for names in room("bot").values() for name in names if name.startswith("pipeline.")}
    assert {
        name for name in known if not any(name == may or name.startswith(f"{may}.") for may in BOT_MAY_KNOW)
    } == set()


def test_only_the_bot_knows_telegram() -> None:
    outside = room("pipeline") | room("sandbox")
    assert [path for path, names in outside.items() if any(name.split(".")[0] == "telegram" for name in names)] == []


@pytest.mark.parametrize("library", ONE_KNOWS)
def test_a_service_library_is_known_to_one_module(library: str) -> None:
    knowing = {
        path.relative_to(ROOT / "pipeline").as_posix()
        for path, names in room("pipeline").items()
        if library in {name.split(".")[0] for name in names}
    }
    assert knowing == ONE_KNOWS[library]


def test_steps_know_no_celery_and_nothing_draws_with_pyplot() -> None:
    knowing = {
        path.name for path, names in room("pipeline").items() if any(name.split(".")[0] == "celery" for name in names)
    }
    assert knowing == {"celery_app.py", "task_request.py", "tasks.py", "worker_pool.py", "__main__.py"}
    assert not [path for path, names in room("pipeline").items() if "matplotlib.pyplot" in names]


@pytest.mark.parametrize(
    ("module", "not_needed"), [("bot.app", BOT_MAY_NOT_LOAD), ("pipeline.tasks", {"dropbox", "telegram"})]
)
def test_a_process_has_not_loaded_what_only_others_need(module: str, not_needed: set[str]) -> None:
    code = f"import {module}, sys; print(' '.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert not_needed & set(loaded.split()) == set()
