"""What the documents promise to be somewhere is there."""

import re

import pytest

from tests.conftest import ROOT

PATH = re.compile(r"\b(?:bot|docs|pipeline|sandbox|tests)/[\w/]+\.\w+")
DOCUMENTS = [
    *("README.md", "CONTRIBUTING.md", "SECURITY.md", "docs/hosting.md", "docs/upstream.md"),
    *("pyproject.toml", "Makefile"),
]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_file_that_a_document_names_is_there(name: str) -> None:
    named = PATH.findall((ROOT / name).read_text(encoding="utf-8"))
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_documents_name_files() -> None:
    assert len(PATH.findall((ROOT / "SECURITY.md").read_text(encoding="utf-8"))) > 5
