"""The chat page: nothing is missing, nothing comes from elsewhere, and no text can become markup."""

import re
from pathlib import Path

import httpx
import pytest

from sandbox.server import PAGE

TRANSLATED = re.compile(r'\bt\((?:\w+ === "\w+" \? )?"([^"]+)"')
SCRIPTS = sorted(PAGE.rglob("*.js"))
ACCOUNTS = {
    "x": ("username", "ada"),
    "bluesky": ("handle", "ada.social.example"),
    "fediverse": ("handle", "ada@social.example"),
}
"""By network: the field that names an account, and an account."""


def test_the_page_and_all_it_names_are_served(url: str) -> None:
    page = httpx.get(f"{url}/")
    assert page.headers["Content-Type"].startswith("text/html")
    named = set(re.findall(r'(?:src|href)="(/[^"]+)"', page.text))
    assert {"/page/page.js", "/page/style.css", "/page/bird.svg"} <= named
    assert [path for path in named if httpx.get(url + path).status_code != 200] == []


def test_accounts_of_each_network_are_listed_once_they_are_known(url: str) -> None:
    keys = re.findall(r'key: "(\w+)"', (PAGE / "control.js").read_text())
    assert set(keys) == set(ACCOUNTS)
    for key in keys:
        name, handle = ACCOUNTS[key]
        httpx.post(f"{url}/_control/{key}/accounts", json={"accounts": [{name: handle}]}).raise_for_status()
        (account,) = httpx.get(f"{url}/_control/{key}/accounts").json()
        assert (account[name], account["state"], account["posts"] > 0) == (handle, "active", True)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_scripts_import_what_exists(script: Path) -> None:
    text = script.read_text()
    for names, module in re.findall(r'import \{ ([^}]+) \} from "([^"]+)"', text):
        assert set(names.split(", ")) <= exported(script.parent / module)
    for name, module in re.findall(r'import \* as (\w+) from "([^"]+)"', text):
        used = set(re.findall(rf"(?<![./\w]){name}\.(\w+)", text))
        assert used <= exported(script.parent / module)


def exported(module: Path) -> set[str]:
    """The names that a script exports."""
    return set(re.findall(r"export (?:async )?(?:const|function|class) (\w+)", module.read_text()))


def test_the_panels_sections_are_of_one_shape() -> None:
    for section in (PAGE / "panel").glob("*.js"):
        assert "refresh" in exported(section)
        assert f'from "./panel/{section.name}"' in (PAGE / "panel.js").read_text()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_no_script_turns_text_into_markup(script: Path) -> None:
    assert re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", script.read_text()) == []


def test_elements_that_scripts_ask_for_exist() -> None:
    requested = {name for script in SCRIPTS for name in re.findall(r'byId\("([^"]+)"\)', script.read_text())}
    existing = set(re.findall(r'id="([^"]+)"', (PAGE / "index.html").read_text()))
    assert requested - existing == set()


def test_the_pages_words_are_there_in_spanish() -> None:
    spanish = (PAGE / "spanish.js").read_text()
    known = set(re.findall(r'^  "(.+?)":', spanish, flags=re.MULTILINE))
    named = {words for script in SCRIPTS for words in TRANSLATED.findall(script.read_text())}
    html = (PAGE / "index.html").read_text().split("<body>")[1]
    shown = re.findall(r">([^<>]*\w[^<>]*)<", html) + re.findall(r'(?:aria-label|placeholder)="([^"]+)"', html)
    assert len(named) > 30
    assert (named | set(shown)) - known == set()


def test_nothing_comes_from_elsewhere() -> None:
    for file in (PAGE / "index.html", PAGE / "style.css"):
        assert re.findall(r"https?://|url\(", file.read_text()) == []
