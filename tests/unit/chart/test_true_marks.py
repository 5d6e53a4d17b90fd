"""Marks stand where their values are: measured from the pixels of the PNG, against the ticks of the drawn axis."""

from collections.abc import Sequence
from functools import cache
from io import BytesIO
from itertools import pairwise
from math import log10
from statistics import median, quantiles

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from pipeline.chart.paint.marks import Bars, Dots
from pipeline.chart.paint.theme import COLOURS, PALETTE
from pipeline.chart.paint.typesetting import TEXT_PX
from pipeline.chart.views.posts.series import MAX_SHARING
from pipeline.records import ChartData, Normalization, Theme, View
from tests.unit.chart.boxes import text_box
from tests.unit.chart.made import chart, png, row
from tests.unit.chart.test_layout import drawn, texts

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
CROWDS: dict[str, list[int]] = {
    "60 sevens": [7] * 60,
    "threes, fours and fives": [3] * 30 + [4] * 30 + [5] * 30,
    "100 equal ones": [1] * 100,
    "100 equal ones of 37": [37] * 100,
    "100 zeros": [0] * 100,
    "zeros, ones, twos and threes": [0] * 40 + [1] * 30 + [2] * 20 + [3] * 10,
    "50 pairs": list(range(50)) * 2,
    "popular": [1234] * 40 + [5000] * 40 + [9000],
    "one post": [7],
}
SIZES = (1, 2, 5, 10)
LINE_ABOVE = 31
"""From the baseline of a line of the table to the line before."""
BESIDE = [0, 20, 900]
"""Of the other accounts: their axis is as long as a usual one."""


def pixels(data: ChartData) -> Pixels:
    return np.asarray(Image.open(BytesIO(png(data))).convert("RGB"))


def of_colour(picture: Pixels, colour: str) -> Mask:
    found: Mask = (picture == np.array(list(bytes.fromhex(colour[1:])), np.uint8)).all(axis=2)
    return found


def runs(columns: Mask) -> list[tuple[int, int]]:
    """The first and the last of each run of columns."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], columns, [False]]).astype(np.int8)))
    return [(int(start), int(end) - 1) for start, end in edges.reshape(-1, 2)]


class Axis:
    """An axis read off its picture: the places of its lines, and their values from the labels beside them."""

    def __init__(self, data: ChartData) -> None:
        page = drawn(data)
        grid = [mark for mark in page.marks if isinstance(mark, Bars) and mark.colour == COLOURS[data.spec.theme].grid]
        at = sorted({(left + right) / 2 for mark in grid for left, _, right, _ in mark.boxes})
        labels = [value for text in texts(page) if (value := number(text.text)) >= 0 and text.style.size == TEXT_PX]
        low, high = min(labels), max(labels)
        values = sorted({low, high, *(10**power for power in range(10) if low < 10**power < high)})
        assert len(at) == len(values), (at, values)
        self.ticks = list(zip(values, at, strict=True))

    def px(self, value: float) -> float:
        """Linear up to 1, logarithmic from there; one value is as many px from the ticks as the other ones are."""
        (low, start), (high, end) = next(
            (pair for pair in pairwise(self.ticks) if value <= pair[1][0]), (self.ticks[-2], self.ticks[-1])
        )
        share = value / high if low == 0 else log10(value / low) / log10(high / low)
        return start + (end - start) * share

    def half_way(self, value: int) -> float:
        above = self.px(value + 1) - self.px(value)
        return (min(above, self.px(value) - self.px(value - 1)) if value else above) / 2


def number(words: str) -> float:
    """A tick's value; -1 for all other words."""
    size = {"k": 1000, "M": 1_000_000}.get(words[-1:], 1)
    digits = words.rstrip("kM")
    return float(digits) * size if digits.replace(".", "", 1).isdigit() else -1


def spread(
    values: Sequence[float], size: int, theme: Theme, normalization: Normalization = Normalization.COUNT
) -> ChartData:
    """The account is the first; as many others as are asked for have another colour or none in its rows."""
    others = [row(f"b{place}", BESIDE) for place in range(size - 1)]
    return chart(row("measured", values), *others, theme=theme, normalization=normalization, count=len(values))


def is_name(words: str) -> bool:
    """Whether it names a row; the title has more words, and names an account that is alone."""
    return words.startswith("@") and " " not in words


def own_dots(data: ChartData, picture: Pixels) -> Mask:
    """The pixels of the first account's dots: of its colour, in its row, and no text."""
    page = drawn(data)
    colours, told = COLOURS[data.spec.theme], texts(page)
    found = of_colour(picture, colours.dot(colours.account(0)))
    for left, top, right, bottom in (text_box(text) for text in told):
        found[int(top) - 1 : int(bottom) + 2, int(left) - 1 : int(right) + 2] = False
    names = {text.text: text.baseline for text in told if is_name(text.text)}
    own = names.get("@measured", page.top)
    pitch = min((after - before for before, after in pairwise(sorted(names.values()))), default=picture.shape[0] - own)
    top = own - LINE_ABOVE if len(names) > PALETTE else own
    found[: int(top)] = False
    found[int(top + pitch) :] = False
    return found


def across(data: ChartData) -> Mask:
    """The columns of pixels that the first account's dots take."""
    found: Mask = np.asarray(own_dots(data, pixels(data)).any(axis=0))
    return found


@cache
def dot_of(size: int, theme: Theme) -> int:
    """The diameter of a dot in a picture of so many accounts, from one that no median covers."""
    data = spread([0, 0, 0, 0, 900], size, theme)
    start, end = runs(across(data))[-1]
    return end - start + 1


