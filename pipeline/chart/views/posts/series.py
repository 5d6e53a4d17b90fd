"""One account's posts, and the line of their rolling median, on axes of time and values."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median_low

from pipeline.chart.number_format import tick
from pipeline.chart.paint.marks import Box, Point
from pipeline.chart.paint.page import Page
from pipeline.chart.paint.typesetting import TEXT_PX, Style, width
from pipeline.chart.parts.lines import draw_lines
from pipeline.chart.parts.metrics import DROP, END_DOT, GRID, HALO, SPACE, STROKE
from pipeline.chart.parts.scale import Scale
from pipeline.chart.ranking import RankedRow
from pipeline.chart.views.posts.rolling_median import rolling_median, window_for
from pipeline.chart.wording import time
from pipeline.records import ChartData, ChartRow, Normalization

MIN_DOT, MAX_DOT = 4, 9
"""The limits of a dot's size, which is the mean distance from one post to the next between them, in px."""
RING = 3
"""The width of a hollow dot's ring, in px."""
OVERLAP = 0.8
"""How far a dot may be above the one that it is stacked on, in dots."""
MAX_SHARING = 5
"""At most so many accounts share one drawing: more lines could not be told apart."""
SPARSE = 1.5
"""From one dot to the next where not all dots are drawn, in dots."""
MAX_STRETCH = 4
"""The axis of time is at most so many times as long as the period of half of the accounts, however old posts are."""
MIN_SPAN = timedelta(hours=1)
CHEVRON, CHEVRON_STROKE = 10, 5
"""The mark of a post above the axis of values, in px."""
PATTERNS = {timedelta(0): "d MMM HH:mm", timedelta(days=4): "d MMM", timedelta(days=300): "MMM y"}
"""How times on an axis are written, by how long it is at least."""


@dataclass(frozen=True, slots=True)
class Series:
    """An account as it is drawn.

    line: the rolling median, newest post first: the time of a post, and the median; empty where the account has too
        few posts.
    """

    entry: RankedRow
    colour: str
    line: tuple[tuple[datetime, float], ...]

    @property
    def values(self) -> Sequence[float]:
        return self.entry.row.values

    @property
    def end(self) -> tuple[datetime, float]:
        """The line's newest end, or the newest post where there is no line."""
        return self.line[0] if self.line else (self.entry.row.times[0], self.values[0])

    @property
    def oldest(self) -> float:
        """The value at the line's oldest end, or of the oldest post where there is no line."""
        return self.line[-1][1] if self.line else self.values[-1]


def series_of(page: Page, data: ChartData, entry: RankedRow) -> Series:
    colour = page.colours.muted if entry.row.note else page.colours.account(entry.index)
    row, counts = entry.row, data.spec.normalization is Normalization.COUNT
    medians = rolling_median(row.values, window_for(len(row.values)), counts=counts)
    return Series(entry, colour, tuple((row.times[index], value) for index, value in medians))


@dataclass(frozen=True, slots=True)
class Span:
    """What the axis of time shows: from when until when, and how many posts of the account that has most then."""

    start: datetime
    end: datetime
    most: int

    def older(self, row: ChartRow) -> int:
        """How many posts of the account are older."""
        return sum(moment < self.start for moment in row.times)


def span_of(rows: Sequence[ChartRow]) -> Span:
    """From the oldest post to the newest one, but not further back than suits half of the accounts."""
    end = max(row.times[0] for row in rows)
    periods = [end - row.times[-1] for row in rows]
    start = end - max(min(max(periods), median_low(periods) * MAX_STRETCH), MIN_SPAN)
    most = max(sum(moment >= start for moment in row.times) for row in rows)
    return Span(start, end, most)


@dataclass(frozen=True, slots=True)
class Axes:
    """The box of a drawing, in px: time from left to right, values from bottom to top.

    y: from a value to its px; values above the axis are at its top.
    """

    left: float
    right: float
    top: float
    bottom: float
    span: Span
    scale: Scale
    y: Callable[[float], float]

    @property
    def step(self) -> float:
        """The mean distance from one post to the next, in px."""
        return (self.right - self.left) / max(self.span.most - 1, 1)

    @property
    def dot(self) -> float:
        """The size of a dot, in px."""
        return min(max(self.step, MIN_DOT), MAX_DOT)

    def x(self, moment: datetime) -> float:
        """The px of a moment; what is older than the axis is at its left end."""
        share = (moment - self.span.start) / (self.span.end - self.span.start)
        return self.left + max(share, 0) * (self.right - self.left)

    def point(self, moment: datetime, value: float) -> Point:
        return self.x(moment), self.y(value)

    def path(self, line: Sequence[tuple[datetime, float]]) -> list[Point]:
        return [self.point(moment, value) for moment, value in line if moment >= self.span.start]

    def overlap(self, value: float, *, counts: bool) -> float:
        """How far above the one below it a stacked dot is, in px.

        Where whole counts are shown, the highest of MAX_SHARING stacked dots is still nearest to its own count.
        """
        half_way = (self.y(value) - self.y(value + 1)) / 2 - 1 if counts else 0
        return min(self.dot * OVERLAP, max(half_way, 0) / (MAX_SHARING - 1))

    def heights(self, values: Sequence[float]) -> list[float]:
        """The px of the values; equal values are computed once."""
        y = {value: self.y(value) for value in set(values)}
        return [y[value] for value in values]


def axes_in(box: Box, span: Span, scale: Scale) -> Axes:
    left, top, right, bottom = box
    to_px = scale.to_px(bottom, top)
    return Axes(left, right, top, bottom, span, scale, lambda value: to_px(min(value, scale.high)))


