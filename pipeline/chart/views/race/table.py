"""A race of many accounts: a line of text for each, with its bar between its name and its number."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from pipeline.chart.paint.page import Page
from pipeline.chart.paint.typesetting import Style, elide, width
from pipeline.chart.parts import frame, overflow
from pipeline.chart.parts.metrics import BOTTOM, LEFT, NAMES_COLUMN, RIGHT, SPACE, SQUARE_HEIGHT, TOP
from pipeline.chart.prepared import Chart
from pipeline.chart.ranking import RankedRow
from pipeline.chart.views.race import words
from pipeline.chart.views.race.rows import TableRow, colour_of, draw_bar
from pipeline.chart.wording import reason
from pipeline.i18n import translator
from pipeline.records import ChartData

USUAL_ROWS = 20
"""How many rows fit on a square page."""
MIN_ROW = 40
"""The least height of a row, in px."""
MIN_LENGTH = 140
"""The least length of a whole bar beside the longest names and words, in px."""


@dataclass(frozen=True, slots=True)
class BarColumn:
    """The left end of the bars, and the length of a bar that reaches the end of the axis, in px."""

    left: float
    length: float


def draw_table(chart: Chart) -> Page:
    """Draw as many accounts as fit; the foot names the others."""
    data = chart.data
    drawn, names = overflow.divide(chart, chart.entries, len(chart.entries), USUAL_ROWS, _height)
    entries = chart.entries[:drawn]
    legend = translator(data.spec.language).gettext(words.LEGENDS[data.spec.normalization])
    page = frame.open_page(chart, max(SQUARE_HEIGHT, _height(drawn, names)), legend)
    bottom = frame.write_foot(page, data, has_young=False, lines=names)
    height = (bottom - TOP) / len(entries)
    rows = [TableRow(TOP + height * number, height) for number in range(len(entries))]
    column = _bar_column(data, entries, rows[0].size, chart.layout.high)
    for entry, row in zip(entries, rows, strict=True):
        _draw_row(page, chart, entry, row, column)
    return page


def _height(rows: int, names: Sequence[str]) -> int:
    return ceil(TOP + MIN_ROW * rows + frame.foot_height(len(names)) + BOTTOM)


def _bar_column(data: ChartData, entries: Sequence[RankedRow], size: int, high: float) -> BarColumn:
    """The column between the names and what stands at the right of the bars."""
    style = Style("", size, bold=True)
    names = min(max(width(f"@{entry.row.handle}", style) for entry in entries), NAMES_COLUMN)
    left = LEFT + names + SPACE
    free = RIGHT - left - SPACE - words.widest_number(data, entries, style)
    return BarColumn(left, max(min(_length(data, entry, free, high) for entry in entries), MIN_LENGTH))


def _length(data: ChartData, entry: RankedRow, free: float, high: float) -> float:
    """The length of a whole bar at which the row's remarks still fit.

    The row's share of a whole bar is rounded up to tenths, so that the length seldom changes.
    """
    remarks = frame.SEPARATOR.join(words.remarks(data, entry))
    if entry.sort_value is None or not remarks:
        return free
    tenths = max(ceil(10 * entry.sort_value / high), 1)
    return min(free, (free - SPACE - width(remarks)) * 10 / tenths)


def _draw_row(page: Page, chart: Chart, entry: RankedRow, row: TableRow, column: BarColumn) -> None:
    data = chart.data
    name = Style(colour_of(page, entry), row.size, bold=True)
    handle = elide(f"@{entry.row.handle}", column.left - SPACE - LEFT, name, data.handles)
    page.text(LEFT, row.baseline, handle, name)
    if entry.sort_value is None:
        _write_muted(page, column.left, reason(data, entry.row), row)
        return
    end = draw_bar(page, entry, column.left, column.length * entry.sort_value / chart.layout.high, row.bar)
    style, number = Style(page.colours.ink, row.size, bold=True), words.number(data, entry.sort_value)
    page.text(end + SPACE, row.baseline, number, style)
    remarks = frame.SEPARATOR.join(words.remarks(data, entry))
    _write_muted(page, end + SPACE + width(number, style) + SPACE, remarks, row)


def _write_muted(page: Page, x: float, text: str, row: TableRow) -> None:
    if text:
        page.text(x, row.baseline, elide(text, RIGHT - x), Style(page.colours.muted))
