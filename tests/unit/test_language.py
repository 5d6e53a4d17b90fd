"""Every language says all that can be said, and nothing else; and nothing is said that is not in the catalogues."""

import ast
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.pofile import read_po
from pydantic import TypeAdapter

from pipeline import clock
from pipeline.errors import ServiceError, UserError
from pipeline.i18n import CATALOGUES, METRICS, lazy_gettext, translator
from pipeline.records import Language, LazyString, Metric
from tests.conftest import ROOT

OTHERS = [each for each in Language if each is not Language.ENGLISH]
BOT = ROOT / "bot"
SPEAKERS = [
    *sorted((BOT / "commands").glob("*.py")),
    *(
        BOT / f"{name}.py"
        for name in (
            *("access", "callbacks", "command", "command_context", "comparing"),
            *("keyboards", "parsing", "phrasing", "suggestions"),
        )
    ),
]
"""What answers people; the rest of the bot writes logs and reads Telegram's own texts."""
LONGEST_ALERT = 200


def calls(path: Path) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree(path)) if isinstance(node, ast.Call))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def called(call: ast.Call) -> str:
    """As in lazy_gettext, said.gettext, log.info."""
    return ast.unparse(call.func)


def marked(path: Path) -> set[str]:
    """The texts that a file marks for the catalogues."""
    first = [
        call.args[0] for call in calls(path) if call.args and called(call).split(".")[-1] in {"gettext", "lazy_gettext"}
    ]
    return {each.value for each in first if isinstance(each, ast.Constant) and isinstance(each.value, str)}


def said() -> set[str]:
    """All texts; the store says nothing to people."""
    files = [path for room in ("bot", "pipeline") for path in (ROOT / room).rglob("*.py")]
    return {words for path in files if "store" not in path.parts for words in marked(path)}


def fields(words: str) -> set[tuple[str, str | None]]:
    """The fields and how each is written."""
    return {(name, how) for _, name, how, _ in Formatter().parse(words) if name}


@pytest.mark.parametrize("language", OTHERS)
def test_a_catalogue_has_every_text_with_its_fields_and_no_other(language: Language) -> None:
    with (CATALOGUES / f"{language}.po").open("rb") as file:
        catalogue = {message.id: message for message in read_po(file) if message.id}
    assert said() - catalogue.keys() == set()
    assert catalogue.keys() - said() == set()
    for words, message in catalogue.items():
        assert message.string, words
        assert not message.fuzzy, words
        assert fields(str(message.string)) == fields(str(words)), words


@pytest.mark.parametrize("path", SPEAKERS, ids=lambda path: path.stem)
def test_no_sentence_stands_outside_what_is_marked(path: Path) -> None:
    silent = {id(node) for call in calls(path) if called(call).startswith("log.") for node in ast.walk(call)}
    silent |= {id(call.args[0]) for call in calls(path) if called(call) in {"lazy_gettext", "said.gettext"}}
    silent |= {id(more.value) for call in calls(path) for more in call.keywords if more.arg == "callback_data"}
    silent |= {id(node.value) for node in ast.walk(tree(path)) if isinstance(node, ast.Expr)}
    assert [words for node in ast.walk(tree(path)) if (words := sentence(node)) and id(node) not in silent] == []


def sentence(node: ast.AST) -> str | None:
    """What two words or more stand in."""
    words = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
    return words if len([word for word in words.split() if word.strip("…,.:;").isalpha()]) > 1 else None


@pytest.mark.parametrize("language", Language)
def test_what_a_press_is_answered_with_fits_into_an_alert(language: Language) -> None:
    """The id of a chat and the mark of a log are at most 10 longer than their fields."""
    alerts = {words for name in ("access", "callbacks", "command", "comparing") for words in marked(BOT / f"{name}.py")}
    said = translator(language).texts
    assert [words for words in alerts if len(said.get(words, words)) > LONGEST_ALERT - 10] == []


def test_every_metric_has_a_name() -> None:
    assert set(METRICS) == set(Metric)
    assert translator(Language.SPANISH).metric(Metric.REPOSTS) == "retuits"
    assert translator(Language.ENGLISH).listed(["a", "b", "c"]) == "a, b and c"
    assert translator(Language.SPANISH).listed(["a", "b", "c"]) == "a, b y c"


BUDGET = lazy_gettext(
    "{what} {names} {cost:usd} {length:number} {id} {until:moment} {until:second}",
    what=METRICS[Metric.REPLIES],
    names=["@a", lazy_gettext("{count} more", count=2)],
    cost=Decimal("1.3"),
    length=5000,
    id=-1005001,
    until=datetime(clock.now().year, 1, 4, 5, 6, 7, tzinfo=UTC),
)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (Language.ENGLISH, "replies @a and 2 more $1.30 5,000 -1005001 4 Jan 05:06 UTC 4 Jan 05:06:07 UTC"),
        (Language.SPANISH, "respuestas @a y 2 más 1,30\xa0US$ 5.000 -1005001 4 ene 05:06 UTC 4 ene 05:06:07 UTC"),
    ],
)
def test_a_text_is_written_as_its_fields_say_also_after_it_was_stored(language: Language, words: str) -> None:
    texts = TypeAdapter(LazyString)
    stored = texts.validate_json(texts.dump_json(BUDGET))
    assert translator(language).gettext(BUDGET) == translator(language).gettext(stored) == words


def test_an_error_is_told_in_the_language_of_who_is_told_and_logged_in_english() -> None:
    problem = lazy_gettext("X answered with status {status}", status=503)
    for error in (UserError(problem), ServiceError("x", problem)):
        assert str(error) == "X answered with status 503"
        assert translator(Language.SPANISH).gettext(error.text) == "X respondió con el estado 503"