def ticks_width(data: ChartData, scale: Scale) -> float:
    """The width of the labels at the left of the axes."""
    return max(width(tick(value, data.spec.language)) for value in scale.ticks()) + SPACE


def draw_values_axis(page: Page, data: ChartData, axes: Axes) -> None:
    style = Style(page.colours.muted)
    for value in axes.scale.labels(lambda value: (axes.y(value), TEXT_PX + 4)):
        page.text(axes.left - SPACE / 2, axes.y(value) + DROP, tick(value, data.spec.language), style, "right")


def draw_grid(page: Page, all_axes: Sequence[Axes], free: Box | None = None) -> None:
    """A line for each tick of the axes, interrupted within the box that is to stay free for text."""
    pairs = [pair for axes in all_axes for pair in _grid(axes, free)]
    page.lines([(start, end) for start, end in pairs if start[0] < end[0]], page.colours.grid, GRID)


def _grid(axes: Axes, free: Box | None) -> Iterator[tuple[Point, Point]]:
    for value in axes.scale.ticks():
        y, end = axes.y(value), axes.right + axes.dot
        if free and free[1] <= y <= free[3]:
            yield (axes.left, y), (free[0], y)
            yield (free[2], y), (end, y)
        else:
            yield (axes.left, y), (end, y)


def draw_times(page: Page, data: ChartData, axes: Axes) -> None:
    """Label both ends of the axis of time, and its middle where there is room."""
    style, span = Style(page.colours.muted), axes.span
    length = span.end - span.start
    pattern = next(PATTERNS[least] for least in reversed(PATTERNS) if length >= least)
    baseline = axes.bottom + SPACE + TEXT_PX
    start, middle, end = (time(data, pattern, moment) for moment in (span.start, span.start + length / 2, span.end))
    right, centre = axes.right + axes.dot, (axes.left + axes.right) / 2
    page.text(axes.left, baseline, start, style)
    page.text(right, baseline, end, style, "right")
    half = width(middle) / 2 + SPACE
    if axes.left + width(start) <= centre - half and centre + half <= right - width(end):
        page.text(centre, baseline, middle, style, "center")


def draw_dots(page: Page, data: ChartData, axes: Axes, series: Series, others: Counter[tuple[int, float]]) -> None:
    """Draw a dot for each post, hollow for young ones, stacked on those at the same point; point at posts above.

    others: how many dots there are by px and value; those of this series are added.
    """
    row, counts = series.entry.row, data.spec.normalization is Normalization.COUNT
    posts = [
        (moment, value, is_young)
        for moment, value, is_young in zip(row.times, row.values, data.young(row), strict=True)
        if moment >= axes.span.start
    ]
    on_axis = [post for post in posts if post[1] <= axes.scale.high]
    points = _sparse(axes, on_axis) if axes.step < MIN_DOT / 2 else _stacked(axes, on_axis, others, counts=counts)
    page.dots([point for point, is_young in points if not is_young], page.colours.dot(series.colour), axes.dot, rim=0)
    page.rings([point for point, is_young in points if is_young], series.colour, axes.dot + RING, RING)
    for moment, value, _ in posts:
        if value > axes.scale.high:
            _draw_chevron(page, axes.point(moment, value), series.colour)


Post = tuple[datetime, float, bool]
"""When it was made, its value, and whether it is young."""


def _stacked(
    axes: Axes, posts: Sequence[Post], others: Counter[tuple[int, float]], *, counts: bool
) -> list[tuple[Point, bool]]:
    """Where the dot of each post is, and whether the post is young."""
    points = []
    heights = axes.heights([value for _, value, _ in posts])
    for (moment, value, is_young), y in zip(posts, heights, strict=True):
        x = axes.x(moment)
        key = round(x), value
        below = min(others[key], MAX_SHARING - 1)
        others[key] += 1
        top = max(y - below * axes.overlap(value, counts=counts), axes.top) if below else y
        points.append(((x, top), is_young))
    return points


def _sparse(axes: Axes, posts: Sequence[Post]) -> list[tuple[Point, bool]]:
    """The same for one post of each cell of SPARSE dots: the dots of the others would cover that one."""
    size = axes.dot * SPARSE
    points: dict[Point, tuple[Point, bool]] = {}
    heights = axes.heights([value for _, value, _ in posts])
    for (moment, _, is_young), y in zip(posts, heights, strict=True):
        x = axes.x(moment)
        points.setdefault((x // size, y // size), ((x, y), is_young))
    return list(points.values())


def _draw_chevron(page: Page, point: Point, colour: str) -> None:
    """Point at a post above the axis; the words beside the account say how far away it is."""
    x, y = point
    page.line([(x - CHEVRON, y + CHEVRON), (x, y), (x + CHEVRON, y + CHEVRON)], colour, CHEVRON_STROKE)


def draw_medians(page: Page, axes: Axes, all_series: Sequence[Series], stroke: float = STROKE) -> None:
    """Draw the lines of the rolling medians, each with a dot at its newest end."""
    draw_lines(page, [(series.colour, axes.path(series.line)) for series in all_series], stroke)
    for series in reversed(all_series):
        if series.end[0] >= axes.span.start:
            page.dots([axes.point(*series.end)], series.colour, stroke * END_DOT, rim=HALO)


def draw_start(page: Page, axes: Axes, series: Series, stroke: float = STROKE) -> None:
    """Draw a short vertical line at the oldest post, where the series is shorter than the axes."""
    moment = series.entry.row.times[-1]
    if moment > axes.span.start:
        x, y = axes.point(moment, series.oldest)
        page.line([(x, y - 2.5 * stroke), (x, y + 2.5 * stroke)], series.colour, stroke * 2 / 3)
