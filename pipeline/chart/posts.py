"""Post by post: each account's posts, the newest at the right, and the line of their rolling median."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from pipeline.chart import frame
from pipeline.chart.layout import layout
from pipeline.chart.numbers import tick
from pipeline.chart.page import GAP, SOLID, TEXT, Dash, Page, Style, elide, width
from pipeline.chart.scale import Scale, scale_of
from pipeline.chart.smooth import ENOUGH, WINDOW, on_top, rolling_median
from pipeline.chart.standing import Standing, figures, ranked, reason, sample
from pipeline.language import speech, text
from pipeline.records import ChartData

MOST_LINES = 6
READING = text("log scale · line: median of {window} posts ({enough} at its ends)")
COLUMN = 480
"""The most room for the labels at the right."""
LEADER = 60
DOT = 9
STROKE = 6
HALO = 3
SPACE = 24
LABEL_LINE = 42
LABEL_GAP = 14
MOST_OTHERS = 2
LINEAR = 0.27
"""From 0 to 1, in decades: the lines are seldom there."""
DASHES: tuple[Dash, ...] = (SOLID, (3, 1), (1, 0.6), (4, 1, 1, 1), (5, 1), (2, 1))
"""For lines of one colour: stale ones, or the first account and the eleventh."""


@dataclass(frozen=True, slots=True)
class Plot:
    """The box of the drawing, in px, and what lies on its sides."""

    left: float
    right: float
    top: float
    bottom: float
    span: int
    scale: Scale

    def point(self, ago: int, value: float) -> tuple[float, float]:
        return self.x(ago), self.y(value)

    def x(self, ago: int) -> float:
        """Where the post stands that so many newer ones follow."""
        return self.right - ago / max(self.span - 1, 1) * (self.right - self.left)

    def y(self, value: float) -> float:
        return self.bottom - self.scale.share(value) * (self.bottom - self.top)


@dataclass(frozen=True, slots=True)
class Series:
    """An account as it is drawn; line is its rolling median, newest first, empty where there are too few posts."""

    standing: Standing
    colour: str
    line: tuple[float, ...]

    @property
    def last(self) -> float:
        return self.line[0] if self.line else self.standing.row.values[0]


def draw(data: ChartData) -> Page:
    """The lines with the highest medians, as many as can be told apart; the other accounts are named."""
    found = ranked(data, layout(data))
    full = [standing for standing in found if standing.row.values]
    shown, rest = full[:MOST_LINES], full[MOST_LINES:] + found[len(full) :]
    reading = speech(data.look.language).say(READING, window=WINDOW, enough=ENOUGH)
    page = frame.open_page(data, frame.height_for(len(shown)), reading)
    growing = any(any(frame.fresh(data, standing.row)) for standing in shown)
    bottom = frame.foot(page, data, growing=growing, lines=_others(data, rest))
    series = [_series(page, standing) for standing in shown]
    labels = [_label(page, data, one) for one in series]
    plot = _plot(data, shown, labels, bottom)
    if series:
        _axes(page, data, plot)
    for one in series:
        _dots(page, data, plot, one)
    _lines(page, plot, series)
    _labels(page, plot, series, labels, bottom)
    return page


def _series(page: Page, standing: Standing) -> Series:
    colour = page.colours.muted if standing.row.note else page.colours.account(standing.index)
    return Series(standing, colour, tuple(rolling_median(standing.row.values) or ()))


def _label(page: Page, data: ChartData, one: Series) -> list[tuple[str, Style]]:
    row = one.standing.row
    name, style = Style(one.colour, bold=True), Style(page.colours.ink)
    few = [sample(one.standing)] if len(row.values) < data.look.count else []
    words = frame.SEPARATOR.join([figures(data, one.standing)[0], *few])
    note = [(elide(row.note, COLUMN, style), Style(page.colours.muted))] if row.note else []
    return [(elide(f"@{row.handle}", COLUMN, name), name), (words, style), *note]


def _plot(data: ChartData, shown: Sequence[Standing], labels: Sequence[list[tuple[str, Style]]], bottom: float) -> Plot:
    kept = layout(data)
    scale = scale_of(kept, data.look.basis, LINEAR)
    ticks = max(width(tick(value, data.look.language)) for value in scale.ticks())
    column = max((width(*line) for label in labels for line in label), default=0)
    span = ceil(max((len(standing.row.values) for standing in shown), default=1) / 10) * 10
    left, right = frame.LEFT + ticks + SPACE, frame.RIGHT - column - LEADER
    return Plot(left, right, frame.TOP + TEXT / 2, bottom - frame.LINE - SPACE, span, scale)


def _axes(page: Page, data: ChartData, plot: Plot) -> None:
    style = Style(page.colours.muted)
    for value in plot.scale.ticks():
        page.line([(plot.left, plot.y(value)), (plot.right + DOT, plot.y(value))], page.colours.grid, 2)
    for value in plot.scale.labels(lambda value: (plot.y(value), TEXT + 4)):
        page.text(plot.left - SPACE / 2, plot.y(value) + 12, tick(value, data.look.language), style, "right")
    baseline = plot.bottom + SPACE + TEXT
    say = speech(data.look.language).say
    oldest, middle, newest = say("{count} posts ago", count=plot.span), str(plot.span // 2), say("newest")
    page.text(plot.left, baseline, oldest, style)
    page.text(plot.right + DOT, baseline, newest, style, "right")
    half = plot.x(plot.span // 2 - 1)
    if plot.left + width(oldest, style) + SPACE <= half - width(middle, style) / 2:
        page.text(half, baseline, middle, style, "center")


def _dots(page: Page, data: ChartData, plot: Plot, one: Series) -> None:
    row = one.standing.row
    young = frame.fresh(data, row)
    dots = [(plot.x(ago), plot.y(value), young[ago]) for ago, value in enumerate(row.values)]
    page.dots(((x, y) for x, y, hollow in dots if not hollow), page.colours.dot(one.colour), DOT, rim=0)
    page.rings(((x, y) for x, y, hollow in dots if hollow), one.colour, DOT + 3, 3)


def _lines(page: Page, plot: Plot, series: Sequence[Series]) -> None:
    for number, one in reversed(list(enumerate(series))):
        dash = DASHES[sum(other.colour == one.colour for other in series[:number]) % len(DASHES)]
        points = [plot.point(ago, value) for ago, value in enumerate(one.line)]
        page.line(points, page.colours.paper, STROKE + 2 * HALO)
        page.line(points, one.colour, STROKE, dash)
    for one, steps in zip(series, on_top([one.line for one in series]), strict=True):
        page.line(_path(plot, one.line, steps), one.colour, STROKE)


def _path(plot: Plot, line: Sequence[float], steps: Sequence[int]) -> list[tuple[float, float]]:
    """The parts of the line that are these steps, without seams."""
    points: list[tuple[float, float]] = []
    for step in steps:
        start, end = plot.point(step, line[step]), plot.point(step + 1, line[step + 1])
        points += [end] if points and points[-1] == start else [GAP, start, end]
    return points


def _labels(
    page: Page, plot: Plot, series: Sequence[Series], labels: Sequence[list[tuple[str, Style]]], bottom: float
) -> None:
    left = plot.right + LEADER
    heights = [LABEL_LINE * len(label) + LABEL_GAP for label in labels]
    wanted = [plot.y(one.last) - LABEL_LINE / 2 for one in series]
    for one, label, top in zip(series, labels, stack(wanted, heights, frame.TOP, bottom), strict=True):
        y = plot.y(one.last)
        page.line([(plot.right + DOT, y), (left - 10, top + LABEL_LINE / 2)], one.colour, 2)
        for number, (words, style) in enumerate(label):
            page.text(left, top + LABEL_LINE * number + TEXT - 4, words, style)


def stack(wanted: Sequence[float], heights: Sequence[float], top: float, bottom: float) -> list[float]:
    """Where blocks of these heights begin: as near as can be to where they are wanted, without touching each other."""
    order = sorted(range(len(wanted)), key=lambda number: wanted[number])
    tops = list(wanted)
    for number in order:
        tops[number] = top = max(tops[number], top)
        top += heights[number]
    for number in reversed(order):
        tops[number] = bottom = min(tops[number], bottom - heights[number])
    return tops


def _others(data: ChartData, rest: Sequence[Standing]) -> list[str]:
    """Names the accounts that are not drawn, in two lines at most."""
    say = speech(data.look.language).say
    names = [elide(_name(data, standing), frame.RIGHT - frame.LEFT) for standing in rest]
    for told in range(len(names), -1, -1):
        more = [say("{count} more", count=len(names) - told)] if told < len(names) else []
        lines = _wrap([say("not drawn, in the text below:"), *_listed([*names[:told], *more])])
        if len(lines) <= MOST_OTHERS:
            break
    return lines if rest else []


def _listed(names: Sequence[str]) -> list[str]:
    return [f"{name}," for name in names[:-1]] + list(names[-1:])


def _name(data: ChartData, standing: Standing) -> str:
    row = standing.row
    return f"@{row.handle}" if row.values else f"@{row.handle} ({reason(data, row)})"


def _wrap(words: Sequence[str]) -> list[str]:
    lines = [""]
    for word in words:
        longer = f"{lines[-1]} {word}".strip()
        if width(longer) <= frame.RIGHT - frame.LEFT:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
