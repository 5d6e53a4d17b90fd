"""One account's posts and the line of their rolling median, in a box that says where each post stands."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from pipeline.chart.number_format import short, tick
from pipeline.chart.paint.marks import GAP, SOLID, Dash
from pipeline.chart.paint.page import Page
from pipeline.chart.paint.typesetting import TEXT_PX, Style, width
from pipeline.chart.parts.scale import Scale
from pipeline.chart.ranking import RankedRow
from pipeline.chart.views.posts.rolling_median import on_top, rolling_median, window
from pipeline.i18n import translator
from pipeline.records import ChartData, Normalization

Point = tuple[float, float]
STROKE = 6
HALO = 3
DOTS = (4, 9)
"""The least and the greatest size of a dot; as large as from one post to the next between them."""
STACKED = 0.8
"""How far at most a dot is above the one that it is stacked on, in dots."""
MOST_TOGETHER = 5
"""More lines in one drawing could not be told apart: each gets its own."""
APART = 1.5
"""From one dot to the next where there are more than can stand side by side, in dots."""
SPACE = 24
DASHES: tuple[Dash, ...] = (SOLID, (3, 1), (1, 0.6), (4, 1, 1, 1), (5, 1), (2, 1))
"""For lines of one colour: stale ones, or the first account and the eleventh."""


@dataclass(frozen=True, slots=True)
class Series:
    """An account as it is drawn.

    line: how many newer posts there are and the rolling median, newest first; empty where there are too few posts.
    """

    entry: RankedRow
    colour: str
    line: tuple[tuple[int, float], ...]

    @property
    def values(self) -> Sequence[float]:
        return self.entry.row.values

    @property
    def last(self) -> float:
        return self.line[0][1] if self.line else self.values[0]

    @property
    def first(self) -> float:
        return self.line[-1][1] if self.line else self.values[-1]


def series(page: Page, data: ChartData, entry: RankedRow) -> Series:
    colour = page.colours.muted if entry.row.note else page.colours.account(entry.index)
    posts = window(len(entry.row.values))
    counts = data.spec.normalization is Normalization.COUNT
    return Series(entry, colour, tuple(rolling_median(entry.row.values, posts, counts=counts)))


def longest(shown: Sequence[Series]) -> int:
    """How many posts the drawing has room for: as many as the longest series has, rounded up to tens."""
    return ceil(max((len(one.values) for one in shown), default=1) / 10) * 10


@dataclass(frozen=True, slots=True)
class Plot:
    """The box of a drawing, in px; y says where a value lies in it."""

    left: float
    right: float
    top: float
    bottom: float
    span: int
    scale: Scale
    y: Callable[[float], float]

    @property
    def step(self) -> float:
        """From one post to the next."""
        return (self.right - self.left) / max(self.span - 1, 1)

    @property
    def dot(self) -> float:
        return min(max(self.step, DOTS[0]), DOTS[1])

    def x(self, ago: int) -> float:
        """Where the post stands that so many newer ones follow."""
        return self.right - ago * self.step

    def point(self, ago: int, value: float) -> Point:
        return self.x(ago), self.y(value)

    def path(self, line: Sequence[tuple[int, float]]) -> list[Point]:
        right, step, y = self.right, self.step, self.y
        return [(right - ago * step, y(value)) for ago, value in line]

    def stacked(self, value: float, counts: bool) -> float:  # noqa: FBT001 what is counted is whole
        """How far a dot may be above the one it is stacked on: the highest of all is still nearest to its count."""
        half = (self.y(value) - self.y(value + 1)) / 2 - 1 if counts else 0
        return min(self.dot * STACKED, max(half, 0) / (MOST_TOGETHER - 1))

    def heights(self, values: Sequence[float]) -> list[float]:
        """Where they lie; equal counts are many."""
        y = {value: self.y(value) for value in set(values)}
        return [y[value] for value in values]


def plot(left: float, right: float, top: float, bottom: float, span: int, scale: Scale) -> Plot:  # noqa: PLR0913, PLR0917 a box and its axes
    return Plot(left, right, top, bottom, span, scale, scale.placed(bottom, top))


def ticks_width(data: ChartData, scale: Scale) -> float:
    return max(width(tick(value, data.spec.language)) for value in scale.ticks()) + SPACE


def values_axis(page: Page, data: ChartData, box: Plot) -> None:
    style = Style(page.colours.muted)
    for value in box.scale.labels(lambda value: (box.y(value), TEXT_PX + 4)):
        page.text(box.left - SPACE / 2, box.y(value) + 12, tick(value, data.spec.language), style, "right")


def grid(page: Page, boxes: Sequence[Plot], free: tuple[float, float, float, float] | None = None) -> None:
    """A line for each tick, interrupted where text stands: left, right, top and bottom of what is to stay free."""
    pairs = [pair for box in boxes for pair in _grid(box, free)]
    page.lines([(start, end) for start, end in pairs if start[0] < end[0]], page.colours.grid, 2)


def _grid(box: Plot, free: tuple[float, float, float, float] | None) -> Iterator[tuple[Point, Point]]:
    for value in box.scale.ticks():
        y, end = box.y(value), box.right + box.dot
        if free and free[2] <= y <= free[3]:
            yield (box.left, y), (free[0], y)
            yield (free[1], y), (end, y)
        else:
            yield (box.left, y), (end, y)


def posts_axis(page: Page, data: ChartData, box: Plot) -> None:
    """From the oldest post to the newest."""
    style, language = Style(page.colours.muted), data.spec.language
    gettext, ngettext = translator(language).gettext, translator(language).ngettext
    baseline = box.bottom + SPACE + TEXT_PX
    oldest = ngettext("{count:number} post ago", "{count:number} posts ago", box.span)
    newest = gettext("newest")
    middle = short(box.span // 2, language)
    page.text(box.left, baseline, oldest, style)
    page.text(box.right + box.dot, baseline, newest, style, "right")
    half = box.x(box.span // 2 - 1)
    free = half - width(middle) / 2 - SPACE, half + width(middle) / 2 + SPACE
    if box.left + width(oldest) <= free[0] and free[1] <= box.right - width(newest):
        page.text(half, baseline, middle, style, "center")


def dots(page: Page, data: ChartData, box: Plot, one: Series, others: Counter[tuple[int, float]]) -> None:
    """A dot a post, the youngest hollow; upon the dots that others have in the same place, which are counted."""
    young = data.young(one.entry.row)
    counts = data.spec.normalization is Normalization.COUNT
    places = _crowded(box, one) if box.step < DOTS[0] / 2 else _stacked(box, one, others, counts=counts)
    page.dots([place for ago, place in places if not young[ago]], page.colours.dot(one.colour), box.dot, rim=0)
    page.rings([place for ago, place in places if young[ago]], one.colour, box.dot + 3, 3)


def _stacked(box: Plot, one: Series, others: Counter[tuple[int, float]], *, counts: bool) -> list[tuple[int, Point]]:
    """Where each post's dot is, by how many newer ones there are."""
    right, step = box.right, box.step
    places = []
    for ago, (value, y) in enumerate(zip(one.values, box.heights(one.values), strict=True)):
        below = others[ago, value]
        place = right - ago * step, max(y - below * box.stacked(value, counts), box.top) if below else y
        others[ago, value] += 1
        places.append((ago, place))
    return places


