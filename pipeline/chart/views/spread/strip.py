"""The posts of an account along the axis: dots or their outline, and on them the middle half and the median."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import quantiles

from pipeline.chart.number_format import tick
from pipeline.chart.paint.marks import Point
from pipeline.chart.paint.page import Page
from pipeline.chart.paint.typesetting import width
from pipeline.chart.parts.scale import ROUND, Scale
from pipeline.chart.ranking import RankedRow
from pipeline.chart.views.spread.swarm import Outline, Swarm
from pipeline.records import ChartData, Language, Normalization

MAX_DOT, MIN_DOT = 18, 5
"""The limits of a dot's size; where it would be smaller, there is an outline instead of dots."""
MAX_MARKED_DOT = 14
"""Median and middle half grow with dots up to this size."""
DENSE = 500
"""How long the dense part of the dots along the axis may be, in px."""
FEW = 100
"""So many posts and fewer have dots of the same size, so that the size does not seem to mean their number."""
COLUMN = 4
"""The width of an outline's column, in px."""
GOLDEN = 0.618034
"""The fractional parts of its multiples fill an interval evenly, however many they are."""
HOLLOW = 10
"""The size of a hollow dot on an outline, in px."""
HALO = 4
"""The paper around the median and the middle half on an outline, in px."""
APART = 12
"""Between two labels of the axis, in px."""


@dataclass(frozen=True, slots=True)
class Band:
    """Where an account's dots may be, in px.

    middle: the y of the middle line. half: the greatest distance from it. stray: the greatest distance from the value
    along the axis. least: the least size of dots where posts are few.
    """

    middle: float
    half: float
    stray: float
    least: float = 7

    @property
    def dot(self) -> float:
        """The size of a dot where posts are few."""
        return min(max(self.half / 4, self.least), MAX_DOT)

    def fitting(self, posts: int) -> float:
        """The size of a dot for so many posts; about equal numbers have the same."""
        about = ROUND.value(ROUND.above(max(posts, FEW)))
        return min(self.dot, sqrt(self.half * DENSE / about) - 1)


@dataclass(frozen=True, slots=True)
class Axis:
    """A scale on the page; to_px: from a value to its px; left and right: the limits of the labels, in px."""

    scale: Scale
    to_px: Callable[[float], float]
    left: float
    right: float

    @property
    def ticks(self) -> list[float]:
        """The px of the ticks."""
        return [self.to_px(value) for value in self.scale.ticks()]

    def labels(self, language: Language) -> list[tuple[float, str]]:
        """The middles and the texts of the labels."""
        texts = {value: tick(value, language) for value in self.scale.ticks()}
        middles = {value: self._middle(value, width(text) / 2) for value, text in texts.items()}
        labelled = self.scale.labels(lambda value: (middles[value], width(texts[value]) + APART))
        return [(middles[value], texts[value]) for value in labelled]

    def _middle(self, value: float, half: float) -> float:
        return min(max(self.to_px(value), self.left + half), self.right - half)


@dataclass(frozen=True, slots=True)
class Strip:
    """An account's posts as they are drawn.

    posts: the value of each post on the axis, in ascending order, and whether the post is young.
    is_cut: whether the account has posts beyond the axis.
    quartiles: the first quartile, the median and the third quartile.
    grain: as that of a Swarm.
    """

    posts: Sequence[tuple[float, bool]]
    is_cut: bool
    quartiles: tuple[float, float, float]
    colour: str
    band: Band
    to_px: Callable[[float], float]
    grain: float

    @property
    def values(self) -> list[float]:
        return [value for value, _ in self.posts]

    @property
    def ring(self) -> float:
        """The size of the median's ring."""
        return 1.2 * min(self.band.dot, MAX_MARKED_DOT) + 8

    @property
    def bar(self) -> float:
        """The height of the middle half's bar."""
        return min(self.band.dot, MAX_MARKED_DOT) / 2 + 3

    def clear(self, dot: float) -> Callable[[float], float]:
        """From x to the least distance from the middle line at which a dot covers neither the ring nor the bar."""
        low, median, high = map(self.to_px, self.quartiles)
        reach = dot / 2 + 1
        across, along = (self.ring / 2 + reach) ** 2, self.bar / 2 + reach

        def least(x: float) -> float:
            beyond = across - (x - median) ** 2
            ring = sqrt(beyond) if beyond > 0 else 0
            return max(ring, along) if low - reach < x < high + reach else ring

        return least


