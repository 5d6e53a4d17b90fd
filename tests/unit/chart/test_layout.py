"""What stands where: walks the text and the marks of pages of all views."""

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.chart.paint.marks import Bars, Box, Dots, Line, Text
from pipeline.chart.paint.page import WIDTH, Page
from pipeline.chart.paint.theme import COLOURS
from pipeline.chart.paint.typesetting import TEXT_PX
from pipeline.chart.parts.frame import STILL_GROWING
from pipeline.chart.parts.labels import stack
from pipeline.chart.render import draw
from pipeline.chart.views import VIEWS, prepare
from pipeline.i18n import translator
from pipeline.records import ChartData, ChartRow, Language, Metric, Normalization, Theme, View
from pipeline.sources.registry import NETWORKS, noun
from tests.unit.chart.boxes import text_box
from tests.unit.chart.made import EXTREMES, LONGEST, NOTES, NOW, WIDEST, chart, crowd, mixed, row

SEVERAL = [View.SPREAD, View.POSTS, View.RACE]
"""The views that draw a name for each row."""
OF_POSTS = [View.SPREAD, View.POSTS]
OLD = NOW - timedelta(days=9)
STALE = row(WIDEST, [3] * 90, "as of 23 Sept 14:05 UTC")
CASES: dict[str, list[ChartRow]] = EXTREMES | {
    **{f"{amount} accounts": [*crowd(amount - 1), STALE] for amount in (1, 2, 3, 5, 10, 25)},
    **{f"{amount} long names": [replace(each, handle=LONGEST) for each in crowd(amount)] for amount in (1, 2, 5, 10)},
    "3,200 posts": crowd(5, 3200),
    **{f"{amount} of several networks": mixed(amount) for amount in (2, 4, 8)},
    **{f"{amount} with old posts": [replace(each, oldest_on=OLD) for each in crowd(amount)] for amount in (1, 5)},
}
RATES = {"small rates"}
Sides = NDArray[np.float64]


@cache
def case(name: str, view: View, theme: Theme, language: Language) -> Page:
    is_rate = name in RATES and Normalization.RATE in VIEWS[view].measures
    normalization = Normalization.RATE if is_rate else Normalization.COUNT
    return drawn(chart(*CASES[name], view=view, theme=theme, language=language, normalization=normalization))


def drawn(data: ChartData) -> Page:
    return draw(data)


def texts(page: Page) -> list[Text]:
    return [mark for mark in page.marks if isinstance(mark, Text) and mark.text]


def words(page: Page) -> list[str]:
    return [text.text for text in texts(page)]


def lines(page: Page) -> list[Line]:
    return [mark for mark in page.marks if isinstance(mark, Line) and mark.points]


def bars(page: Page) -> list[Box]:
    return [box for mark in page.marks if isinstance(mark, Bars) for box in mark.boxes]


def dots(page: Page) -> list[Dots]:
    return [mark for mark in page.marks if isinstance(mark, Dots) and mark.points]


@dataclass(frozen=True)
class Boxes:
    """Left, top, right and bottom of many boxes, in px."""

    sides: Sides

    def inside(self, left: float, top: float, right: float, bottom: float) -> bool:
        x0, y0, x1, y1 = self.sides.T
        return bool(np.all((x0 >= left) & (y0 >= top) & (x1 <= right) & (y1 <= bottom)))

    def touching(self, one: Sides) -> int:
        x0, y0, x1, y1 = self.sides.T
        return int(np.sum((x0 < one[2]) & (one[0] < x1) & (y0 < one[3]) & (one[1] < y1)))


def letters(page: Page) -> Boxes:
    return Boxes(np.array([text_box(text) for text in texts(page)]).reshape(-1, 4))


def marks(page: Page) -> Boxes:
    """All dots, rings and bars, the upright and level parts of lines, and the ends of their slanted parts."""
    discs = [_disc(one) for one in dots(page)]
    full = np.array(bars(page)).reshape(-1, 4)
    return Boxes(np.concatenate([full, *discs, *(part for line in lines(page) for part in _parts(line))]))


def _disc(one: Dots) -> Sides:
    middles, reach = np.array(one.points), (one.size + one.rim) / 2
    return _spanned(middles, middles, (reach, reach))


def _parts(line: Line) -> list[Sides]:
    corners = np.array(line.points)
    reach, starts, ends = line.width / 2, corners[:-1], corners[1:]
    upright, level = (starts[:, axis] == ends[:, axis] for axis in (0, 1))
    slanted = ~(upright | level)
    return [
        _spanned(starts[upright], ends[upright], (reach, 0)),
        _spanned(starts[level], ends[level], (0, reach)),
        *(_spanned(side[slanted], side[slanted], (reach, reach)) for side in (starts, ends)),
    ]


