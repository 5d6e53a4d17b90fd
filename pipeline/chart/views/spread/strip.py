"""An account's posts along the axis: a dot each, and on top of them the middle half and the median."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import quantiles

from pipeline.chart.number_format import tick
from pipeline.chart.paint.page import Page
from pipeline.chart.paint.typesetting import width
from pipeline.chart.parts.scale import ROUND, Scale
from pipeline.chart.ranking import RankedRow
from pipeline.chart.views.spread.swarm import Crowd, Swarm
from pipeline.records import ChartData, Language, Normalization

LARGEST = 18
USUAL_DOT = 14
"""Larger dots have no larger marks among them."""
SMALLEST = 5
"""Dots that would be smaller are drawn as one outline."""
RUN = 500
"""In px along the axis, what the dense part of the dots takes for certain."""
USUAL = 100
"""So many posts and fewer have dots of one size, so that it does not tell how many there are."""
COLUMN = 4
GOLDEN = 0.618034
"""Multiples of the golden section, modulo 1, fill an interval evenly however many there are."""
HOLLOW = 10
HALO = 4
APART = 12
"""Between two labels of the axis."""


@dataclass(frozen=True, slots=True)
class Room:
    """Where dots may be, in px: how far from the middle line, and how far from their places along the axis."""

    middle: float
    half: float
    stray: float
    least: float = 7

    @property
    def dot(self) -> float:
        """The size of a dot where there are not many; the more room, the larger."""
        return min(max(self.half / 4, self.least), LARGEST)

    def fitting(self, posts: int) -> float:
        """The size of a dot for so many posts, the same for about as many."""
        about = ROUND.value(ROUND.above(max(posts, USUAL)))
        return min(self.dot, sqrt(self.half * RUN / about) - 1)


@dataclass(frozen=True, slots=True)
class Axis:
    """A scale on the page, in px: place says where a value lies, left and right bound its labels."""

    scale: Scale
    place: Callable[[float], float]
    left: float
    right: float

    @property
    def ticks(self) -> list[float]:
        """Their places."""
        return [self.place(value) for value in self.scale.ticks()]

    def labels(self, language: Language) -> list[tuple[float, str]]:
        """The middles and the words of those ticks that are labelled."""
        words = {value: tick(value, language) for value in self.scale.ticks()}
        middles = {value: self._middle(value, width(told) / 2) for value, told in words.items()}
        shown = self.scale.labels(lambda value: (middles[value], width(words[value]) + APART))
        return [(middles[value], words[value]) for value in shown]

    def _middle(self, value: float, half: float) -> float:
        return min(max(self.place(value), self.left + half), self.right - half)


@dataclass(frozen=True, slots=True)
class Strip:
    """An account's posts as they are drawn.

    posts: the value of each that is on the axis, in ascending order, and whether it is young.
    beyond: whether others are beyond the axis.
    quartiles: the first, the median and the third.
    grain: as a swarm's.
    """

    posts: Sequence[tuple[float, bool]]
    beyond: bool
    quartiles: tuple[float, float, float]
    colour: str
    room: Room
    place: Callable[[float], float]
    grain: float

    @property
    def values(self) -> list[float]:
        return [value for value, _ in self.posts]

    @property
    def ring(self) -> float:
        return 1.2 * min(self.room.dot, USUAL_DOT) + 8

    @property
    def bar(self) -> float:
        return min(self.room.dot, USUAL_DOT) / 2 + 3

    def clear(self, dot: float) -> Callable[[float], float]:
        """How far from the middle line a dot must be to leave the median and the middle half in sight."""
        low, median, high = map(self.place, self.quartiles)
        reach = dot / 2 + 1
        across, along = (self.ring / 2 + reach) ** 2, self.bar / 2 + reach

        def least(x: float) -> float:
            beyond = across - (x - median) ** 2
            ring = sqrt(beyond) if beyond > 0 else 0
            return max(ring, along) if low - reach < x < high + reach else ring

        return least


def strip_of(page: Page, data: ChartData, entry: RankedRow, room: Room, axis: Axis) -> Strip:
    """The posts of an account that has some."""
    row, high = entry.row, axis.scale.high
    posts = sorted(zip(row.values, data.young(row), strict=True))
    shown = [post for post in posts if post[0] <= high]
    grain = 0 if data.spec.normalization is Normalization.RATE else 1
    ink = colour(page, entry)
    return Strip(shown, len(shown) < len(posts), _quartiles(row.values), ink, room, axis.place, grain)


def colour(page: Page, entry: RankedRow) -> str:
    """An account's own, unless its row is stale or empty."""
    fresh = entry.row.values and not entry.row.note
    return page.colours.account(entry.index) if fresh else page.colours.muted


