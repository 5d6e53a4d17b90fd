"""The spread of many accounts: a line of text an account, with its posts between its name and its median."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from pipeline.chart.number_format import short
from pipeline.chart.paint.page import Page
from pipeline.chart.paint.typesetting import Style, elide, width
from pipeline.chart.parts import frame, overflow
from pipeline.chart.parts.scale import Scale
from pipeline.chart.prepared import Chart
from pipeline.chart.ranking import RankedRow
from pipeline.chart.views.spread import strip
from pipeline.chart.views.spread.strip import Axis, Room, Strip, colour, strip_of
from pipeline.chart.wording import reason
from pipeline.i18n import lazy_gettext, translator
from pipeline.records import ChartData

USUAL = 22
"""So many rows have room on a square page."""
LEAST_HEIGHT = 39
"""A row's, so that its text is apart from the next one's."""
HEADER = 50
"""The height of the line that names the columns and the axis' ticks."""
HEADER_BASELINE = 36
NAMES = 440
"""The most room for names."""
SPACE = 24
PAD = 22
"""From a column to the end of the axis beside it."""
FILLED = 0.9
"""How much of its height a row's dots take."""
LEAST_DOT = 6
DROP = 12
"""From the middle of a line of text to its baseline."""
SCALE = lazy_gettext("log scale")
READING = lazy_gettext("bar: middle half")


@dataclass(frozen=True, slots=True)
class Columns:
    """Where the table's columns are, in px: where the strip begins and ends, and where medians and counts end.

    names: the room for names. counts: of how many posts an account has fewer than asked for; None where none has.
    """

    names: float
    start: float
    end: float
    medians: float
    counts: float | None


@dataclass(frozen=True, slots=True)
class Line:
    """An account with its room, and its posts, None where there are none or where its note takes their place."""

    entry: RankedRow
    room: Room
    height: float
    strip: Strip | None

    @property
    def baseline(self) -> float:
        return self.room.middle + DROP


def draw(chart: Chart, scale: Scale) -> Page:
    """As many accounts as fit, the others named below."""
    data, found = chart.data, chart.entries
    amount, told = _fitted(chart)
    shown = found[:amount]
    page = frame.open_slim_page(chart, max(frame.HEIGHTS[1], _height(data, amount, told)))
    bottom = frame.foot(page, data, growing=_growing(data), lines=told)
    columns = _columns(data, shown)
    place = scale.placed(columns.start + PAD, columns.end - PAD)
    axis = Axis(scale, place, columns.start, columns.end + SPACE)
    lines = _lines(page, data, shown, bottom, axis)
    if any(line.strip for line in lines):
        _header(page, data, columns, axis)
        _grid(page, lines, axis.ticks)
    for line in lines:
        _text(page, data, line, columns)
    strips = [_with_note(page, line, columns) for line in lines if line.strip]
    strip.draw(page, [posts for posts in strips if posts])
    return page


def _fitted(chart: Chart) -> tuple[int, list[str]]:
    """How many accounts have rows, and the lines of the foot, which name the others."""
    data, found = chart.data, chart.entries
    reading = [translator(data.spec.language).gettext(READING)] if any(row.values for row in data.rows) else []

    def height(drawn: int, names: Sequence[str]) -> int:
        return _height(data, drawn, [*reading, *names])

    amount, names = overflow.divided(chart, found, len(found), USUAL, height)
    return amount, [*reading, *names]


def _height(data: ChartData, rows: int, told: Sequence[str]) -> int:
    foot = frame.foot_height(len(frame.joined(data, growing=_growing(data), lines=told)))
    return ceil(frame.SLIM_TOP + HEADER + LEAST_HEIGHT * rows + foot + frame.BOTTOM)


def _growing(data: ChartData) -> bool:
    return any(any(data.young(row)) for row in data.rows)


def _columns(data: ChartData, shown: Sequence[RankedRow]) -> Columns:
    gettext, language = translator(data.spec.language).gettext, data.spec.language
    medians = [short(entry.median, language) for entry in shown if entry.median is not None]
    amounts = [len(entry.row.values) for entry in shown]
    few = [short(amount, language) for amount in amounts if 0 < amount < data.spec.count]
    names = min(max(width(f"@{entry.row.handle}", Style("", bold=True)) for entry in shown), NAMES)
    names = max(names, width(gettext(SCALE)))
    right = frame.RIGHT - (max(map(width, [*few, "n"])) + SPACE if few else 0)
    end = right - max(map(width, [*medians, gettext("median")])) - 2 * SPACE
    return Columns(names, frame.LEFT + names + SPACE, end, right, frame.RIGHT if few else None)


def _lines(page: Page, data: ChartData, shown: Sequence[RankedRow], bottom: float, axis: Axis) -> list[Line]:
    top = frame.SLIM_TOP + HEADER
    height = (bottom - top) / len(shown)
    lines = []
    for number, entry in enumerate(shown):
        room, row = Room(top + height * (number + 0.5), height / 2 * FILLED, PAD, LEAST_DOT), entry.row
        posts = None
        if row.values:
            posts = strip_of(page, data, entry, room, axis)
        lines.append(Line(entry, room, height, posts))
    return lines


def _header(page: Page, data: ChartData, columns: Columns, axis: Axis) -> None:
    gettext, style, baseline = (
        translator(data.spec.language).gettext,
        Style(page.colours.muted),
        frame.SLIM_TOP + HEADER_BASELINE,
    )
    page.text(frame.LEFT, baseline, gettext(SCALE), style)
    for x, words in axis.labels(data.spec.language):
        page.text(x, baseline, words, style, "center")
    page.text(columns.medians, baseline, gettext("median"), style, "right")
    if columns.counts:
        page.text(columns.counts, baseline, "n", style, "right")


def _grid(page: Page, lines: Sequence[Line], xs: Sequence[float]) -> None:
    """Not behind a note."""
    sides = [
        (line.room.middle - line.height / 2, line.room.middle + line.height / 2)
        for line in lines
        if line.strip and not line.entry.row.note
    ]
    page.lines([((x, top), (x, bottom)) for x in xs for top, bottom in sides], page.colours.grid, 2)


def _text(page: Page, data: ChartData, line: Line, columns: Columns) -> None:
    row = line.entry.row
    muted, name = Style(page.colours.muted), Style(colour(page, line.entry), bold=True)
    style = muted if row.note else Style(page.colours.ink)
    handle = elide(f"@{row.handle}", columns.names, name, data.handles)
    page.text(frame.LEFT, line.baseline, handle, name)
    if line.entry.median is None:
        words = elide(reason(data, row), frame.RIGHT - columns.start)
        page.text(columns.start, line.baseline, words, muted)
        return
    page.text(columns.medians, line.baseline, short(line.entry.median, data.spec.language), style, "right")
    if columns.counts and len(row.values) < data.spec.count:
        page.text(columns.counts, line.baseline, short(len(row.values), data.spec.language), muted, "right")


def _with_note(page: Page, line: Line, columns: Columns) -> Strip | None:
    """The posts beside their note, or the note alone where there is no room beside them."""
    posts, note = line.strip, line.entry.row.note
    if not posts or not note:
        return posts
    style, values = Style(page.colours.muted), posts.values
    room, apart = width(note, style), PAD + SPACE
    if room <= posts.place(values[0]) - apart - columns.start:
        page.text(columns.start, line.baseline, note, style)
    elif room <= columns.end - apart - posts.place(values[-1]):
        page.text(columns.end, line.baseline, note, style, "right")
    else:
        page.text(columns.start, line.baseline, elide(note, columns.end - columns.start, style), style)
        return None
    return posts