def _spanned(starts: Sides, ends: Sides, reach: tuple[float, float]) -> Sides:
    """The boxes around pairs of points; none where a line is interrupted."""
    sides: Sides = np.concatenate([np.minimum(starts, ends) - reach, np.maximum(starts, ends) + reach], axis=1)
    return sides[~np.isnan(sides).any(axis=1)]


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("view", [View.SPREAD, View.GROWTH])
@pytest.mark.parametrize("name", CASES)
def test_all_is_inside_the_picture_and_nothing_covers_text(name: str, view: View, language: Language) -> None:
    page = case(name, view, Theme.LIGHT, language)
    told, boxes, drawn_marks = words(page), letters(page), marks(page)
    assert boxes.inside(40, 16, WIDTH - 40, page.height - 16)
    assert drawn_marks.inside(20, 16, WIDTH - 20, page.height - 16)
    assert [word for word, one in zip(told, boxes.sides, strict=True) if boxes.touching(one) > 1] == []
    assert [word for word, one in zip(told, boxes.sides, strict=True) if drawn_marks.touching(one)] == []


@pytest.mark.parametrize("view", View)
@pytest.mark.parametrize("name", CASES)
def test_text_is_large_enough_for_a_chat(name: str, view: View) -> None:
    page = case(name, view, Theme.LIGHT, Language.ENGLISH)
    assert min(text.style.size for text in texts(page)) >= TEXT_PX == 34
    assert texts(page)[0].style.size >= 50


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("view", View)
def test_the_title_of_every_measure_stays_on_the_page(view: View, language: Language) -> None:
    for metric, normalization in product(Metric, VIEWS[view].measures):
        for keys in [*([key] for key in NETWORKS), list(NETWORKS)]:
            data = chart(view=view, language=language, metric=metric, normalization=normalization)
            title = texts(drawn(replace(data, noun=noun(metric, keys))))[0]
            assert text_box(title)[2] <= WIDTH - 40, title.text
            assert title.style.size >= 50


@pytest.mark.parametrize(("language", "said"), [(Language.ENGLISH, "nobody to"), (Language.SPANISH, "aún no hay")])
@pytest.mark.parametrize("view", View)
def test_a_comparison_of_nobody_says_so(view: View, language: Language, said: str) -> None:
    told = words(drawn(chart(view=view, language=language)))
    assert [word for word in told[3:] if word.startswith(said)]


def test_where_no_account_has_posts_the_post_by_post_view_says_so() -> None:
    told = words(drawn(chart(row("none", (), "protected"), view=View.POSTS)))
    assert {"no posts", "not drawn, protected: @none"} <= set(told)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("view", View)
@pytest.mark.parametrize("amount", [2, 8])
def test_a_chart_of_several_networks_says_what_is_not_alike(amount: int, view: View, language: Language) -> None:
    page = case(f"{amount} of several networks", view, Theme.LIGHT, language)
    told = " ".join(words(page))
    assert all(translator(language).gettext(note) in told for note in NOTES)
    assert any(word.removeprefix(" · ") == "X" for word in words(page))


@pytest.mark.parametrize("view", View)
def test_the_picture_grows_with_its_rows_within_limits(view: View) -> None:
    heights = [case(f"{amount} accounts", view, Theme.LIGHT, Language.ENGLISH).height for amount in (1, 2, 5, 10)]
    assert heights == sorted(heights)
    assert 540 <= heights[0] <= 680
    assert heights[-1] <= 1500


@pytest.mark.parametrize("view", OF_POSTS)
def test_the_head_says_what_when_and_what_is_left_out(view: View) -> None:
    told = words(drawn(chart(row("a", [1]), view=view)))
    assert told[0] == "Retweets per post"
    assert told[1] == "last 100 posts · 23 Nov 15:20 UTC"
    assert told[2].startswith("one dot = one post")
    assert "no reposts · no replies · log scale" in told


@pytest.mark.parametrize("view", OF_POSTS)
@pytest.mark.parametrize("amount", [1, 2])
def test_hollow_dots_are_explained_only_where_there_are_some(view: View, amount: int) -> None:
    def explained(youngest_h: float) -> bool:
        rows = [row(f"a{number}", [1, 2], youngest_h=youngest_h) for number in range(amount)]
        return any(told.startswith(STILL_GROWING.msgid) for told in words(drawn(chart(*rows, view=view))))

    assert not explained(24)
    assert explained(23.9)


@pytest.mark.parametrize("theme", Theme)
@pytest.mark.parametrize("view", SEVERAL)
def test_a_handle_has_its_accounts_colour_whatever_its_rank(view: View, theme: Theme) -> None:
    page = drawn(chart(row("low", [1] * 20), row("high", [900] * 20), view=view, theme=theme))
    shown = {text.text: text.style.colour for text in texts(page)}
    assert [shown["@low"], shown["@high"]] == list(COLOURS[theme].accounts[:2])


@pytest.mark.parametrize("view", [View.SPREAD, View.RACE])
def test_rows_stand_in_their_order_and_empty_ones_last(view: View) -> None:
    page = drawn(chart(row("none", (), "protected"), row("low", [1]), row("b", [9]), row("A", [9]), view=view))
    handles = [text for text in texts(page) if text.text.startswith("@") and text.baseline > page.top]
    handles.sort(key=lambda text: text.baseline)
    assert [text.text for text in handles] == ["@A", "@b", "@low", "@none"]
    assert "protected" in words(page)


