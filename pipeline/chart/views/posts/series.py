"""One account's posts, and the line of their rolling median, on axes of posts and values."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from pipeline.chart.number_format import short, tick
from pipeline.chart.paint.marks import Box, Point
from pipeline.chart.paint.page import Page
from pipeline.chart.paint.typesetting import TEXT_PX, Style, width
from pipeline.chart.parts.lines import draw_lines
from pipeline.chart.parts.metrics import DROP, END_DOT, GRID, HALO, SPACE, STROKE
from pipeline.chart.parts.scale import Scale
from pipeline.chart.ranking import RankedRow
from pipeline.chart.views.posts.rolling_median import rolling_median, window_for
from pipeline.i18n import translator
from pipeline.records import ChartData, Normalization

MIN_DOT, MAX_DOT = 4, 9
"""The limits of a dot's size, which is the distance from one post to the next between them, in px."""
RING = 3
"""The width of a hollow dot's ring, in px."""
OVERLAP = 0.8
"""How far a dot may be above the one that it is stacked on, in dots."""
MAX_SHARING = 5
"""At most so many accounts share one drawing: more lines could not be told apart."""
SPARSE = 1.5
"""From one dot to the next where not all dots are drawn, in dots."""


@dataclass(frozen=True, slots=True)
class Series:
    """An account as it is drawn.

    line: the rolling median, newest post first: how many newer posts there are, and the median; empty where the account
        has too few posts.
    """

    entry: RankedRow
    colour: str
    line: tuple[tuple[int, float], ...]

    @property
    def values(self) -> Sequence[float]:
        return self.entry.row.values

    @property
    def newest(self) -> float:
        """The value at the line's newest end, or of the newest post where there is no line."""
        return self.line[0][1] if self.line else self.values[0]

    @property
    def oldest(self) -> float:
        """The value at the line's oldest end, or of the oldest post where there is no line."""
        return self.line[-1][1] if self.line else self.values[-1]


def series_of(page: Page, data: ChartData, entry: RankedRow) -> Series:
    colour = page.colours.muted if entry.row.note else page.colours.account(entry.index)
    posts = window_for(len(entry.row.values))
    counts = data.spec.normalization is Normalization.COUNT
    return Series(entry, colour, tuple(rolling_median(entry.row.values, posts, counts=counts)))


def span_of(all_series: Sequence[Series]) -> int:
    """How many posts the axes have room for: as many as the longest series has, rounded up to tens."""
    return ceil(max((len(series.values) for series in all_series), default=1) / 10) * 10


@dataclass(frozen=True, slots=True)
class Axes:
    """The box of a drawing, in px: posts from left to right, the newest at the right, values from bottom to top.

    span: how many posts it has room for. y: from a value to its px.
    """

    left: float
    right: float
    top: float
    bottom: float
    span: int
    scale: Scale
    y: Callable[[float], float]

    @property
    def step(self) -> float:
        """From one post to the next, in px."""
        return (self.right - self.left) / max(self.span - 1, 1)

    @property
    def dot(self) -> float:
        """The size of a dot, in px."""
        return min(max(self.step, MIN_DOT), MAX_DOT)

    def x(self, newer: int) -> float:
        """The px of the post that has so many newer ones."""
        return self.right - newer * self.step

    def point(self, newer: int, value: float) -> Point:
        return self.x(newer), self.y(value)

    def path(self, line: Sequence[tuple[int, float]]) -> list[Point]:
        right, step, y = self.right, self.step, self.y
        return [(right - newer * step, y(value)) for newer, value in line]

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


def axes_in(box: Box, span: int, scale: Scale) -> Axes:
    left, top, right, bottom = box
    return Axes(left, right, top, bottom, span, scale, scale.to_px(bottom, top))


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


def draw_posts_axis(page: Page, data: ChartData, axes: Axes) -> None:
    """Label the oldest and the newest post, and the post in the middle where there is room."""
    style, language = Style(page.colours.muted), data.spec.language
    gettext, ngettext = translator(language).gettext, translator(language).ngettext
    baseline = axes.bottom + SPACE + TEXT_PX
    oldest = ngettext("{count:number} post ago", "{count:number} posts ago", axes.span)
    newest = gettext("newest")
    middle = short(axes.span // 2, language)
    page.text(axes.left, baseline, oldest, style)
    page.text(axes.right + axes.dot, baseline, newest, style, "right")
    x = axes.x(axes.span // 2 - 1)
    start, end = x - width(middle) / 2 - SPACE, x + width(middle) / 2 + SPACE
    if axes.left + width(oldest) <= start and end <= axes.right - width(newest):
        page.text(x, baseline, middle, style, "center")


def draw_dots(page: Page, data: ChartData, axes: Axes, series: Series, others: Counter[tuple[int, float]]) -> None:
    """Draw a dot for each post, hollow for young ones, stacked on the dots that others have at the same point.

    others: how many dots there are by post and value; those of this series are added.
    """
    young = data.young(series.entry.row)
    counts = data.spec.normalization is Normalization.COUNT
    is_dense = axes.step < MIN_DOT / 2
    points = _sparse(axes, series) if is_dense else _stacked(axes, series, others, counts=counts)
    full = [point for newer, point in points if not young[newer]]
    page.dots(full, page.colours.dot(series.colour), axes.dot, rim=0)
    page.rings([point for newer, point in points if young[newer]], series.colour, axes.dot + RING, RING)


def _stacked(
    axes: Axes, series: Series, others: Counter[tuple[int, float]], *, counts: bool
) -> list[tuple[int, Point]]:
    """How many newer posts each post has, and where its dot is."""
    right, step = axes.right, axes.step
    points = []
    for newer, (value, y) in enumerate(zip(series.values, axes.heights(series.values), strict=True)):
        below = others[newer, value]
        top = max(y - below * axes.overlap(value, counts=counts), axes.top) if below else y
        others[newer, value] += 1
        points.append((newer, (right - newer * step, top)))
    return points


def _sparse(axes: Axes, series: Series) -> list[tuple[int, Point]]:
    """The same for one post of each cell of SPARSE dots: the dots of the others would cover that one."""
    right, step, size = axes.right, axes.step, axes.dot * SPARSE
    points: dict[Point, tuple[int, Point]] = {}
    for newer, y in enumerate(axes.heights(series.values)):
        x = right - newer * step
        points.setdefault((x // size, y // size), (newer, (x, y)))
    return list(points.values())


def draw_medians(page: Page, axes: Axes, all_series: Sequence[Series], stroke: float = STROKE) -> None:
    """Draw the lines of the rolling medians, each with a dot at its newest end."""
    draw_lines(page, [(series.colour, axes.path(series.line)) for series in all_series], stroke)
    for series in reversed(all_series):
        page.dots([axes.point(0, series.newest)], series.colour, stroke * END_DOT, rim=HALO)


def draw_start(page: Page, axes: Axes, series: Series, stroke: float = STROKE) -> None:
    """Draw a short vertical line at the oldest post, where the series is shorter than the axes."""
    if len(series.values) < axes.span:
        x, y = axes.point(len(series.values) - 1, series.oldest)
        page.line([(x, y - 2.5 * stroke), (x, y + 2.5 * stroke)], series.colour, stroke * 2 / 3)
