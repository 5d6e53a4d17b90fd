"""Draws the race: rows with bars, a table of many accounts, or the number of a single one."""

from collections.abc import Sequence

from pipeline.chart.paint.page import Page
from pipeline.chart.paint.typesetting import Style, elide, width
from pipeline.chart.parts import frame
from pipeline.chart.parts.metrics import BOTTOM, DROP, LEFT, SPACE, TEXT_WIDTH, TOP
from pipeline.chart.prepared import Chart
from pipeline.chart.ranking import RankedRow
from pipeline.chart.views.race import words
from pipeline.chart.views.race.rows import Band, colour_of, draw_bar
from pipeline.chart.views.race.table import draw_table
from pipeline.chart.wording import median_and_top, reason
from pipeline.i18n import translator
from pipeline.records import ChartData

MAX_BANDS = 10
"""Up to so many accounts have a band each; more accounts make a table."""
SINGLE_NAME, SINGLE_NUMBER = 60, 230
"""The sizes of a single account's name and number, in px."""
SINGLE_NAME_BASELINE, SINGLE_NUMBER_BASELINE, SINGLE_WORDS_BASELINE = 330, 550, 640
SINGLE_INDENT = -8
"""Moves the large number so far, since its digits have a wider left edge than other text, in px."""


def draw(chart: Chart) -> Page:
    data, entries = chart.data, chart.entries
    if len(entries) > MAX_BANDS:
        return draw_table(chart)
    legend = translator(data.spec.language).gettext(words.LEGENDS[data.spec.normalization])
    page = frame.open_page(chart, frame.height_for(len(entries)), legend)
    if len(entries) == 1 and entries[0].sort_value is not None:
        _write_single(page, data, entries[0], entries[0].sort_value)
    elif entries:
        _draw_bands(page, chart)
    else:
        frame.write_message(page, data, frame.NOBODY, page.height - BOTTOM)
    return page


def _write_single(page: Page, data: ChartData, entry: RankedRow, total: float) -> None:
    """Write the total in large digits, and what single posts have: a bar without others says nothing."""
    colour, number = colour_of(page, entry), words.number(data, total)
    name = Style(colour, SINGLE_NAME, bold=True)
    page.text(LEFT, SINGLE_NAME_BASELINE, elide(f"@{entry.row.handle}", TEXT_WIDTH, name), name)
    style = Style(colour, SINGLE_NUMBER, bold=True)
    if width(number, style) > TEXT_WIDTH:
        style = Style(colour, SINGLE_NUMBER // 2, bold=True)
    page.text(LEFT + SINGLE_INDENT, SINGLE_NUMBER_BASELINE, number, style)
    figures = frame.SEPARATOR.join(median_and_top(data, entry))
    per_post = translator(data.spec.language).gettext("per post: {figures}", figures=figures)
    text = frame.SEPARATOR.join([per_post, *words.remarks(data, entry)])
    page.text(LEFT, SINGLE_WORDS_BASELINE, elide(text, TEXT_WIDTH), Style(page.colours.muted))


def _draw_bands(page: Page, chart: Chart) -> None:
    """Draw a band for each account: its name and remarks, and below them its bar and its number."""
    data, entries = chart.data, chart.entries
    height = (page.height - BOTTOM - TOP) / len(entries)
    bands = [Band(TOP + height * number, height) for number in range(len(entries))]
    lead = words.lead(data, entries)
    length = TEXT_WIDTH - SPACE - _numbers_width(page, data, entries, bands[0])
    for entry, band in zip(entries, bands, strict=True):
        _write_head(page, data, entry, band, lead if entry is entries[0] else "")
        if entry.sort_value is None:
            page.text(LEFT, band.middle + DROP, reason(data, entry.row), Style(page.colours.muted))
            continue
        end = draw_bar(page, entry, LEFT, length * entry.sort_value / chart.layout.high, band.bar)
        style = Style(page.colours.ink, band.number_size, bold=True)
        page.text(end + SPACE, band.number_baseline, words.number(data, entry.sort_value), style)


def _numbers_width(page: Page, data: ChartData, entries: Sequence[RankedRow], band: Band) -> float:
    return words.widest_number(data, entries, Style(page.colours.ink, band.number_size, bold=True))


def _write_head(page: Page, data: ChartData, entry: RankedRow, band: Band, lead: str) -> None:
    """Write the name and the remarks, and before the remarks the lead where there is room for it."""
    name, style = Style(colour_of(page, entry), band.name_size, bold=True), Style(page.colours.muted)
    whole = TEXT_WIDTH - SPACE
    remarks = frame.SEPARATOR.join(words.remarks(data, entry)) if entry.sort_value is not None else ""
    handle = elide(f"@{entry.row.handle}", max(whole - width(remarks), whole / 2), name, data.handles)
    free = whole - width(handle, name)
    with_lead = frame.SEPARATOR.join(filter(None, [lead, remarks]))
    page.text(LEFT, band.name_baseline, handle, name)
    text = with_lead if width(with_lead) <= free else elide(remarks, free)
    page.text(LEFT + width(handle, name) + SPACE, band.name_baseline, text, style)
