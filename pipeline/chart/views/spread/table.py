"""The spread of many accounts: a line of text for each, with its posts between its name and its median."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from pipeline.chart.number_format import short
from pipeline.chart.paint.page import Page
from pipeline.chart.paint.typesetting import Style, elide, width
from pipeline.chart.parts import frame, overflow
from pipeline.chart.parts.metrics import BOTTOM, DROP, GRID, LEFT, NAMES_COLUMN, RIGHT, SLIM_TOP, SPACE, SQUARE_HEIGHT
from pipeline.chart.parts.scale import Scale
from pipeline.chart.prepared import Chart
from pipeline.chart.ranking import RankedRow
from pipeline.chart.views.spread.strip import Axis, Band, Strip, colour_of, draw_strips, strip_of
from pipeline.chart.wording import POSTS, reason
from pipeline.i18n import lazy_gettext, translator
from pipeline.records import ChartData

USUAL_ROWS = 22
"""How many rows fit on a square page."""
MIN_ROW = 39
"""The least height of a row, in px, so that its text is apart from the next one's."""
HEADER = 50
HEADER_BASELINE = 36
"""The line that names the columns and the ticks, in px."""
PAD = 22
"""From a column to the end of the axis beside it, in px."""
FILLED = 0.9
"""How much of its height a row's dots may take."""
MIN_DOT = 6
SCALE = lazy_gettext("log scale")
LEGEND = lazy_gettext("bar: middle half")


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of the table, in px.

    names: the width of names. start, end: the ends of the strips. medians: the right end of the medians. counts: that
    of how many posts an account has, where some have fewer than asked for; None where all have as many.
    """

    names: float
    start: float
    end: float
    medians: float
    counts: float | None


@dataclass(frozen=True, slots=True)
class TableRow:
    """An account with its band and its height in px, and its posts; None where there are none."""

    entry: RankedRow
    band: Band
    height: float
    strip: Strip | None

    @property
    def baseline(self) -> float:
        return self.band.middle + DROP


def draw_table(chart: Chart, scale: Scale) -> Page:
    """Draw as many accounts as fit; the foot names the others."""
    data = chart.data
    drawn, foot = _fitting(chart)
    entries = chart.entries[:drawn]
    page = frame.open_slim_page(chart, max(SQUARE_HEIGHT, _height(data, drawn, foot)))
    bottom = frame.write_foot(page, data, has_young=_has_young(data), lines=foot)
    columns = _columns(data, entries)
    axis = Axis(scale, scale.to_px(columns.start + PAD, columns.end - PAD), columns.start, columns.end + SPACE)
    rows = _rows(page, data, entries, bottom, axis)
    if any(row.strip for row in rows):
        _write_header(page, data, columns, axis)
        _draw_grid(page, rows, axis.ticks)
    for row in rows:
        _write_row(page, data, row, columns)
    strips = [_with_note(page, row, columns) for row in rows if row.strip]
    draw_strips(page, [strip for strip in strips if strip])
    return page


def _fitting(chart: Chart) -> tuple[int, list[str]]:
    """How many accounts have rows, and the lines of the foot, which name the others."""
    data = chart.data
    legend = [translator(data.spec.language).gettext(LEGEND)] if any(row.values for row in data.rows) else []

    def height(drawn: int, names: Sequence[str]) -> int:
        return _height(data, drawn, [*legend, *names])

    drawn, names = overflow.divide(chart, chart.entries, len(chart.entries), USUAL_ROWS, height)
    return drawn, [*legend, *names]


def _height(data: ChartData, rows: int, lines: Sequence[str]) -> int:
    foot = frame.foot_height(len(frame.foot_lines(data, has_young=_has_young(data), lines=lines)))
    return ceil(SLIM_TOP + HEADER + MIN_ROW * rows + foot + BOTTOM)


def _has_young(data: ChartData) -> bool:
    return any(any(data.young(row)) for row in data.rows)


def _columns(data: ChartData, entries: Sequence[RankedRow]) -> Columns:
    gettext, language = translator(data.spec.language).gettext, data.spec.language
    medians = [short(entry.median, language) for entry in entries if entry.median is not None]
    counts = [len(entry.row.values) for entry in entries]
    few = [short(count, language) for count in counts if 0 < count < data.spec.count]
    names = min(max(width(f"@{entry.row.handle}", Style("", bold=True)) for entry in entries), NAMES_COLUMN)
    names = max(names, width(gettext(SCALE)))
    right = RIGHT - (max(map(width, [*few, gettext(POSTS.name)])) + SPACE if few else 0)
    end = right - max(map(width, [*medians, gettext("median")])) - 2 * SPACE
    return Columns(names, LEFT + names + SPACE, end, right, RIGHT if few else None)


def _rows(page: Page, data: ChartData, entries: Sequence[RankedRow], bottom: float, axis: Axis) -> list[TableRow]:
    top = SLIM_TOP + HEADER
    height = (bottom - top) / len(entries)
    rows = []
    for number, entry in enumerate(entries):
        band = Band(top + height * (number + 0.5), height / 2 * FILLED, PAD, MIN_DOT)
        strip = strip_of(page, data, entry, band, axis) if entry.row.values else None
        rows.append(TableRow(entry, band, height, strip))
    return rows


def _write_header(page: Page, data: ChartData, columns: Columns, axis: Axis) -> None:
    """Write the names of the columns, and the labels of the ticks between them."""
    gettext, style = translator(data.spec.language).gettext, Style(page.colours.muted)
    baseline = SLIM_TOP + HEADER_BASELINE
    page.text(LEFT, baseline, gettext(SCALE), style)
    for x, text in axis.labels(data.spec.language):
        page.text(x, baseline, text, style, "center")
    page.text(columns.medians, baseline, gettext("median"), style, "right")
    if columns.counts:
        page.text(columns.counts, baseline, gettext(POSTS.name), style, "right")


def _draw_grid(page: Page, rows: Sequence[TableRow], xs: Sequence[float]) -> None:
    """Draw the grid behind the strips, but not behind notes."""
    sides = [
        (row.band.middle - row.height / 2, row.band.middle + row.height / 2)
        for row in rows
        if row.strip and not row.entry.row.note
    ]
    page.lines([((x, top), (x, bottom)) for x in xs for top, bottom in sides], page.colours.grid, GRID)


def _write_row(page: Page, data: ChartData, row: TableRow, columns: Columns) -> None:
    """Write the name and the figures, or why there are none."""
    entry, account = row.entry, row.entry.row
    muted, name = Style(page.colours.muted), Style(colour_of(page, entry), bold=True)
    style = muted if account.note else Style(page.colours.ink)
    page.text(LEFT, row.baseline, elide(f"@{account.handle}", columns.names, name, data.handles), name)
    if entry.median is None:
        page.text(columns.start, row.baseline, elide(reason(data, account), RIGHT - columns.start), muted)
        return
    page.text(columns.medians, row.baseline, short(entry.median, data.spec.language), style, "right")
    if columns.counts and len(account.values) < data.spec.count:
        page.text(columns.counts, row.baseline, short(len(account.values), data.spec.language), muted, "right")


def _with_note(page: Page, row: TableRow, columns: Columns) -> Strip | None:
    """Write the note beside the strip, which is returned; None where only the note has room."""
    strip, note = row.strip, row.entry.row.note
    if not strip or not note:
        return strip
    style, values = Style(page.colours.muted), strip.values
    note_px, apart = width(note, style), PAD + SPACE
    if note_px <= strip.to_px(values[0]) - apart - columns.start:
        page.text(columns.start, row.baseline, note, style)
    elif note_px <= columns.end - apart - strip.to_px(values[-1]):
        page.text(columns.end, row.baseline, note, style, "right")
    else:
        page.text(columns.start, row.baseline, elide(note, columns.end - columns.start, style), style)
        return None
    return strip