def _quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """Those that include the least and the greatest count."""
    low, middle, high = quantiles(values, method="inclusive") if len(values) > 1 else [*values] * 3
    return low, middle, high


def draw(page: Page, strips: Sequence[Strip]) -> None:
    """All rows' posts, then what is on top of them."""
    for strip in strips:
        dot = strip.room.fitting(len(strip.posts))
        if dot < SMALLEST:
            _outline(page, strip)
        else:
            _dots(page, strip, dot)
    if strips:
        _middles(page, strips)


def _dots(page: Page, strip: Strip, dot: float) -> None:
    room = strip.room
    swarm = Swarm(strip.place, max(room.half - dot / 2, 0), room.stray, dot + 1, strip.clear(dot), strip.grain)
    found = swarm.positions(strip.values)
    placed = [(x, room.middle + y, young) for (x, y), (_, young) in zip(found, strip.posts, strict=True)]
    page.dots([(x, y) for x, y, hollow in placed if not hollow], page.colours.dot(strip.colour), dot)
    _rings(page, [(x, y) for x, y, hollow in placed if hollow], strip.colour, dot)


def _outline(page: Page, strip: Strip) -> None:
    room = strip.room
    heights = Crowd(strip.place, room.half, room.stray, COLUMN, strip.grain).heights(strip.values)
    columns = (((number + 0.5) * COLUMN, height) for number, height in heights.items())
    ends = [((x, room.middle - height), (x, room.middle + height)) for x, height in columns]
    page.lines(ends, page.colours.dot(strip.colour), COLUMN)
    young = [value for value, hollow in strip.posts if hollow]
    _rings(page, _scattered(strip, young, heights), strip.colour, HOLLOW)
    low, median, high = map(strip.place, strip.quartiles)
    page.line([(low - HALO, room.middle), (high + HALO, room.middle)], page.colours.paper, strip.bar + 2 * HALO)
    page.dots([(median, room.middle)], page.colours.paper, strip.ring + 2 * HALO, rim=0)


def _scattered(strip: Strip, values: Sequence[float], heights: dict[int, float]) -> Iterable[tuple[float, float]]:
    """Within the outline, evenly over its height."""
    for turn, value in enumerate(values):
        x = strip.place(value)
        height = heights.get(int(x // COLUMN), 0) - HOLLOW / 2
        yield x, strip.room.middle + (turn * GOLDEN % 1 * 2 - 1) * max(height, 0)


def _rings(page: Page, points: Iterable[tuple[float, float]], colour: str, size: float) -> None:
    found = list(points)
    if found:
        page.rings(found, colour, size, max(size / 4, 2))


def _middles(page: Page, strips: Sequence[Strip]) -> None:
    bars, medians = [], []
    for strip in strips:
        low, median, high = map(strip.place, strip.quartiles)
        bars.append(((low, strip.room.middle), (high, strip.room.middle)))
        medians.append((median, strip.room.middle))
    page.lines(bars, page.colours.ink, strips[0].bar)
    page.rings(medians, page.colours.ink, strips[0].ring, strips[0].ring / 4)
