"""Every language has all texts of the code and no others, and no sentence stands outside the catalogues."""

import ast
from datetime import UTC, datetime
from decimal import Decimal
from gettext import NullTranslations
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.pofile import read_po
from pydantic import TypeAdapter

from pipeline import clock
from pipeline.errors import ServiceError, UserError
from pipeline.i18n import (
    CATALOGUES,
    METRICS,
    Translator,
    lazy_gettext,
    lazy_ngettext,
    read_catalogue,
    translator,
)
from pipeline.records import Language, LazyString, Metric
from pipeline.sources.registry import noun
from tests import catalogues
from tests.conftest import ROOT

IN_CATALOGUES = [each for each in Language if each is not Language.ENGLISH]
BOT = ROOT / "bot"
SPEAKING = [path for path in sorted(BOT.rglob("*.py")) if catalogues.marked(path)]
"""The modules that write to people; the rest of the bot writes logs and reads Telegram's own texts."""
LONGEST_ALERT = 200
POLISH = r"""
msgid ""
msgstr ""
"Language: pl\n"
"Content-Type: text/plain; charset=utf-8\n"
"Plural-Forms: nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);\n"

msgid "last post"
msgid_plural "last {count:number} posts"
msgstr[0] "ostatni post"
msgstr[1] "ostatnie {count:number} posty"
msgstr[2] "ostatnich {count:number} postów"

msgid "{what}, likes"
msgstr "{what}, polubienia"
"""
LAST_POSTS = "last post", "last {count:number} posts"