def test_rows_keep_the_order_of_the_chart_before() -> None:
    amount = 9
    rows = [row(f"a{number}", [1000 + 3 * number]) for number in range(amount)]
    before = chart(*rows)
    kept = replace(before, before=replace(prepare(before).layout, order=tuple(range(amount))))
    assert [told for told in words(drawn(kept))[1:] if told.startswith("@")] == [
        f"@a{number}" for number in range(amount)
    ]


def test_a_row_tells_its_median_its_top_and_how_many_posts_if_fewer_than_asked() -> None:
    told = words(drawn(chart(row("all", [37] * 99 + [317]), row("few", [12_345] * 85))))
    assert "median 37 · best 317" in told
    assert "median 12.3k · best 12.3k · 85 posts" in told


def test_the_only_row_tells_its_median_and_its_middle_half_beside_them() -> None:
    page = drawn(chart(row("only", [12] * 30 + [37] * 40 + [80] * 30)))
    assert {"median 37", "middle half 12–80", "best 80"} <= set(words(page))


def test_one_post_far_beyond_all_others_is_told_and_pointed_at() -> None:
    page = drawn(chart(row("viral", [3_000_000, *range(99)]), row("other", range(99))))
    colour = COLOURS[Theme.LIGHT].account(0)
    assert "median 49.5 · best 3M" in words(page)
    assert [line for line in lines(page) if line.colour == colour]
    assert "100" in words(page)
    assert "3M" not in words(page)


@pytest.mark.parametrize("view", SEVERAL)
def test_a_stale_account_is_grey_and_says_since_when(view: View) -> None:
    page = drawn(chart(row("late", [5] * 60, "as of 23 Sept 14:05 UTC"), view=view))
    handle = next(text for text in texts(page) if text.text == "@late")
    assert handle.style.colour == COLOURS[Theme.LIGHT].muted
    assert any("as of 23 Sept 14:05 UTC" in told for told in words(page))
    assert any("60 posts" in told for told in words(page))


@pytest.mark.parametrize("view", SEVERAL)
@pytest.mark.parametrize("amount", [1, 5])
def test_the_head_tells_the_day_of_old_posts_and_greys_no_account(amount: int, view: View) -> None:
    old, fresh = (chart(*rows, view=view) for rows in (CASES[f"{amount} with old posts"], crowd(amount)))
    assert [text for text in words(drawn(old)) if "oldest as of 14 Nov" in text]
    inks = [[(text.text, text.style.colour) for text in texts(drawn(each))] for each in (old, fresh)]
    assert {each for each in inks[0] if each[0].startswith("@")} == {
        each for each in inks[1] if each[0].startswith("@")
    }


@pytest.mark.parametrize(("posts", "as_dots"), [(100, True), (3200, False)])
def test_posts_are_dots_as_long_as_there_is_room_for_them(posts: int, as_dots: bool) -> None:  # noqa: FBT001 a case
    page = drawn(chart(*crowd(5, posts), count=posts))
    colour = COLOURS[Theme.LIGHT].dot(COLOURS[Theme.LIGHT].account(0))
    shown = [one for one in dots(page) if one.fill == colour]
    assert bool(shown) is as_dots


def test_the_post_by_post_view_names_the_accounts_that_it_does_not_draw() -> None:
    told = words(drawn(chart(row("high", [900] * 20), row("low", [1]), row("none", (), "protected"), view=View.POSTS)))
    assert "not drawn, protected: @none" in told


def test_the_post_by_post_view_says_where_a_series_is_short_and_draws_no_line_through_seven_posts() -> None:
    page = drawn(chart(row("short", [4] * 7), view=View.POSTS))
    colour = COLOURS[Theme.LIGHT].account(0)
    assert "median 4 · 7 posts" in words(page)
    assert not [line for line in lines(page) if line.colour == colour and len(line.points) == 7]


def test_the_newest_post_is_at_the_right() -> None:
    page = drawn(chart(row("a", [900, *[1] * 99]), view=View.POSTS))
    newest, *others = dots(page)[0].points
    assert all(newest[0] > x and newest[1] < y for x, y in others)


def test_a_name_is_drawn_as_it_is_without_marks_that_turn_the_text_around_it() -> None:
    told = words(drawn(chart(row("$x^2$", [1]), row("漢\u202e字", [2]), row("a\ue000", [3]))))
    assert {"@$x^2$", "@漢字", "@a\N{REPLACEMENT CHARACTER}"} <= set(told)


def test_labels_stay_where_they_belong_unless_they_would_touch() -> None:
    assert stack([300, 100], [50, 50], 0, 500) == [300, 100]
    assert stack([110, 100, 480], [50, 50, 50], 0, 500) == [150, 100, 450]
    assert stack([490, 490, 490], [50, 50, 50], 0, 500) == [350, 400, 450]
