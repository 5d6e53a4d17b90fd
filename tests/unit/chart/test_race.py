"""The race as it is drawn: bars that mean what their numbers say, and words beside them."""

from itertools import combinations, pairwise

import pytest

from pipeline.chart.paint.marks import Bars, Box, Text
from pipeline.chart.paint.page import WIDTH, Page
from pipeline.chart.paint.raster import paint
from pipeline.chart.paint.theme import COLOURS
from pipeline.chart.paint.typesetting import TEXT_PX
from pipeline.chart.render import draw as draw_view
from pipeline.chart.views.race.rows import MIN_BAR
from pipeline.records import ChartData, ChartRow, Language, Normalization, Theme, View
from tests.unit.chart.boxes import text_box
from tests.unit.chart.made import EXTREMES, LONGEST, WIDEST, chart, crowd, row

CASES = EXTREMES | {
    f"{amount} accounts": [*crowd(amount - 1), row(LONGEST, [3] * 90, "as of 23 Sept 14:05 UTC")]
    for amount in (1, 2, 3, 5, 10, 11, 16, 25, 26, 60)
}


def drawn(*rows: ChartRow, normalization: Normalization = Normalization.COUNT, theme: Theme = Theme.LIGHT) -> Page:
    return drawn_of(chart(*rows, view=View.RACE, normalization=normalization, theme=theme))


def drawn_of(data: ChartData) -> Page:
    page = draw_view(data)
    paint(page)
    return page


def texts(page: Page) -> list[Text]:
    return [mark for mark in page.marks if isinstance(mark, Text) and mark.text]


def words(page: Page) -> list[str]:
    return [text.text for text in texts(page)]


def handles(page: Page) -> list[str]:
    return [word for word in words(page) if word.startswith("@")]


def bars(page: Page) -> list[Box]:
    """From the top."""
    return [box for mark in page.marks if isinstance(mark, Bars) for box in mark.boxes]


def lengths(page: Page) -> list[float]:
    return [right - left for left, _, right, _ in bars(page)]


def overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


@pytest.mark.parametrize("theme", Theme)
@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("rows", CASES.values(), ids=CASES)
def test_texts_and_bars_are_inside_the_picture_and_apart(
    rows: list[ChartRow], language: Language, theme: Theme
) -> None:
    page = drawn_of(chart(*rows, view=View.RACE, theme=theme, language=language))
    boxes = [*(text_box(text) for text in texts(page)), *bars(page)]
    assert all(x0 >= 40 and x1 <= WIDTH - 40 and y0 >= 0 and y1 <= page.height - 16 for x0, y0, x1, y1 in boxes)
    assert not [pair for pair in combinations(boxes, 2) if overlap(*pair)]
    assert min(text.style.size for text in texts(page)) >= TEXT_PX
    assert 720 <= page.height <= (1280 if len(rows) <= 26 else 2240)


@pytest.mark.parametrize("amount", [2, 5, 10, 11, 25])
def test_bars_start_at_one_line_and_are_as_long_as_their_totals(amount: int) -> None:
    totals = [1000 - 30 * number for number in range(amount)]
    page = drawn(*(row(f"a{number:02}", [1], total=total) for number, total in enumerate(totals)))
    assert len({left for left, *_ in bars(page)}) == 1
    for (length, next_length), (total, next_total) in zip(pairwise(lengths(page)), pairwise(totals), strict=True):
        assert length / next_length == pytest.approx(total / next_total, rel=0.02)


def test_the_highest_total_stands_at_the_top_and_an_unknown_one_last_without_a_bar() -> None:
    page = drawn(row("none", (), "protected"), row("low", [1]), row("high", [9, 9]))
    assert handles(page) == ["@high", "@low", "@none"]
    assert len(bars(page)) == 2
    assert "protected" in words(page)


def test_a_total_of_zero_is_a_hairline_and_its_number() -> None:
    page = drawn(row("some", [500]), row("zero", [0, 0]))
    assert lengths(page)[1] == MIN_BAR
    assert "0" in words(page)


@pytest.mark.parametrize("amount", [2, 12])
def test_a_bar_has_its_accounts_colour_whatever_its_rank(amount: int) -> None:
    page = drawn(*(row(f"a{number:02}", [number]) for number in range(amount)))
    colours = COLOURS[Theme.LIGHT]
    shown = {text.text: text.style.colour for text in texts(page)}
    assert [shown[f"@a{number:02}"] for number in range(amount)] == [colours.account(n) for n in range(amount)]


@pytest.mark.parametrize("amount", [1, 3, 12])
def test_a_stale_account_is_grey_and_says_since_when_and_of_how_many_posts(amount: int) -> None:
    page = drawn(
        row("late", [9] * 60, "as of 23 Sept 14:05 UTC"), *(row(f"a{n}", [1] * 100) for n in range(amount - 1))
    )
    shown = {text.text: text.style.colour for text in texts(page)}
    assert shown["@late"] == COLOURS[Theme.LIGHT].muted
    assert any(word.endswith("n=60 · as of 23 Sept 14:05 UTC") for word in words(page))


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        (140, 100, "1.4 times @b"),
        (5000, 2, "2,500 times @b"),
        (105, 100, "5 ahead of @b"),
        (100, 100, "level with @b"),
        (0, 0, None),
        (7, 0, None),
    ],
)
def test_the_lead_is_told_in_words(first: int, second: int, said: str | None) -> None:
    page = drawn(row("a", [1] * 100, total=first), row("b", [1] * 100, total=second))
    assert [word for word in words(page) if "@b" in word and word != "@b"] == ([said] if said else [])


def test_no_lead_is_told_over_or_by_a_stale_account() -> None:
    told = words(drawn(row("a", [9] * 100), row("b", [1] * 100, "as of 23 Sept 14:05 UTC")))
    assert not [word for word in told if "times" in word]


def test_one_account_is_its_number_and_what_a_post_has() -> None:
    page = drawn(row(WIDEST, [37] * 84 + [317]))
    assert bars(page) == []
    assert {f"@{WIDEST}", "3,425", "per post: median 37 · top 317 · n=85"} <= set(words(page))


@pytest.mark.parametrize(
    ("normalization", "title", "reading"),
    [
        (Normalization.COUNT, "Retweets in total", "the sum of these posts"),
        (Normalization.RATE, "Retweets per 1,000 views", "these posts together"),
        (Normalization.DAILY, "Retweets per day", "since the oldest of these posts, at least a day"),
    ],
)
def test_the_head_says_what_the_total_is(normalization: Normalization, title: str, reading: str) -> None:
    told = words(drawn(row("a", [1]), normalization=normalization))
    assert told[0] == title
    assert told[2] == f"reposts left out · {reading}"


def test_twenty_five_accounts_have_a_line_each_and_the_others_are_named() -> None:
    assert len(handles(drawn(*crowd(25)))) == 25
    page = drawn(*(row(f"a{number:02}", [100 - number]) for number in range(27)))
    assert len(handles(page)) == 24
    figures = (f"@a{number}\N{NO-BREAK SPACE}{100 - number}" for number in range(24, 27))
    assert f"not drawn, total: {', '.join(figures)}" in words(page)


def test_bars_do_not_move_because_a_number_has_one_digit_more() -> None:
    before, after = (drawn(row("a", [1], total=total), row("b", [1], total=90)) for total in (99, 100))
    assert lengths(before)[1] == lengths(after)[1]