@pytest.mark.parametrize("theme", Theme)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", CROWDS)
def test_no_dot_is_nearer_to_another_count_than_to_its_own(name: str, size: int, theme: Theme) -> None:
    data = spread(CROWDS[name], size, theme)
    axis, columns = Axis(data), across(data)
    dot = dot_of(size, theme)
    allowed = np.zeros_like(columns)
    for value in set(CROWDS[name]):
        reach = max(dot / 2 + 1, axis.half_way(value))
        allowed[max(int(axis.px(value) - reach), 0) : int(axis.px(value) + reach) + 1] = True
    assert not (columns & ~allowed).any(), (runs(columns), runs(allowed))
    seen = [
        any(columns[max(round(axis.px(value) - dot), 0) : round(axis.px(value) + dot) + 1]) for value in CROWDS[name]
    ]
    assert all(seen) or name == "one post"


@pytest.mark.parametrize("theme", Theme)
@pytest.mark.parametrize("size", SIZES)
def test_many_equal_posts_do_not_look_like_one(size: int, theme: Theme) -> None:
    one, many = (own_dots(data, pixels(data)) for data in (spread([1] * n, size, theme) for n in (1, 100)))
    assert many.any(axis=1).sum() > 1.5 * max(one.any(axis=1).sum(), dot_of(size, theme))


@pytest.mark.parametrize("theme", Theme)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", CROWDS)
def test_the_ring_is_at_the_median_and_the_bar_spans_the_middle_half(name: str, size: int, theme: Theme) -> None:
    data = spread(CROWDS[name], size, theme)
    axis, page = Axis(data), drawn(data)
    ink = COLOURS[theme].ink
    ring = next(mark for mark in page.marks if isinstance(mark, Dots) and mark.edge == ink)
    bar = next(mark for mark in page.marks if isinstance(mark, Bars) and mark.colour == ink)
    names = [text.text for text in texts(page) if is_name(text.text)]
    own = names.index("@measured") if names else 0
    low, _, high = quantiles(CROWDS[name], method="inclusive") if len(CROWDS[name]) > 1 else CROWDS[name] * 3
    assert abs(ring.points[own][0] - axis.px(median(CROWDS[name]))) <= 1
    left, top, right, bottom = bar.boxes[own]
    if low == high:
        assert top == bottom  # nothing is drawn
    else:
        assert abs(left - axis.px(low)) <= 1
        assert abs(right - axis.px(high)) <= 1


@pytest.mark.parametrize("theme", Theme)
@pytest.mark.parametrize("accounts", [1, 2, 5, 8])
@pytest.mark.parametrize("values", [[0] * 100, [7] * 100, [3, 4, 5] * 33, [0, 1, 2, 3] * 25, [950, 1000, 30] * 30])
def test_post_by_post_each_dot_is_nearest_to_its_count_in_height(
    values: list[int], accounts: int, theme: Theme
) -> None:
    data = chart(*[row(f"a{number}", values) for number in range(accounts)], view=View.POSTS, theme=theme)
    page = drawn(data)
    grid = next(mark for mark in page.marks if isinstance(mark, Bars) and mark.colour == COLOURS[theme].grid)
    heights = sorted({(top + bottom) / 2 for _, top, _, bottom in grid.boxes}, reverse=True)
    panels = accounts if accounts > MAX_SHARING else 1
    high = max(value for text in texts(page) if (value := number(text.text)) >= 0 and text.baseline < page.height - 110)
    ticks = sorted({0, *(10**power for power in range(5) if 10**power < high), high})
    dots = [mark for mark in page.marks if isinstance(mark, Dots) and mark.size <= 12 and len(mark.points) > 1]
    assert len(dots) == accounts
    for number_of, mark in enumerate(dots):
        row_of = number_of // 2 if panels > 1 else 0
        axis = list(zip(ticks, heights[::-1][row_of * len(ticks) : (row_of + 1) * len(ticks)][::-1], strict=True))
        for (_, y), value in zip(sorted(mark.points, reverse=True), values, strict=True):
            own, above, below = (height(axis, each) for each in (value, value + 1, max(value - 1, 0)))
            assert (own + above) / 2 - 0.5 <= y <= (own + below) / 2 + 0.5


def height(axis: Sequence[tuple[float, float]], value: float) -> float:
    (low, start), (high, end) = next((pair for pair in pairwise(axis) if value <= pair[1][0]), (axis[-2], axis[-1]))
    share = value / high if low == 0 else log10(value / low) / log10(high / low)
    return start + (end - start) * share


@pytest.mark.parametrize("theme", Theme)
@pytest.mark.parametrize("size", [2, 5, 10])
def test_the_lengths_of_the_races_bars_are_their_totals(size: int, theme: Theme) -> None:
    totals = [0, 3, 1, 250, 999, 123_456, 120_000, 77, 1000, 5][:size]
    data = chart(*[row(f"a{each}", [1], total=total) for each, total in enumerate(totals)], view=View.RACE, theme=theme)
    picture, page = pixels(data), drawn(data)
    bars = [mark for mark in page.marks if isinstance(mark, Bars)]
    lengths = []
    for mark in bars:
        (left, top, right, bottom) = mark.boxes[0]
        line = of_colour(picture, mark.colour)[int(top + bottom) // 2, round(left) :]
        lengths.append(int(np.argmin(line)) if not line.all() else len(line))
        assert round(right - left) == lengths[-1]
    exact = [max(lengths) * total / max(totals) for total in sorted(totals, reverse=True)]
    assert lengths == pytest.approx(exact, abs=1)
