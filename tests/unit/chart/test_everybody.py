"""Every account of a chart is named on one of its pages, and no name there may stand for two."""

import re
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from statistics import median

import pytest

from pipeline.chart.caption import caption
from pipeline.chart.number_format import short
from pipeline.chart.paint.page import Page
from pipeline.chart.views import PAGE_SIZE, page_count, prepare
from pipeline.records import ChartData, ChartRow, Language, View
from tests.unit.chart.made import NOW, chart, row
from tests.unit.chart.test_layout import drawn, letters, texts, words

AMOUNTS = (1, 7, 27)
KINDS = [("plain", 15), ("notes", 50), ("hours", 15), ("middle", 50), ("end", 50), ("notes", 1)]
PASSED = re.compile("passed|adelantó")
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


def pages(data: ChartData) -> list[ChartData]:
    return [replace(data, spec=replace(data.spec, page=page + 1)) for page in range(page_count(len(data.rows)))]


@pytest.mark.parametrize("view", View)
@pytest.mark.parametrize(("kind", "length"), KINDS)
@pytest.mark.parametrize("amount", AMOUNTS)
def test_each_account_is_named_on_one_page_and_can_be_told_from_all_others(
    amount: int, length: int, kind: str, view: View
) -> None:
    rows = accounts(amount, length, kind)
    data = chart(*rows, view=view, language=Language.SPANISH if amount % 2 else Language.ENGLISH)
    names, found = [f"@{each.handle}" for each in rows], list[str]()
    for number, each in enumerate(pages(data)):
        page = drawn(each)
        told = list(tokens(words_below(page)))
        assert len(told) == min(PAGE_SIZE, amount - PAGE_SIZE * number)
        found += told
        boxes = letters(page)
        assert boxes.inside(40, 16, 1240, page.height - 16)
        assert [word for word, one in zip(words(page), boxes.sides, strict=True) if boxes.touching(one) > 1] == []
    assert [name for name in names if not any(may_be(token, name) for token in found)] == []
    assert [token for token in found if sum(may_be(token, name) for name in names) != 1] == []


def words_below(page: Page) -> list[str]:
    """The words below the head, without sentences on which account passed which."""
    return [text.text for text in texts(page) if text.baseline > page.top and not PASSED.search(text.text)]


@pytest.mark.parametrize("view", View)
def test_pages_share_their_axis_and_the_order_goes_on(view: View) -> None:
    charts = [prepare(each) for each in pages(chart(*accounts(27, 15, "plain"), view=view))]
    assert all((each.layout, each.finding) == (charts[0].layout, charts[0].finding) for each in charts)
    ranked = [entry.sort_value or 0 for each in charts for entry in each.entries]
    assert [len(each.entries) for each in charts] == [10, 10, 7]
    assert ranked == sorted(ranked, reverse=True)
    assert [each.extent for each in charts] == ["accounts 1–10 of 27", "accounts 11–20 of 27", "accounts 21–27 of 27"]


def test_a_page_beyond_the_last_one_is_the_last_one() -> None:
    data = chart(*accounts(11, 15, "plain"))
    last = prepare(replace(data, spec=replace(data.spec, page=7)))
    assert last.extent == "account 11 of 11"
    assert "account 11 of 11" in caption(replace(data, spec=replace(data.spec, page=7))).splitlines()


@pytest.mark.parametrize("view", View)
def test_an_account_that_is_not_drawn_has_its_figure(view: View) -> None:
    data = chart(*accounts(10, 15, "plain"), view=view)
    told = words(drawn(data))
    pieces = {piece.strip(",") for line in told for piece in line.split(" ") if "\N{NO-BREAK SPACE}" in piece}
    named = [tuple(piece.split("\N{NO-BREAK SPACE}", 1)) for piece in pieces]
    for each in data.rows:
        value = median(each.values) if view in {View.SPREAD, View.POSTS} else each.total or 0
        figure = ("+" if view is View.GROWTH and value > 0 else "") + short(value)
        is_drawn = any(may_be(word, f"@{each.handle}") for word in told)
        assert is_drawn or [shown for name, shown in named if may_be(name, f"@{each.handle}")] == [figure]


@pytest.mark.parametrize(("amount", "length"), [(1, 50), (27, 15), (27, 50)])
def test_the_caption_has_a_line_for_each_account_of_the_page_or_says_how_many_more(amount: int, length: int) -> None:
    rows = accounts(amount, length, "notes")
    lines = caption(chart(*rows)).splitlines()
    named = [line for line in lines if "@" in line]
    left_out = min(amount, PAGE_SIZE) - len(named)
    assert (f"and {left_out} more in the picture" in lines) is (left_out > 0)
    assert lines[-1].endswith(f"{NOW:%Y %H:%M} UTC")
