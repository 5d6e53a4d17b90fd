"""Growth: what each account gained within the span, as lines from nothing, and who overtook whom."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import ceil

from babel.dates import format_datetime

from pipeline.chart.number_format import short, tick
from pipeline.chart.paint.page import Page
from pipeline.chart.paint.typesetting import TEXT_PX, Style, width
from pipeline.chart.parts import frame, labels, overflow
from pipeline.chart.parts.scale import ROUND
from pipeline.chart.prepared import Chart
from pipeline.chart.ranking import RankedRow
from pipeline.chart.views.growth.cumulative import Course, Overtaking, course, level_at, level_before, overtakings
from pipeline.chart.views.posts.series import HALO, SPACE, STROKE, told_apart
from pipeline.i18n import lazy_gettext, translator
from pipeline.records import ChartData, ChartRow, Layout, LazyString, Span

Point = tuple[float, float]
MOST_LINES = 6
USUAL = 3
"""Rather than to draw fewer, the page becomes higher."""
LEAST_LABEL = 140
"""The height of a label of three lines."""
LEAST_DRAWING = 300
"""The height of the drawing."""
NAME = 38
NAME_BASELINE = 32
HEAD = 64
"""The room of the name over the line of one account."""
TICKS = 6
"""At most so many steps on the axis of what was gained."""
EVERY = {Span.HOUR: timedelta(minutes=15), Span.DAY: timedelta(hours=6), Span.WEEK: timedelta(days=2)}
"""From one time on the axis to the next, counted from midnight UTC."""
TIMES = {Span.HOUR: "HH:mm", Span.DAY: "HH:mm", Span.WEEK: "EEE d"}
MOMENTS = {Span.HOUR: "HH:mm", Span.DAY: "HH:mm", Span.WEEK: "EEE HH:mm"}
"""Unmistakable within the span."""
BRIEF = 1 / 40
"""Who was ahead for less of the span overtook nobody."""
MOST_RINGS = 6
RING = 24
RING_WIDTH = 5
TOLD = 2
"""So many of the latest overtakings are told."""
READING = lazy_gettext("linear scale")
RINGS = lazy_gettext("ring: one passes another")
GAPS = lazy_gettext("dashed: not read then")
DASHES = (1.2, 1.2)
PASSED = {
    Span.HOUR: lazy_gettext("{name} passed {other} at {time}"),
    Span.DAY: lazy_gettext("{name} passed {other} at {time}"),
    Span.WEEK: lazy_gettext("{name} passed {other} on {time}"),
}
NOTHING = {
    Span.HOUR: lazy_gettext("nothing gained in the last hour"),
    Span.DAY: lazy_gettext("nothing gained in the last 24 hours"),
    Span.WEEK: lazy_gettext("nothing gained in the last 7 days"),
}
UNKNOWN = lazy_gettext("nothing known yet")
NOT_KNOWN = {
    Span.HOUR: lazy_gettext("nothing known of the last hour"),
    Span.DAY: lazy_gettext("nothing known of the last 24 hours"),
    Span.WEEK: lazy_gettext("nothing known of the last 7 days"),
}


@dataclass(frozen=True, slots=True)
class Plot:
    """The box of the drawing, in px; time goes from left to right, what was gained from the bottom up."""

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

    def path(self, row: ChartRow, steps: Course) -> list[Point]:
        """Level from each moment to the next, and on to where the account was read last; aslant over a gap."""
        begins = {end: max(begin, steps[0][0]) for begin, end in row.gaps}
        points = [(self.x(moment), self.y(gained)) for moment, gained in steps[:1]]
        for (_, before), (moment, gained) in pairwise(steps):
            points += [(self.x(begins.get(moment, moment)), self.y(before)), (self.x(moment), self.y(gained))]
        return [*points, (self.x(row.until or self.end), points[-1][1])]

    def bridges(self, row: ChartRow, steps: Course) -> list[tuple[Point, Point]]:
        """Where the path leads over times at which nobody read the account."""
        sides = [(max(begin, steps[0][0]), end) for begin, end in row.gaps]
        levels = [(level_before(steps, end), level_at(steps, end)) for _, end in sides]
        return [
            ((self.x(begin), self.y(before)), (self.x(end), self.y(after)))
            for (begin, end), (before, after) in zip(sides, levels, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class Line:
    """An account as it is drawn."""

    entry: RankedRow
    colour: str
    course: Course

    @property
    def row(self) -> ChartRow:
        return self.entry.row


def draw(chart: Chart) -> Page:
    """The lines of those that gained most, as many as can be told apart; the others are named."""
    data, kept, found = chart.data, chart.layout, chart.entries
    start = data.end - data.spec.span.length
    moved = [entry for entry in found if _moved(entry.row)]
    shown, names = _divided(chart, [*moved, *(entry for entry in found if entry not in moved)], len(moved))
    courses = [course(entry.row, start) for entry in shown]
    passed = [
        each
        for each in overtakings(courses, data.end, data.spec.span.length * BRIEF)
        if _is_seen(each, shown[each.by].row) and _is_seen(each, shown[each.of].row)
    ]
    page = frame.open_page(chart, _height(len(shown), names), _reading(data, passed))
    drawn = [_line(page, entry, steps) for entry, steps in zip(shown, courses, strict=True)]
    bottom = frame.foot(page, data, growing=False, lines=_foot(data, drawn, passed, names))
    if len(drawn) == 1:
        _single(page, data, kept, drawn[0], bottom)
    elif drawn:
        _together(page, data, kept, drawn, passed, bottom)
    else:
        _nothing(page, data, bottom)
    return page


def _divided(chart: Chart, found: Sequence[RankedRow], most: int) -> tuple[Sequence[RankedRow], list[str]]:
    """Those that are drawn, and the lines that name the others."""
    amount, names = overflow.divided(chart, found, min(most, MOST_LINES), USUAL, _least_height)
    return found[:amount], names


def _height(drawn: int, names: Sequence[str]) -> int:
    return max(frame.height_for(drawn + bool(names)), _least_height(drawn, names))


def _least_height(drawn: int, names: Sequence[str]) -> int:
    foot = frame.foot_height(len(names) + bool(names)) + frame.BOTTOM
    return ceil(frame.TOP + max(LEAST_DRAWING + frame.LINE + SPACE, LEAST_LABEL * drawn - labels.GAP) + foot)


def _moved(row: ChartRow) -> bool:
    return row.total is not None and any(gained for _, gained in row.course)


def _line(page: Page, entry: RankedRow, steps: Course) -> Line:
    colour = page.colours.muted if entry.row.note else page.colours.account(entry.index)
    return Line(entry, colour, steps)


def _is_seen(passing: Overtaking, row: ChartRow) -> bool:
    """Nobody knows when it happened where nobody read the account until then."""
    return passing.moment not in {end for _, end in row.gaps}


def _reading(data: ChartData, passed: Sequence[Overtaking]) -> str:
    gettext = translator(data.spec.language).gettext
    return frame.SEPARATOR.join([gettext(READING), *([gettext(RINGS)] if passed else [])])


def _together(  # noqa: PLR0913, PLR0917 all that is drawn
    page: Page, data: ChartData, kept: Layout, drawn: Sequence[Line], passed: Sequence[Overtaking], bottom: float
) -> None:
    """Each line with its label at the right."""
    words = [_label(page, data, line) for line in drawn]
    box = _plot(data, kept, frame.RIGHT - labels.taken(words), frame.TOP + TEXT_PX / 2, bottom)
    _axes(page, data, box)
    _lines(page, box, drawn)
    _rings(page, box, drawn, passed)
    labels.beside(page, words, [(box.right, box.y(line.course[-1][1])) for line in drawn], bottom)


def _single(page: Page, data: ChartData, kept: Layout, line: Line, bottom: float) -> None:
    """Over the whole width, what is to be said above."""
    ink, muted = Style(page.colours.ink, NAME, bold=True), Style(page.colours.muted)
    name = f"@{line.row.handle}", Style(line.colour, NAME, bold=True)
    parts = [name, (_gained(data, line.row), ink), (_since(data, line.row), muted), (line.row.note or "", muted)]
    labels.heading(page, frame.TOP + NAME_BASELINE, parts)
    box = _plot(data, kept, frame.RIGHT - STROKE * 2, frame.TOP + HEAD + TEXT_PX / 2, bottom)
    _axes(page, data, box)
    _lines(page, box, [line])


def _nothing(page: Page, data: ChartData, bottom: float) -> None:
    """A level line, and in words what it means."""
    words = _why_nothing(data) if data.rows else frame.NOBODY
    box = _plot(data, Layout(0, 1, ()), frame.RIGHT, frame.TOP, bottom)
    page.line([(box.left, box.bottom), (box.right, box.bottom)], page.colours.muted, 2)
    _times(page, data, box)
    frame.tell(page, data, words, box.bottom)


def _why_nothing(data: ChartData) -> LazyString:
    """Nothing was gained, as far as is known; or nothing is known."""
    known = [row for row in data.rows if row.total is not None]
    since = max((row.since for row in known if row.since), default=None)
    if since:
        return lazy_gettext("nothing gained since {time}", time=_time(data, since, MOMENTS[data.spec.span]))
    if known:
        return NOTHING[data.spec.span]
    read_before = any(row.read_at and not row.since for row in data.rows)
    return NOT_KNOWN[data.spec.span] if read_before else UNKNOWN


def _label(page: Page, data: ChartData, line: Line) -> labels.Label:
    ink, muted = Style(page.colours.ink), Style(page.colours.muted)
    told = f"{_gained(data, line.row)} {_since(data, line.row)}".strip()
    note = line.row.note or "", muted
    return labels.label(line.colour, f"@{line.row.handle}", (told, ink), note, among=data.handles)


def _gained(data: ChartData, row: ChartRow) -> str:
    total = row.total or 0
    return ("+" if total >= 0 else "") + short(total, data.spec.language)


def _since(data: ChartData, row: ChartRow) -> str:
    """From when on the account is known, where that is not the start."""
    if row.since is None:
        return ""
    return translator(data.spec.language).gettext("since {time}", time=_time(data, row.since, MOMENTS[data.spec.span]))


def _time(data: ChartData, moment: datetime, pattern: str) -> str:
    return format_datetime(moment.astimezone(UTC), pattern, locale=translator(data.spec.language).locale)


def _plot(data: ChartData, kept: Layout, right: float, top: float, bottom: float) -> Plot:
    ticks = max(width(tick(value, data.spec.language)) for value in _ticks(kept.low, kept.high))
    start, lowest = data.end - data.spec.span.length, bottom - frame.LINE - SPACE
    return Plot(frame.LEFT + ticks + SPACE, right, top, lowest, start, data.end, kept.low, kept.high)


def _ticks(low: float, high: float) -> list[float]:
    """Whole round numbers, zero among them."""
    step = max(ROUND.value(ROUND.above((high - low) / TICKS)), 1)
    return [step * number for number in range(ceil(low / step), int(high // step) + 1)]


def _axes(page: Page, data: ChartData, box: Plot) -> None:
    style = Style(page.colours.muted)
    for value in _ticks(box.low, box.high):
        y = box.y(value)
        page.line([(box.left, y), (box.right, y)], page.colours.grid if value else page.colours.muted, 2)
        page.text(box.left - SPACE / 2, y + 12, tick(value, data.spec.language), style, "right")
    _times(page, data, box)


def _times(page: Page, data: ChartData, box: Plot) -> None:
    """Round times below, those of which there is room."""
    for moment in _round_times(box, EVERY[data.spec.span]):
        x, words = box.x(moment), _time(data, moment, TIMES[data.spec.span])
        if x - width(words) / 2 >= frame.LEFT and x + width(words) / 2 <= box.right + STROKE:
            page.line([(x, box.bottom), (x, box.bottom + SPACE / 2)], page.colours.muted, 2)
            page.text(x, box.bottom + SPACE + TEXT_PX, words, Style(page.colours.muted), "center")


def _round_times(box: Plot, every: timedelta) -> Iterator[datetime]:
    midnight = box.end.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    for number in range(ceil((box.start - midnight) / every), (box.end - midnight) // every + 1):
        yield midnight + every * number


def _lines(page: Page, box: Plot, drawn: Sequence[Line]) -> None:
    paths = [(line.colour, box.path(line.row, line.course)) for line in drawn]
    told_apart(page, paths)
    for bridge in (bridge for line in drawn for bridge in box.bridges(line.row, line.course)):
        page.line(bridge, page.colours.paper, STROKE + 2, DASHES)
    for colour, path in reversed(paths):
        page.dots(path[-1:], colour, STROKE * 2.5, rim=HALO)


def _rings(page: Page, box: Plot, drawn: Sequence[Line], passed: Sequence[Overtaking]) -> None:
    """On the lines where they cross, the latest first, as many as touch neither each other nor the axis."""
    kept: list[Point] = []
    for each in reversed(passed):
        x, y = box.x(each.moment), box.y(each.level)
        if len(kept) < MOST_RINGS and y <= box.y(0) - RING and all(max(abs(x - u), abs(y - v)) > RING for u, v in kept):
            kept.append((x, y))
            page.rings([(x, y)], drawn[each.by].colour, RING, RING_WIDTH)


def _foot(data: ChartData, drawn: Sequence[Line], passed: Sequence[Overtaking], names: Sequence[str]) -> list[str]:
    """What dashes mean, the latest overtakings, in one line where others are to be named, and the lines that do so."""
    dashed = [translator(data.spec.language).gettext(GAPS)] if any(line.row.gaps for line in drawn) else []
    told = [_passed(data, drawn, each) for each in passed[: -TOLD - 1 : -1]]
    joined = frame.SEPARATOR.join(told)
    if width(joined) <= frame.RIGHT - frame.LEFT:
        told = [joined] if told else []
    return [*dashed, *(told[:1] if names else told), *names]


def _passed(data: ChartData, drawn: Sequence[Line], each: Overtaking) -> str:
    """Long names are shortened as they are in the labels."""
    names = (f"@{drawn[place].row.handle}" for place in (each.by, each.of))
    by, of = (labels.shortened(name, data.handles) for name in names)
    time = _time(data, each.moment, MOMENTS[data.spec.span])
    return translator(data.spec.language).gettext(PASSED[data.spec.span], name=by, other=of, time=time)
