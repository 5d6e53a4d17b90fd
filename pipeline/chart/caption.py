"""The caption of a chart: its figures in words, short enough to stand under a photo in Telegram.

Text between backticks is to be set in letters of equal width, so that its columns are straight. A link is
written as CAPTION_LINK has it.
"""

from collections.abc import Sequence
from datetime import timedelta

from pipeline import i18n
from pipeline.chart.prepared import Chart
from pipeline.chart.ranking import RankedRow
from pipeline.chart.views import prepare
from pipeline.chart.wording import best_new_post, followers, old_posts, reason, replies, since, within
from pipeline.i18n import lazy_gettext, translator
from pipeline.records import CAPTION_LINK, ChartData

MAX_UNITS = 1024
"""Telegram's limit for a caption, in UTF-16 code units: https://core.telegram.org/bots/api#sendphoto."""
OLD_POSTS = lazy_gettext("some old posts as of {day}")
GAP = "  "
A_YEAR = timedelta(days=365)


def caption(data: ChartData) -> str:
    """What is measured, a line for each account of the picture, and the time: as many lines as fit into MAX_UNITS.

    The last line may be replaced by the longer one that says until when the figures were found unchanged
    (Translator.read_at): there is room for it.
    """
    chart, translator = prepare(data), i18n.chart_translator(data.spec)
    which = [translator.gettext("own posts only"), translator.gettext(replies(data.spec))]
    first = ", ".join([chart.title, chart.scope, *which])
    last = translator.read_at(data.as_of)
    below = [*filter(None, [chart.extent]), *old_posts(data, OLD_POSTS), *map(translator.gettext, data.notes)]
    longest_last = translator.read_at(data.as_of, data.as_of + A_YEAR)
    columns, *lines = _table(chart)
    for count in range(len(lines), -1, -1):
        left_out = [_more(data, len(lines) - count)] if count < len(lines) else []
        above = "\n".join([first, columns, *lines[:count], *left_out, *below])
        if _units(f"{above}\n{longest_last}") <= MAX_UNITS:
            break
    return f"{above}\n{last}"


def _more(data: ChartData, count: int) -> str:
    """How many accounts of the picture the caption leaves out."""
    ngettext = translator(data.spec.language).ngettext
    return ngettext("and {count} more in the picture", "and {count} more in the picture", count)


def _table(chart: Chart) -> list[str]:
    """The names of the columns, then a line for each account: its figures, its name, and its state."""
    language = chart.data.spec.language
    head = [translator(language).gettext(column.name) for column in chart.columns]
    table = [head, *([column.cell(entry, language) for column in chart.columns] for entry in chart.entries)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    cells = [GAP.join(_aligned(row, widths)) for row in table]
    names = ["", *(_name(chart.data, entry) for entry in chart.entries)]
    return [f"`{figures}` {name}".rstrip() for figures, name in zip(cells, names, strict=True)]


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [cell.rjust(width) for cell, width in zip(cells, widths, strict=True)]


def _name(data: ChartData, entry: RankedRow) -> str:
    row = entry.row
    note = reason(data, row) if row.note or not row.values else None
    parts = [f"@{row.handle}", row.network, followers(data, row), within(data, row), since(data, row), note]
    parts.append(best_new_post(data, row))
    return " · ".join(filter(None, parts))


def _units(text: str) -> int:
    """The length as Telegram counts it, without the backticks and the links' addresses."""
    return len(CAPTION_LINK.sub(r"\1", text).replace("`", "").encode("utf-16-le")) // 2
