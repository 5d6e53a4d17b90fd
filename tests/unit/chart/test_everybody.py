"""Every account of a chart is named on its picture with its figure, and no name there may stand for two."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from random import Random
from statistics import median

import pytest

from pipeline.chart.caption import caption
from pipeline.chart.number_format import short
from pipeline.chart.parts.metrics import MAX_HEIGHT, MIN_HEIGHT, SQUARE_HEIGHT
from pipeline.i18n import translator
from pipeline.records import ChartRow, Language, View
from tests.unit.chart.made import NOW, chart, row
from tests.unit.chart.test_layout import drawn, letters, words

AMOUNTS = (1, 2, 5, 7, 10, 11, 27, 50, 100)
LENGTHS = (1, 15, 50)
KINDS = ("plain", "notes", "hours", "middle", "end")
NOTES = (None, None, "as of 23 Sept 14:05 UTC", "suspended, as of 23 Nov", "protected")


def accounts(amount: int, length: int, kind: str) -> list[ChartRow]:
    """Names of one length, by their kind of any letters or of equal ones but for a number; some have no posts."""
    chance, rows = Random(amount * length), []
    for number in range(amount):
        note = NOTES[number % len(NOTES)] if kind != "plain" else None
        if kind == "hours":
            note = f"as of {1 + number % 28} Nov {number % 24:02}:{number % 60:02} UTC"
        values = [] if note == "protected" else [int(chance.lognormvariate(6, 2)) for _ in range(7)]
        rows.append(row(_name(chance, number, length, kind), values, note))
    return rows


def _name(chance: Random, number: int, length: int, kind: str) -> str:
    mark = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"[number % 52] if length == 1 else f"{number:03}"
    if length == 1:
        return mark * (1 + number // 52)
    if kind == "middle":
        return "W" * ((length - 3) // 2) + mark + "W" * (length - 3 - (length - 3) // 2)
    if kind == "end":
        return "W" * (length - 3) + mark
    return "".join(chance.choices("abcdefghijklmnopqrstuvwxyz_ABMW", k=length - 3)) + mark


def tokens(told: Sequence[str]) -> dict[str, list[str]]:
    """What stands for each name, and the words after it in its own piece or in the next."""
    found: dict[str, list[str]] = {}
    for line in told:
        pieces = line.split(" ")
        for place, piece in enumerate(pieces):
            if piece.startswith("@"):
                name, *figures = piece.rstrip(",").split("\N{NO-BREAK SPACE}")
                found.setdefault(name, []).extend(figures or pieces[place + 1 : place + 2])
    return found


def may_be(token: str, name: str) -> bool:
    """Whether the name can be shortened to this."""
    start, *middle, end = token.split("…") if "…" in token else (token, token)
    if "…" not in token:
        return token == name
    fits = len(name) >= len(start) + len(end) and name.startswith(start) and name.endswith(end)
    return fits and all(part in name for part in middle)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("view", View)
@pytest.mark.parametrize(("kind", "length"), [*product(KINDS, LENGTHS[1:]), ("notes", 1)])
@pytest.mark.parametrize("amount", AMOUNTS)
def test_each_account_is_named_and_can_be_told_from_all_others(
    amount: int, length: int, kind: str, view: View, language: Language
) -> None:
    rows = accounts(amount, length, kind)
    page = drawn(chart(*rows, view=view, language=language))
    found, names = tokens(words(page)), [f"@{each.handle}" for each in rows]
    assert len(set(names)) == amount
    assert [name for name in names if not any(may_be(token, name) for token in found)] == []
    assert [token for token in found if sum(may_be(token, name) for name in names) != 1] == []
    assert MIN_HEIGHT <= page.height <= (SQUARE_HEIGHT if amount <= 10 else MAX_HEIGHT)
    boxes = letters(page)
    assert boxes.inside(40, 16, 1240, page.height - 16)
    assert [word for word, one in zip(words(page), boxes.sides, strict=True) if boxes.touching(one) > 1] == []


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("amount", [12, 27, 50, 100])
@pytest.mark.parametrize("view", View)
def test_an_account_that_is_not_drawn_has_its_figure(view: View, amount: int, language: Language) -> None:
    data = chart(*accounts(amount, 15, "plain"), view=view, language=language)
    told = words(drawn(data))
    pieces = {piece.strip(",") for line in told for piece in line.split(" ") if "\N{NO-BREAK SPACE}" in piece}
    named = [tuple(piece.split("\N{NO-BREAK SPACE}", 1)) for piece in pieces]
    for each in data.rows:
        value = median(each.values) if view in {View.SPREAD, View.POSTS} else each.total or 0
        sign = "+" if view is View.GROWTH and value > 0 else ""
        figure = sign + short(value, language).replace(" ", "\N{NO-BREAK SPACE}")
        is_drawn = any(may_be(word, f"@{each.handle}") for word in told)
        assert is_drawn or [shown for name, shown in named if may_be(name, f"@{each.handle}")] == [figure]


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("amount", [27, 50])
@pytest.mark.parametrize("view", View)
def test_names_of_a_usual_length_are_not_shortened_where_they_are_not_drawn(
    view: View, amount: int, language: Language
) -> None:
    rows = [
        replace(each, handle=f"account_{number:06}"[:15]) for number, each in enumerate(accounts(amount, 15, "plain"))
    ]
    told = words(drawn(chart(*rows, view=view, language=language)))
    assert not any("…" in line for line in told if "@" in line and " " in line)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("amount", AMOUNTS)
def test_the_caption_says_how_many_more_the_picture_names(amount: int, length: int, language: Language) -> None:
    rows = accounts(amount, length, "notes")
    lines = caption(chart(*rows, language=language)).splitlines()
    named = [line for line in lines if "@" in line]
    text = "and {count} more in the picture"
    more = translator(language).ngettext(text, text, amount - len(named))
    assert (more in lines) is (len(named) < amount)
    assert lines[-1].endswith(f"{NOW:%Y %H:%M} UTC")
