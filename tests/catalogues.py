"""The catalogues as the tests compare them with the code."""

import ast
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po

from tests.conftest import ROOT

Key = tuple[str, ...]
"""A text's English: one form, or singular and plural."""
PLURALS = {"ngettext", "lazy_ngettext"}
MARKS = {"gettext", "lazy_gettext"} | PLURALS


def read(path: Path) -> dict[Key, tuple[str, ...]]:
    """The forms of each text of a .po file, by its English. Raises AssertionError for one that is marked as unsure."""
    with path.open("rb") as file:
        messages = [message for message in read_po(file) if message.id]
    assert [message.id for message in messages if message.fuzzy] == []
    return {forms(message.id): forms(message.string or "") for message in messages}


def forms(text: str | Sequence[str]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def calls(path: Path) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree(path)) if isinstance(node, ast.Call))


def called(call: ast.Call) -> str:
    """As in lazy_gettext, translator.gettext, log.info."""
    return ast.unparse(call.func)


def literals(call: ast.Call) -> list[ast.Constant]:
    """The arguments of a call that marks a text: its English, of a plural both forms; none where it marks nothing."""
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    if name not in MARKS:
        return []
    texts = call.args[: 2 if name in PLURALS else 1]
    return [each for each in texts if isinstance(each, ast.Constant) and isinstance(each.value, str)]


def marked(path: Path) -> set[Key]:
    """The texts that a file marks for the catalogues."""
    return {tuple(str(each.value) for each in texts) for call in calls(path) if (texts := literals(call))}


def all_marked() -> set[Key]:
    """Those of the whole product; the store marks none."""
    files = [path for package in ("bot", "pipeline") for path in (ROOT / package).rglob("*.py")]
    return {text for path in files if "store" not in path.parts for text in marked(path)}
