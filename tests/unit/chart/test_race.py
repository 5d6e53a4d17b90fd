"""The race as it is drawn: bars that mean what their numbers say, and words beside them."""

from dataclasses import replace
from itertools import combinations, pairwise

import pytest

from pipeline.chart.paint.marks import Bars, Box, Text
from pipeline.chart.paint.page import WIDTH, Page
from pipeline.chart.paint.raster import paint
from pipeline.chart.paint.theme import COLOURS
from pipeline.chart.paint.typesetting import TEXT_PX
from pipeline.chart.parts.frame import foot_height, note_lines
from pipeline.chart.render import draw as draw_view
from pipeline.chart.views.race.rows import MIN_BAR
from pipeline.records import ChartData, ChartRow, Language, Normalization, Theme, View
from tests.unit.chart.boxes import text_box
from tests.unit.chart.made import EXTREMES, LONGEST, WIDEST, chart, crowd, mixed, row

COLOURED = {colour for theme in COLOURS.values() for colour in (theme.muted, *theme.accounts)}
CASES = EXTREMES | {
    f"{amount} accounts": [*crowd(amount - 1), row(LONGEST, [3] * 90, "as of 23 Sept 14:05 UTC")]
    for amount in (1, 2, 5, 10, 11)
}
MIXED = {f"{amount} of several networks": mixed(amount) for amount in (2, 5, 10)}


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
    return [word for word in words(page) if word.startswith("@") and " " not in word]


def bars(page: Page) -> list[Box]:
    """Those of the totals, from the top."""
    return [box for box, colour in coloured_bars(page) if colour in COLOURED]


def coloured_bars(page: Page) -> list[tuple[Box, str]]:
    return [(box, mark.colour) for mark in page.marks if isinstance(mark, Bars) for box in mark.boxes]


def lengths(page: Page) -> list[float]:
    return [right - left for left, _, right, _ in bars(page)]


def overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("rows", (CASES | MIXED).values(), ids=CASES | MIXED)
def test_texts_and_bars_are_inside_the_picture_and_apart(rows: list[ChartRow], language: Language) -> None:
    data = chart(*rows, view=View.RACE, language=language)
    page = drawn_of(data)
    boxes = [*(text_box(text) for text in texts(page)), *bars(page)]
    assert all(x0 >= 40 and x1 <= WIDTH - 40 and y0 >= 0 and y1 <= page.height - 16 for x0, y0, x1, y1 in boxes)
    assert not [pair for pair in combinations(boxes, 2) if overlap(*pair)]
    assert min(text.style.size for text in texts(page)) >= TEXT_PX
    notes_px = foot_height(len(note_lines(data)))
    assert 540 <= page.height <= 1400 + notes_px


@pytest.mark.parametrize("amount", [2, 10])
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


def test_a_bar_has_its_accounts_colour_whatever_its_rank() -> None:
    amount = 9
    page = drawn(*(row(f"a{number:02}", [number]) for number in range(amount)))
    colours = COLOURS[Theme.LIGHT]
    shown = {text.text: text.style.colour for text in texts(page)}
    assert [shown[f"@a{number:02}"] for number in range(amount)] == [colours.account(n) for n in range(amount)]


@pytest.mark.parametrize("amount", [1, 3])
def test_a_stale_account_is_grey_and_says_since_when_and_of_how_many_posts(amount: int) -> None:
    page = drawn(
        row("late", [9] * 60, "as of 23 Sept 14:05 UTC"), *(row(f"a{n}", [1] * 100) for n in range(amount - 1))
    )
    shown = {text.text: text.style.colour for text in texts(page)}
    assert shown["@late"] == COLOURS[Theme.LIGHT].muted
    assert any(word.startswith("60 posts in 14 days · as of 23 Sept 14:05 UTC") for word in words(page))


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
    told = [word for word in words(page)[1:] if "@b" in word and word != "@b"]
    assert [word.split(" · ")[-1] for word in told] == ([said] if said else [])


def test_no_lead_is_told_over_or_by_a_stale_account() -> None:
    told = words(drawn(row("a", [9] * 100), row("b", [1] * 100, "as of 23 Sept 14:05 UTC")))
    assert not [word for word in told if "times" in word]


def test_one_account_is_its_number_and_what_a_post_has_on_a_low_page() -> None:
    page = drawn(row(WIDEST, [37] * 84 + [317]))
    assert {"3,425", "no reposts · no replies · per post: median 37 · best 317"} <= set(words(page))
    assert "85 posts in 19 days" in " ".join(words(page))
    assert page.height < drawn(row("a", [1]), row("b", [1])).height


def test_the_best_posts_part_of_a_bar_is_pale_and_its_share_is_told() -> None:
    page = drawn(row("lucky", [555, *[31] * 9]), row("steady", [31] * 10))
    (whole, _), (best, _) = coloured_bars(page)[:2]
    assert (best[2] - best[0]) / (whole[2] - whole[0]) == pytest.approx(555 / 834, abs=0.01)
    assert best[2] == whole[2]
    assert "10 posts in 3 days · ahead by one post: 67%" in words(page)
    assert not [word for word in words(page) if "times" in word]


def test_the_best_posts_share_is_told_where_it_has_no_room_that_it_makes_the_lead() -> None:
    others = [row(f"steady{number}", [31] * 10) for number in range(4)]
    page = drawn(row("BinodKChaudhary.np", [555, *[31] * 9]), *others)
    assert "10 posts in 3 days · best post 67%" in words(page)


def test_totals_of_different_periods_are_not_compared_in_words() -> None:
    long, short = row("a", [9] * 100), row("b", [8] * 20)
    assert not [word for word in words(drawn(long, short)) if "times" in word]
    rates = [replace(each, total=total) for each, total in ((long, 40), (short, 20))]
    assert [word for word in words(drawn(*rates, normalization=Normalization.DAILY)) if "2 times @b" in word]


@pytest.mark.parametrize(
    ("normalization", "title", "reading"),
    [
        (Normalization.COUNT, "Retweets in total", "bar: all these posts together"),
        (Normalization.RATE, "Retweets per 1,000 views", "bar: all these posts together"),
        (Normalization.FOLLOWERS, "Retweets per 1,000 followers", "bar: all these posts together"),
        (Normalization.DAILY, "Retweets per day", "bar: per day since the oldest post"),
    ],
)
def test_the_head_says_what_the_total_is(normalization: Normalization, title: str, reading: str) -> None:
    told = words(drawn(row("a", [1]), normalization=normalization))
    assert told[1] == f"{title} · last 100 posts · 23 Nov 15:20 UTC" if title in told[1] else told[0] == title
    assert reading in told


def test_bars_do_not_move_because_a_number_has_one_digit_more() -> None:
    before, after = (drawn(row("a", [1], total=total), row("b", [1], total=90)) for total in (99, 100))
    assert lengths(before)[1] == lengths(after)[1]
