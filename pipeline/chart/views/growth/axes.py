"""The axes of growth: time from left to right, what was gained from bottom to top."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import ceil
from zoneinfo import ZoneInfo

from pipeline.chart.number_format import tick
from pipeline.chart.paint.marks import Point
from pipeline.chart.paint.page import Page
from pipeline.chart.paint.typesetting import TEXT_PX, Style, width
from pipeline.chart.parts.metrics import DROP, GRID, LEFT, LINE, SPACE, STROKE
from pipeline.chart.parts.scale import ROUND
from pipeline.chart.ranking import RankedRow
from pipeline.chart.views.growth.cumulative import CumulativeSeries, level_at, level_before
from pipeline.chart.views.growth.words import time_as
from pipeline.records import ChartData, ChartRow, Layout, Span

MAX_STEPS = 6
"""How many steps the axis of what was gained has at most."""
TICK_EVERY = {Span.HOUR: timedelta(minutes=15), Span.DAY: timedelta(hours=6), Span.WEEK: timedelta(days=2)}
"""From one time on the axis to the next, counted from midnight in the chart's time zone."""
TICK_PATTERNS = {Span.HOUR: "HH:mm", Span.DAY: "HH:mm", Span.WEEK: "EEE d"}


@dataclass(frozen=True, slots=True)
class GrowthLine:
    """An account as it is drawn."""

    entry: RankedRow
    colour: str
    steps: CumulativeSeries

    @property
    def row(self) -> ChartRow:
        return self.entry.row


@dataclass(frozen=True, slots=True)
class Axes:
    """The box of a drawing in px, the span of time, and the lowest and the highest gain."""

    left: float
    right: float
    top: float
    bottom: float
    start: datetime
    end: datetime
    low: float
    high: float

    def x(self, moment: datetime) -> float:
        return self.left + (moment - self.start) / (self.end - self.start) * (self.right - self.left)

    def y(self, gained: float) -> float:
        return self.bottom - (gained - self.low) / (self.high - self.low) * (self.bottom - self.top)

    def path(self, line: GrowthLine) -> list[Point]:
        """Level from each step to the next and until the account was fetched last; aslant over gaps."""
        row, steps = line.row, line.steps
        begins = {end: max(begin, steps[0][0]) for begin, end in row.gaps}
        points = [(self.x(moment), self.y(gained)) for moment, gained in steps[:1]]
        for (_, before), (moment, gained) in pairwise(steps):
            points += [(self.x(begins.get(moment, moment)), self.y(before)), (self.x(moment), self.y(gained))]
        return [*points, (self.x(row.until or self.end), points[-1][1])]

    def bridges(self, line: GrowthLine) -> list[tuple[Point, Point]]:
        """The parts of the path that lead over gaps, within which the account was not fetched."""
        row, steps = line.row, line.steps
        sides = [(max(begin, steps[0][0]), end) for begin, end in row.gaps]
        levels = [(level_before(steps, end), level_at(steps, end)) for _, end in sides]
        return [
            ((self.x(begin), self.y(before)), (self.x(end), self.y(after)))
            for (begin, end), (before, after) in zip(sides, levels, strict=True)
        ]


def axes_of(data: ChartData, layout: Layout, right: float, top: float, bottom: float) -> Axes:
    """The axes between the labels of the ticks at the left and this right end, above the times."""
    labels_px = max(width(tick(value, data.spec.language)) for value in _ticks(layout.low, layout.high))
    start, lowest = data.end - data.spec.span.length, bottom - LINE - SPACE
    return Axes(LEFT + labels_px + SPACE, right, top, lowest, start, data.end, layout.low, layout.high)


def _ticks(low: float, high: float) -> list[float]:
    """Round whole numbers from low to high, zero among them."""
    step = max(ROUND.value(ROUND.above((high - low) / MAX_STEPS)), 1)
    return [step * number for number in range(ceil(low / step), int(high // step) + 1)]


def draw_axes(page: Page, data: ChartData, axes: Axes) -> None:
    style = Style(page.colours.muted)
    for value in _ticks(axes.low, axes.high):
        y = axes.y(value)
        page.line([(axes.left, y), (axes.right, y)], page.colours.grid if value else page.colours.muted, GRID)
        page.text(axes.left - SPACE / 2, y + DROP, tick(value, data.spec.language), style, "right")
    draw_times(page, data, axes)


def draw_times(page: Page, data: ChartData, axes: Axes) -> None:
    """Label round times below the drawing, where there is room."""
    for moment in round_times(axes, TICK_EVERY[data.spec.span], ZoneInfo(data.spec.time_zone)):
        x, text = axes.x(moment), time_as(TICK_PATTERNS, data, moment)
        if x - width(text) / 2 >= LEFT and x + width(text) / 2 <= axes.right + STROKE:
            page.line([(x, axes.bottom), (x, axes.bottom + SPACE / 2)], page.colours.muted, GRID)
            page.text(x, axes.bottom + SPACE + TEXT_PX, text, Style(page.colours.muted), "center")


def round_times(axes: Axes, every: timedelta, zone: ZoneInfo) -> list[datetime]:
    """The round times by the clocks of the zone. A time that the clocks skip stands for the one that they show."""
    start, end = axes.start.astimezone(zone), axes.end.astimezone(zone)
    midnight = end.replace(hour=0, minute=0, second=0, microsecond=0)
    numbers = range((start - midnight) // every, (end - midnight) // every + 1)
    moments = {(midnight + every * number).astimezone(UTC) for number in numbers}
    return sorted(moment for moment in moments if axes.start <= moment <= axes.end)