def fields(text: str) -> set[tuple[str, str | None]]:
    """The fields and how each is written."""
    return {(name, spec) for _, name, spec, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("language", IN_CATALOGUES)
def test_a_catalogue_has_every_text_with_its_fields_and_no_other(language: Language) -> None:
    catalogue = catalogues.read(CATALOGUES / f"{language}.po")
    assert catalogues.all_marked() - catalogue.keys() == set()
    assert catalogue.keys() - catalogues.all_marked() == set()
    for english, forms in catalogue.items():
        assert all(forms), english
        assert all(fields(form) in [fields(each) for each in english] for form in forms), english


@pytest.mark.parametrize("language", IN_CATALOGUES)
def test_a_catalogue_has_as_many_forms_of_each_plural_as_its_rule_tells_apart(language: Language) -> None:
    with (CATALOGUES / f"{language}.po").open("rb") as file:
        amount = read_po(file).num_plurals
    catalogue = catalogues.read(CATALOGUES / f"{language}.po")
    assert {len(forms) for english, forms in catalogue.items() if len(english) > 1} == {amount}


def test_a_text_with_a_count_has_a_plural() -> None:
    """In a text with several figures, {count} is the one that the words depend on; a label ends before its figure."""
    singular = {text for text in catalogues.all_marked() if len(text) == 1}
    assert [text for text in singular if "count" in {name for name, _ in fields(text[0])}] == []


@pytest.mark.parametrize("path", SPEAKING, ids=lambda path: path.stem)
def test_no_sentence_stands_outside_what_is_marked(path: Path) -> None:
    exempt = {id(node) for call in calls(path) if catalogues.called(call).startswith("log.") for node in ast.walk(call)}
    exempt |= {id(text) for call in calls(path) for text in catalogues.literals(call)}
    exempt |= {id(option.value) for call in calls(path) for option in call.keywords if option.arg == "callback_data"}
    exempt |= {id(node.value) for node in ast.walk(catalogues.tree(path)) if isinstance(node, ast.Expr)}
    outside = [node for node in ast.walk(catalogues.tree(path)) if id(node) not in exempt]
    assert [text for node in outside if (text := sentence(node))] == []


def calls(path: Path) -> list[ast.Call]:
    return list(catalogues.calls(path))


def sentence(node: ast.AST) -> str | None:
    """A string of two words or more."""
    text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
    return text if len([word for word in text.split() if word.strip("…,.:;").isalpha()]) > 1 else None


@pytest.mark.parametrize("language", Language)
def test_the_answer_to_a_press_fits_into_an_alert(language: Language) -> None:
    """The id of a chat and the mark of a log are at most 10 longer than their fields."""
    catalogue = {} if language is Language.ENGLISH else catalogues.read(CATALOGUES / f"{language}.po")
    alerts = {text for path in SPEAKING if path.parent == BOT for text in catalogues.marked(path)}
    forms = [form for text in alerts for form in catalogue.get(text, text)]
    assert [form for form in forms if len(form) > LONGEST_ALERT - 10] == []


def test_every_metric_has_a_name() -> None:
    assert set(METRICS) == set(Metric)
    assert translator(Language.SPANISH).gettext(noun(Metric.REPOSTS, ["x"])) == "retuits"
    assert translator(Language.ENGLISH).listed(["a", "b", "c"]) == "a, b and c"
    assert translator(Language.SPANISH).listed(["a", "b", "c"]) == "a, b y c"
    assert translator(Language.SPANISH).listed(["a", "b", "c"], "or") == "a, b o c"


BUDGET = lazy_gettext(
    "{what} {names} {cost:usd} {length:number} {id} {until:moment} {until:second}",
    what=METRICS[Metric.REPLIES],
    names=["@a", lazy_ngettext("{count} more", "{count} more", 2)],
    cost=Decimal("1.3"),
    length=5000,
    id=-1005001,
    until=datetime(clock.now().year, 1, 4, 5, 6, 7, tzinfo=UTC),
)


@pytest.mark.parametrize(
    ("language", "written"),
    [
        (Language.ENGLISH, "replies @a and 2 more $1.30 5,000 -1005001 4 Jan 05:06 UTC 4 Jan 05:06:07 UTC"),
        (Language.SPANISH, "respuestas @a y 2 más 1,30\xa0US$ 5.000 -1005001 4 ene 05:06 UTC 4 ene 05:06:07 UTC"),
    ],
)
def test_a_text_is_written_as_its_fields_say_also_after_it_was_stored(language: Language, written: str) -> None:
    assert translator(language).gettext(BUDGET) == translator(language).gettext(stored(BUDGET)) == written


def stored(text: LazyString) -> LazyString:
    """The text as the database gives it back."""
    texts = TypeAdapter(LazyString)
    return texts.validate_json(texts.dump_json(text))


@pytest.mark.parametrize(
    ("count", "english", "spanish", "polish"),
    [
        (1, "last post", "última publicación", "ostatni post"),
        (2, "last 2 posts", "últimas 2 publicaciones", "ostatnie 2 posty"),
        (5, "last 5 posts", "últimas 5 publicaciones", "ostatnich 5 postów"),
        (12, "last 12 posts", "últimas 12 publicaciones", "ostatnich 12 postów"),
        (22, "last 22 posts", "últimas 22 publicaciones", "ostatnie 22 posty"),
        (3200, "last 3,200 posts", "últimas 3.200 publicaciones", "ostatnich 3,200 postów"),
    ],
)
def test_a_count_takes_the_form_that_each_language_has_for_it(
    count: int, english: str, spanish: str, polish: str, tmp_path: Path
) -> None:
    (tmp_path / "pl.po").write_text(POLISH, encoding="utf-8")
    third = Translator(Language.ENGLISH, read_catalogue(tmp_path / "pl.po"), "UTC")
    text = lazy_ngettext(*LAST_POSTS, count)
    for each, written in (
        (translator(Language.ENGLISH), english),
        (translator(Language.SPANISH), spanish),
        (third, polish),
    ):
        assert each.ngettext(*LAST_POSTS, count) == each.gettext(text) == each.gettext(stored(text)) == written
    inside = lazy_gettext("{what}, likes", what=text)
    assert third.gettext(stored(inside)) == f"{polish}, polubienia"


def test_what_no_catalogue_has_is_written_in_english() -> None:
    bare = Translator(Language.SPANISH, NullTranslations(), "UTC")
    assert bare.gettext("likes") == "likes"
    assert bare.ngettext(*LAST_POSTS, 2) == "last 2 posts"
    assert translator(Language.SPANISH).gettext(LazyString("", {})) == ""


def test_an_error_is_told_in_the_language_of_who_is_told_and_logged_in_english() -> None:
    problem = lazy_gettext("{network} is not working right now (error {status})", network="X", status=503)
    for error in (UserError(problem), ServiceError("x", problem)):
        assert str(error) == "X is not working right now (error 503)"
        assert translator(Language.SPANISH).gettext(error.text) == "X no funciona ahora mismo (error 503)"
