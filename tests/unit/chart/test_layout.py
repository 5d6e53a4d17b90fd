"""What stands where: walks the text and the marks of drawn pages."""

from itertools import combinations
from typing import Any, cast

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from pipeline.chart.frame import GROWING
from pipeline.chart.page import TEXT, WIDTH, Page
from pipeline.chart.picture import VIEWS
from pipeline.chart.posts import stack
from pipeline.chart.theme import COLOURS
from pipeline.records import ChartData, ChartRow, Theme, View
from tests.unit.chart.made import EXTREMES, WIDEST, chart, crowd, row

CASES = EXTREMES | {
    f"{amount} accounts": [*crowd(amount - 1), row(WIDEST, [3] * 90, "as of 14:05 UTC")]
    for amount in (1, 2, 3, 5, 10, 25)
}


def drawn(data: ChartData) -> Page:
    page = VIEWS[data.look.view](data)
    FigureCanvasAgg(page.figure).print_to_buffer()  # type: ignore[no-untyped-call] # has no types in matplotlib
    return page


def texts(page: Page) -> list[Text]:
    return [artist for artist in page.figure.get_children() if isinstance(artist, Text) and artist.get_text()]


def words(page: Page) -> list[str]:
    return [text.get_text() for text in texts(page)]


def box(text: Text) -> Bbox:
    return text.get_window_extent()


def size_px(text: Text) -> float:
    return float(text.get_fontsize()) / 0.72


def points(line: Line2D) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in cast("Any", line.get_xydata())]


def overlap(one: Bbox, other: Bbox) -> bool:
    return bool(one.x0 < other.x1 and other.x0 < one.x1 and one.y0 < other.y1 and other.y0 < one.y1)


def lines(page: Page) -> list[Line2D]:
    return [artist for artist in page.figure.get_children() if isinstance(artist, Line2D)]


def marks(page: Page) -> list[Bbox]:
    """The boxes of all dots, rings and corners of lines."""
    return [
        Bbox.from_extents(x - reach, y - reach, x + reach, y + reach)
        for line in lines(page)
        for reach in [(line.get_markersize() if line.get_marker() == "o" else line.get_linewidth()) / 0.72 / 2]
        for x, y in line.get_transform().transform(line.get_xydata())
        if x == x  # noqa: PLR0124 not a number: an interruption
    ]


@pytest.mark.parametrize("theme", Theme)
@pytest.mark.parametrize("view", View)
@pytest.mark.parametrize("rows", CASES.values(), ids=CASES)
def test_all_is_inside_the_picture_and_nothing_covers_text(rows: list[ChartRow], view: View, theme: Theme) -> None:
    page = drawn(chart(*rows, view=view, theme=theme))
    boxes = {f"{number} {text.get_text()}": box(text) for number, text in enumerate(texts(page))}
    dots = marks(page)
    assert all(b.x0 >= 40 and b.x1 <= WIDTH - 40 and b.y0 >= 16 and b.y1 <= page.height - 16 for b in boxes.values())
    assert all(dot.x0 >= 20 and dot.x1 <= WIDTH - 20 and dot.y0 >= 16 for dot in dots)
    assert [pair for pair in combinations(boxes, 2) if overlap(boxes[pair[0]], boxes[pair[1]])] == []
    assert [text for text, b in boxes.items() if any(overlap(b, dot) for dot in dots)] == []


@pytest.mark.parametrize("view", View)
@pytest.mark.parametrize("rows", CASES.values(), ids=CASES)
def test_text_is_large_enough_for_a_chat_and_not_turned(rows: list[ChartRow], view: View) -> None:
    page = drawn(chart(*rows, view=view))
    assert min(size_px(text) for text in texts(page)) >= TEXT == 34
    assert size_px(texts(page)[0]) >= 56
    assert {text.get_rotation() for text in texts(page)} == {0}


@pytest.mark.parametrize("view", View)
@pytest.mark.parametrize("amount", [1, 2, 3, 4, 10, 25])
def test_the_picture_grows_with_its_rows_within_limits(amount: int, view: View) -> None:
    height = drawn(chart(*crowd(amount), view=view)).height
    assert height == 720 if amount <= 3 else 720 < height <= 1280


@pytest.mark.parametrize("view", View)
def test_the_head_says_what_when_and_what_is_left_out(view: View) -> None:
    told = words(drawn(chart(row("a", [1]), view=view)))
    assert told[0] == "Retweets per post"
    assert told[1] == "last 100 posts · own posts only · 23 Nov 15:20 UTC"
    assert told[2].startswith("reposts left out · log scale · ")


