"""The chart in words, short enough to be a photo's caption.

What stands between backticks is to be set in letters of one width, so that its columns are straight.
"""

from collections.abc import Sequence
from datetime import timedelta

from pipeline.chart.layout import layout
from pipeline.chart.number_format import short
from pipeline.chart.ranking import RankedRow, column, extent, ranked, reason, since, title, within
from pipeline.i18n import translator
from pipeline.records import ChartData, View

MAX_UNITS = 1024
"""Telegram's limit for a caption, in UTF-16 code units."""
ALL_DRAWN = 100
"""A picture names at least so many accounts."""
GAP = "  "
A_YEAR = timedelta(days=365)


def caption(data: ChartData) -> str:
    """The measure, a line an account in the picture's order, and the time: as many lines as fit into MAX_UNITS.

    There is room for a longer last line, which says until when the figures were found unchanged; see Speech.read_at.
    """
    said = translator(data.spec.language)
    first = ", ".join([title(data.spec), extent(data.spec), said.gettext("own posts only")])
    last = said.read_at(data.as_of)
    longer = said.read_at(data.as_of, data.as_of + A_YEAR)
    columns, *lines = _lines(data, ranked(data, layout(data)))
    for told in range(len(lines), -1, -1):
        rest = [_more(data, len(lines) - told)] if told < len(lines) else []
        above = "\n".join([first, columns, *lines[:told], *rest])
        if _units(f"{above}\n{longer}") <= MAX_UNITS:
            break
    return f"{above}\n{last}"


def _more(data: ChartData, count: int) -> str:
    """How many accounts the caption leaves out, and whether the picture names them."""
    ngettext = translator(data.spec.language).ngettext
    if len(data.rows) <= ALL_DRAWN:
        return ngettext("and {count} more in the picture", "and {count} more in the picture", count)
    return ngettext("and {count} more", "and {count} more", count)


def _lines(data: ChartData, found: Sequence[RankedRow]) -> list[str]:
    """The columns' names, then a line for each account: its figures, its name, and what is wrong with it."""
    table = [_columns(data), *(_figures(data, entry) for entry in found)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    cells = [GAP.join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in table]
    names = ["", *(_name(data, entry) for entry in found)]
    return [f"`{figures}` {name}".rstrip() for figures, name in zip(cells, names, strict=True)]


def _columns(data: ChartData) -> list[str]:
    gettext = translator(data.spec.language).gettext
    first = gettext(column(data.spec))
    match data.spec.view:
        case View.GROWTH:
            return [first]
        case View.RACE:
            return [first, "n"]
        case _:
            return [first, gettext("top"), "n"]


def _figures(data: ChartData, entry: RankedRow) -> list[str]:
    """As many cells as there are columns, empty ones where nothing is known."""
    count = str(len(entry.row.values))
    match data.spec.view:
        case View.GROWTH:
            return [_number(data, entry.row.total, "+")]
        case View.RACE:
            return [_number(data, entry.row.total), count]
        case _:
            return [_number(data, entry.median), _number(data, entry.top), count]


def _number(data: ChartData, value: float | None, sign: str = "") -> str:
    if value is None:
        return "–"
    return (sign if value > 0 else "") + short(value, data.spec.language)


def _name(data: ChartData, entry: RankedRow) -> str:
    row = entry.row
    note = reason(data, row) if row.note or not row.values else None
    return " · ".join(filter(None, [f"@{row.handle}", within(data, row), since(data, row), note]))


def _units(words: str) -> int:
    """The length as Telegram counts it, without the backticks."""
    return len(words.replace("`", "").encode("utf-16-le")) // 2
