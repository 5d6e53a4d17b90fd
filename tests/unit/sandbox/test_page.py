"""The chat page: nothing is missing, nothing comes from elsewhere, and no text can become markup."""

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
def test_scripts_import_what_exists(script: Path) -> None:
    text = script.read_text()
    for names, module in re.findall(r'import \{ ([^}]+) \} from "\./([^"]+)"', text):
        assert set(names.split(", ")) <= exported(module)
    for name, module in re.findall(r'import \* as (\w+) from "\./([^"]+)"', text):
        used = set(re.findall(rf"(?<![./\w]){name}\.(\w+)", text))
        assert used
        assert used <= exported(module)


def exported(module: str) -> set[str]:
    """The names that a script exports."""
    return set(re.findall(r"export (?:async )?(?:const|function|class) (\w+)", (PAGE / module).read_text()))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_no_script_turns_text_into_markup(script: Path) -> None:
    assert re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", script.read_text()) == []


def test_elements_that_scripts_ask_for_exist() -> None:
    requested = {name for script in SCRIPTS for name in re.findall(r'byId\("([^"]+)"\)', script.read_text())}
    existing = set(re.findall(r'id="([^"]+)"', (PAGE / "index.html").read_text()))
    assert requested - existing == set()


def test_nothing_comes_from_elsewhere() -> None:
    for file in (PAGE / "index.html", PAGE / "style.css"):
        assert re.findall(r"https?://|url\(", file.read_text()) == []
