"""The post-by-post view: what it says and where, for one account, a few and many."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import combinations, pairwise
from typing import Any

import pytest

from pipeline.chart.paint.marks import Bars, Box, Dots, Line, Text
from pipeline.chart.paint.page import WIDTH, Page
from pipeline.chart.paint.raster import paint
from pipeline.chart.paint.theme import COLOURS, blend
from pipeline.chart.parts.labels import stack
from pipeline.chart.render import draw as draw_view
from pipeline.records import ChartRow, Language, Normalization, Theme, View
from tests.unit.chart.boxes import text_box
from tests.unit.chart.made import EXTREMES, LONGEST, NOW, WIDEST, chart, crowd, row

LIGHT = COLOURS[Theme.LIGHT]
CASES: dict[str, list[ChartRow]] = EXTREMES | {
    f"{amount} accounts": [*crowd(amount - 1), row(WIDEST, [3] * 90, "as of 23 Sept 14:05 UTC")]
    for amount in (1, 2, 5, 6, 10)
}
CASES["long names"] = [row(f"{number}{LONGEST}", [number, 12_345] * 40, youngest_h=1) for number in range(9)]
CASES["few drawn, many named"] = [
    *(row(WIDEST, [5, 12_345] * 30, "as of 23 Sept 14:05 UTC", youngest_h=1) for _ in range(5)),
    *(row(LONGEST, (), "no such account any more") for _ in range(5)),
]


def draw(*rows: ChartRow, **spec: Any) -> Page:
    page = draw_view(chart(*rows, view=View.POSTS, **spec))
    paint(page)
    return page


def texts(page: Page) -> dict[str, Text]:
    return {found.text: found for found in page.marks if isinstance(found, Text)}


def lines(page: Page, colour: str) -> list[list[tuple[float, float]]]:
    """The corners of the lines of a colour that have some."""
    return [
        list(mark.points) for mark in page.marks if isinstance(mark, Line) and mark.points and mark.colour == colour
    ]


def dots(page: Page) -> list[list[tuple[float, float]]]:
    return [list(mark.points) for mark in page.marks if isinstance(mark, Dots) and mark.points]


def overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def boxes(page: Page) -> list[tuple[str, Box]]:
    return [(mark.text, text_box(mark)) for mark in page.marks if isinstance(mark, Text) and mark.text]


def marks(page: Page) -> list[Box]:
    """The boxes of all dots, rings, bars and corners of lines."""
    corners = [
        (x - reach, y - reach, x + reach, y + reach)
        for mark in page.marks
        if isinstance(mark, Line | Dots)
        for reach in [(mark.size if isinstance(mark, Dots) else mark.width) / 2]
        for x, y in mark.points
        if x == x  # noqa: PLR0124 not a number: an interruption
    ]
    return corners + [box for mark in page.marks if isinstance(mark, Bars) for box in mark.boxes]


def outside(page: Page) -> list[str]:
    """The text that leaves the picture, and whether a mark does."""
    left = [
        words
        for words, (x0, y0, x1, y1) in boxes(page)
        if x0 < 40 or x1 > WIDTH - 40 or y0 < 16 or y1 > page.height - 16
    ]
    return left + ["a mark" for mark in marks(page) if mark[0] < 20 or mark[2] > WIDTH - 20]


def covered(page: Page) -> list[str]:
    """The text that other text or a mark lies on."""
    texts_and_boxes, all_marks = boxes(page), marks(page)
    pairs = [f"{one} / {other}" for (one, a), (other, b) in combinations(texts_and_boxes, 2) if overlap(a, b)]
    return pairs + [words for words, box in texts_and_boxes if any(overlap(box, mark) for mark in all_marks)]


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("rows", CASES.values(), ids=CASES)
def test_all_is_inside_the_picture_and_nothing_covers_text(rows: list[ChartRow], language: Language) -> None:
    page = draw(*rows, language=language)
    assert outside(page) == []
    assert covered(page) == []


def test_one_account_takes_the_whole_width_and_tells_its_best_post_and_its_median() -> None:
    page = draw(row("nasa", [4, *[7] * 30, 317, *[8] * 20]))
    told = texts(page)
    assert {"@nasa", "median 7 · 52 posts", "7"} <= set(told)
    best = next(text for words, text in told.items() if words.startswith("best 317 · "))
    all_dots = dots(page)[0]
    x, y = min(all_dots, key=lambda dot: dot[1])
    left, _, right, bottom = text_box(best)
    assert left < x < right
    assert 0 < y - bottom < 40
    assert max(x for x, _ in all_dots) > WIDTH - 150


def test_up_to_five_accounts_share_a_drawing_and_more_have_panels_of_their_own() -> None:
    five, six = draw(*crowd(5, youngest_h=30)), draw(*crowd(6, youngest_h=30))
    assert not [words for words in texts(five) if "grey lines" in words]
    assert [words for words in texts(six) if "grey lines: the other accounts" in words]
    assert len({round(points[0][0]) for points in dots(five)}) == 1
    assert len({round(points[0][0]) for points in dots(six)}) == 2


def test_panels_share_one_axis_and_show_the_other_lines_behind() -> None:
    page = draw(*(row(f"a{number}", [10**number] * 50) for number in range(6)), count=50)
    numbers = {number: dots(page)[2 * number] for number in range(6)}
    (behind,) = lines(page, blend(LIGHT.muted, LIGHT.paper, 0.4))
    assert len(dots(page)) == 12
    assert sum(1 for x, _ in behind if x != x) == 6 * 5  # noqa: PLR0124 not a number: an interruption
    assert {"@a5", "100k", "@a0", "1"} <= set(texts(page))
    steps = {round(numbers[number][0][1] - numbers[number + 1][0][1]) % 10**3 for number in (0, 2, 4)}
    assert len(steps) == 1


def test_a_panel_tells_the_median_and_how_many_posts_if_fewer_than_asked() -> None:
    told = texts(draw(row("few", [12] * 30), *(row(f"all{number}", [9] * 100) for number in range(5))))
    assert {"@few", "12 · 30 posts", "9"} <= set(told)


def test_accounts_without_posts_are_named_with_their_reason() -> None:
    told = texts(draw(row("fine", [1] * 20), row("none", (), "protected"), row("empty", ())))
    assert "not drawn, no posts: @empty · protected: @none" in told


def test_a_series_that_is_shorter_begins_with_a_stop() -> None:
    page = draw(row("long", [9] * 100), row("short", [3] * 40))
    stops = [points for points in lines(page, LIGHT.account(1)) if len(points) == 2 and points[0][0] == points[1][0]]
    assert len(stops) == 1
    assert "median 3 · 40 posts" in texts(page)
    assert not [points for points in lines(page, LIGHT.account(0)) if len(points) == 2 and points[0][0] == points[1][0]]


def test_equal_counts_of_several_accounts_are_stacked_and_none_hides_another() -> None:
    one, other = dots(draw(row("a", [0] * 50), row("b", [0] * 50)))[:2]
    assert {x for x, _ in one} == {x for x, _ in other}
    assert {y for _, y in one}.isdisjoint({y for _, y in other})


def test_the_newest_post_is_at_the_right_and_lines_end_there() -> None:
    page = draw(row("a", [900, *[4] * 99]), row("b", [3] * 100))
    newest, *others = dots(page)[0]
    assert all(newest[0] > x and newest[1] < y for x, y in others)
    for account in range(2):
        path = max(lines(page, LIGHT.account(account)), key=len)
        assert path[0][0] == newest[0]


def test_the_legend_tells_the_windows_of_the_lines() -> None:
    assert "one dot = one post · line: median of 21 posts in a row" in texts(draw(row("a", [1] * 100)))
    two = texts(draw(row("a", [1] * 100), row("b", [1] * 800), count=800))
    assert "one dot = one post · line: median of 21–101 posts in a row" in two
    assert "one dot = one post" in texts(draw(row("a", [1] * 7)))


def test_posts_stand_at_their_times() -> None:
    hours = (30, 40, 130)
    times = tuple(NOW - timedelta(hours=ago) for ago in hours)
    page = draw(ChartRow("a", (5, 6, 7), times, total=18))
    (newest, middle, oldest) = (x for x, _ in dots(page)[0])
    assert (newest - middle) / (newest - oldest) == pytest.approx(10 / 100, abs=0.001)
    assert {"18 Nov", "22 Nov"} <= set(texts(page))


def test_one_account_that_posts_seldom_does_not_squeeze_the_others() -> None:
    often = [row(name, [3] * 48) for name in "ab"]
    seldom = ChartRow("c", (4,) * 48, tuple(NOW - timedelta(days=30 * ago + 2) for ago in range(48)), total=192)
    page = draw(*often, seldom)
    assert [word for word in texts(page) if "older posts" in word] == [
        "no reposts · no replies · log scale · 46 older posts"
    ]
    assert [found for found in dots(page) if len(found) == 2]
    left, right = min(x for x, _ in dots(page)[1]), max(x for x, _ in dots(page)[1])
    assert right - left > 150


def test_one_post_far_above_the_others_is_told_and_pointed_at() -> None:
    page = draw(row("viral", [*range(50), 3_000_000, *range(49)]), row("other", range(100)))
    assert "3M" not in texts(page)
    assert [word for word in texts(page) if "best 3M" in word]
    chevrons = [points for points in lines(page, LIGHT.account(0)) if len(points) == 3 and points[0][1] > points[1][1]]
    assert len(chevrons) == 1


def test_rates_are_drawn_on_their_own_axis() -> None:
    rates = [0.02, 0.4, 0.07] * 20
    told = texts(draw(row("a", rates), row("b", rates[::-1]), normalization=Normalization.RATE))
    assert [word for word in told if word.startswith("Retweets per 1,000 views")]
    assert "median 0.07 · 60 posts" in told


def test_thousands_of_posts_are_thinned_but_all_of_the_span_is_covered() -> None:
    values = [number * 7919 % 500 for number in range(3200)]
    found = dots(draw(row("a", values), count=3200))[0]
    xs = sorted(x for x, _ in found)
    assert len(found) < 3200
    assert max(right - left for left, right in pairwise(xs)) < 8


def closest(tops: Sequence[float], heights: Sequence[float]) -> bool:
    blocks = sorted(zip(tops, heights, strict=True))
    return all(top + height <= following for (top, height), (following, _) in pairwise(blocks))


def test_labels_stay_where_they_belong_unless_they_would_touch() -> None:
    assert stack([300, 100], [50, 50], 0, 500) == [300, 100]
    assert stack([110, 100, 480], [50, 50, 50], 0, 500) == [150, 100, 450]
    assert closest(stack([490, 490, 490, 12], [50, 60, 70, 20], 0, 500), [50, 60, 70, 20])