def _crowded(box: Plot, one: Series) -> list[tuple[int, Point]]:
    """As many of the dots as find room side by side: all the others would lie upon them."""
    right, step, size = box.right, box.step, box.dot * APART
    places: dict[Point, tuple[int, Point]] = {}
    for ago, y in enumerate(box.heights(one.values)):
        x = right - ago * step
        places.setdefault((x // size, y // size), (ago, (x, y)))
    return list(places.values())


def lines(page: Page, box: Plot, shown: Sequence[Series], stroke: float = STROKE) -> None:
    """With a dot at the newest post."""
    told_apart(page, [(one.colour, box.path(one.line)) for one in shown], stroke)
    for one in reversed(shown):
        page.dots([box.point(0, one.last)], one.colour, stroke * 2.5, rim=HALO)


def told_apart(page: Page, paths: Sequence[tuple[str, Sequence[Point]]], stroke: float = STROKE) -> None:
    """The first on top; a rim in the paper's colour tells them apart where they cross, turns where they coincide."""
    for number, (colour, path) in reversed(list(enumerate(paths))):
        dash = DASHES[sum(other == colour for other, _ in paths[:number]) % len(DASHES)]
        page.line(path, page.colours.paper, stroke + 2 * HALO)
        page.line(path, colour, stroke, dash)
    for (colour, path), steps in zip(paths, on_top([path for _, path in paths]), strict=True):
        if steps:
            page.line(_parts(path, steps), colour, stroke)


def begin(page: Page, box: Plot, one: Series, stroke: float = STROKE) -> None:
    """A stop where a series is shorter than the drawing."""
    if len(one.values) < box.span:
        x, y = box.point(len(one.values) - 1, one.first)
        page.line([(x, y - 2.5 * stroke), (x, y + 2.5 * stroke)], one.colour, stroke * 2 / 3)


def _parts(path: Sequence[Point], steps: Sequence[int]) -> list[Point]:
    """The parts of the path that are these steps, without seams."""
    points: list[Point] = []
    for step in steps:
        start, end = path[step], path[step + 1]
        points += [end] if points and points[-1] == start else [GAP, start, end]
    return points