@pytest.mark.parametrize("view", View)
def test_hollow_dots_are_explained_only_where_there_are_some(view: View) -> None:
    assert GROWING not in words(drawn(chart(row("a", [1, 2], youngest_h=24), view=view)))
    assert GROWING in words(drawn(chart(row("a", [1, 2], youngest_h=23.9), view=view)))


@pytest.mark.parametrize("theme", Theme)
@pytest.mark.parametrize("view", View)
def test_a_handle_has_its_accounts_colour_whatever_its_rank(view: View, theme: Theme) -> None:
    page = drawn(chart(row("low", [1] * 20), row("high", [900] * 20), view=view, theme=theme))
    shown = {text.get_text(): text.get_color() for text in texts(page)}
    assert [shown["@low"], shown["@high"]] == list(COLOURS[theme].accounts[:2])


def test_rows_stand_in_the_order_of_their_medians_and_empty_ones_last() -> None:
    page = drawn(chart(row("none", (), "protected"), row("low", [1]), row("b", [9]), row("A", [9])))
    handles = [text for text in texts(page) if text.get_text().startswith("@")]
    handles.sort(key=lambda text: -box(text).y0)
    assert [text.get_text() for text in handles] == ["@A", "@b", "@low", "@none"]
    assert "protected" in words(page)


def test_a_row_tells_its_median_its_top_and_how_many_posts_if_fewer_than_asked() -> None:
    told = words(drawn(chart(row("all", [37] * 99 + [317]), row("few", [12_345] * 85))))
    assert "median 37 · top 317" in told
    assert "median 12.3k · top 12.3k · n=85" in told


@pytest.mark.parametrize("view", View)
def test_a_stale_account_is_grey_and_says_since_when(view: View) -> None:
    page = drawn(chart(row("late", [5] * 60, "as of 14:05 UTC"), view=view))
    handle = next(text for text in texts(page) if text.get_text() == "@late")
    assert handle.get_color() == COLOURS[Theme.LIGHT].muted
    assert any("as of 14:05 UTC" in told for told in words(page))
    assert any("n=60" in told for told in words(page))


def test_more_than_ten_rows_are_said_to_be_in_the_text() -> None:
    told = words(drawn(chart(*crowd(25, youngest_h=30))))
    assert sum(word.startswith("@") for word in told) == 10
    assert "and 15 more in the text below" in told


def test_the_post_by_post_view_names_the_accounts_that_it_does_not_draw() -> None:
    drawn_ones = [row(f"high{number}", [900] * 20) for number in range(6)]
    told = words(drawn(chart(*drawn_ones, row("low", [1]), row("none", (), "protected"), view=View.POSTS)))
    assert "not drawn, in the text below: @low, @none (protected)" in told


def test_the_post_by_post_view_says_where_a_series_is_short_and_draws_no_line_through_seven_posts() -> None:
    page = drawn(chart(row("short", [4] * 7), view=View.POSTS))
    colour = COLOURS[Theme.LIGHT].account(0)
    assert "median 4 · n=7" in words(page)
    assert not [line for line in lines(page) if line.get_color() == colour and len(points(line)) == 7]
    assert "10 posts ago" in words(page)


def test_the_newest_post_is_at_the_right() -> None:
    page = drawn(chart(row("a", [900, *[1] * 99]), view=View.POSTS))
    dots = [line for line in lines(page) if line.get_marker() == "o"]
    newest, *others = points(dots[0])
    assert all(newest[0] > x and newest[1] < y for x, y in others)


def test_a_name_is_drawn_as_it_is_without_marks_that_turn_the_text_around_it() -> None:
    told = words(drawn(chart(row("$x^2$", [1]), row("漢\u202e字", [2]), row("a\ue000", [3]))))
    assert {"@$x^2$", "@漢字", "@a\N{REPLACEMENT CHARACTER}"} <= set(told)


def test_labels_stay_where_they_belong_unless_they_would_touch() -> None:
    assert stack([300, 100], [50, 50], 0, 500) == [300, 100]
    assert stack([110, 100, 480], [50, 50, 50], 0, 500) == [150, 100, 450]
    assert stack([490, 490, 490], [50, 50, 50], 0, 500) == [350, 400, 450]