def strip_of(page: Page, data: ChartData, entry: RankedRow, band: Band, axis: Axis) -> Strip:
    """The strip of an account that has posts."""
    row, high = entry.row, axis.scale.high
    posts = sorted(zip(row.values, data.young(row), strict=True))
    on_axis = [post for post in posts if post[0] <= high]
    grain = 1 if data.spec.normalization is Normalization.COUNT else 0
    colour = colour_of(page, entry)
    return Strip(on_axis, len(on_axis) < len(posts), _quartiles(row.values), colour, band, axis.to_px, grain)


def colour_of(page: Page, entry: RankedRow) -> str:
    """The account's colour, or grey where its figures are old or it has no posts."""
    is_current = entry.row.values and not entry.row.note
    return page.colours.account(entry.index) if is_current else page.colours.muted


def _quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """The quartiles of which the lowest and the highest value are the 0th and the 4th."""
    low, middle, high = quantiles(values, method="inclusive") if len(values) > 1 else [*values] * 3
    return low, middle, high


def draw_strips(page: Page, strips: Sequence[Strip]) -> None:
    """Draw the posts of all strips, and then what lies on them."""
    for strip in strips:
        dot = strip.band.fitting(len(strip.posts))
        if dot < MIN_DOT:
            _draw_outline(page, strip)
        else:
            _draw_dots(page, strip, dot)
    if strips:
        _draw_medians(page, strips)


def _draw_dots(page: Page, strip: Strip, dot: float) -> None:
    band = strip.band
    swarm = Swarm(strip.to_px, max(band.half - dot / 2, 0), band.stray, dot + 1, strip.clear(dot), strip.grain)
    positions = zip(swarm.positions(strip.values), strip.posts, strict=True)
    points = [(x, band.middle + y, is_young) for (x, y), (_, is_young) in positions]
    page.dots([(x, y) for x, y, is_young in points if not is_young], page.colours.dot(strip.colour), dot)
    _draw_hollow(page, [(x, y) for x, y, is_young in points if is_young], strip.colour, dot)


def _draw_outline(page: Page, strip: Strip) -> None:
    """Draw the columns of the outline, hollow dots in them for young posts, and paper for what lies on them."""
    band = strip.band
    heights = Outline(strip.to_px, band.half, band.stray, COLUMN, strip.grain).heights(strip.values)
    columns = (((number + 0.5) * COLUMN, height) for number, height in heights.items())
    ends = [((x, band.middle - height), (x, band.middle + height)) for x, height in columns]
    page.lines(ends, page.colours.dot(strip.colour), COLUMN)
    young = [value for value, is_young in strip.posts if is_young]
    _draw_hollow(page, _scattered(strip, young, heights), strip.colour, HOLLOW)
    low, median, high = map(strip.to_px, strip.quartiles)
    page.line([(low - HALO, band.middle), (high + HALO, band.middle)], page.colours.paper, strip.bar + 2 * HALO)
    page.dots([(median, band.middle)], page.colours.paper, strip.ring + 2 * HALO, rim=0)


def _scattered(strip: Strip, values: Sequence[float], heights: dict[int, float]) -> Iterable[Point]:
    """Points at the values, spread evenly over the height of the outline."""
    for index, value in enumerate(values):
        x = strip.to_px(value)
        height = heights.get(int(x // COLUMN), 0) - HOLLOW / 2
        yield x, strip.band.middle + (index * GOLDEN % 1 * 2 - 1) * max(height, 0)


def _draw_hollow(page: Page, points: Iterable[Point], colour: str, size: float) -> None:
    page.rings(points, colour, size, max(size / 4, 2))


def _draw_medians(page: Page, strips: Sequence[Strip]) -> None:
    """Draw the bars of the middle halves, and on them the rings of the medians."""
    bars, medians = [], []
    for strip in strips:
        low, median, high = map(strip.to_px, strip.quartiles)
        bars.append(((low, strip.band.middle), (high, strip.band.middle)))
        medians.append((median, strip.band.middle))
    page.lines(bars, page.colours.ink, strips[0].bar)
    page.rings(medians, page.colours.ink, strips[0].ring, strips[0].ring / 4)
