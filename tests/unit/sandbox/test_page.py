"""The chat page: whole, self-contained, and with no way for text to become markup."""

import re
from pathlib import Path

import httpx
import pytest

from sandbox.server import PAGE

SCRIPTS = sorted(PAGE.glob("*.js"))


def test_the_page_and_all_it_names_are_served(url: str) -> None:
    page = httpx.get(f"{url}/")
    assert page.headers["Content-Type"].startswith("text/html")
    named = set(re.findall(r'(?:src|href)="(/[^"]+)"', page.text))
    assert {"/page/page.js", "/page/style.css", "/page/bird.svg"} <= named
    assert [path for path in named if httpx.get(url + path).status_code != 200] == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_scripts_find_what_they_import(script: Path) -> None:
    imported = re.findall(r'from "\./([^"]+)"', script.read_text())
    assert [name for name in imported if not (PAGE / name).is_file()] == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_no_script_turns_text_into_markup(script: Path) -> None:
    assert re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", script.read_text()) == []


def test_elements_that_scripts_ask_for_exist() -> None:
    asked = {name for script in SCRIPTS for name in re.findall(r'byId\("([^"]+)"\)', script.read_text())}
    there = set(re.findall(r'id="([^"]+)"', (PAGE / "index.html").read_text()))
    assert asked - there == set()


def test_nothing_comes_from_elsewhere() -> None:
    for file in (PAGE / "index.html", PAGE / "style.css"):
        assert re.findall(r"https?://|url\(", file.read_text()) == []
