"""Draws the race: a row for each account, with its total as a bar and a number."""

from collections.abc import Sequence

from pipeline.chart.paint.page import Page
from pipeline.chart.paint.typesetting import Style, elide, width
from pipeline.chart.parts import frame
from pipeline.chart.parts.metrics import DROP, LEFT, SPACE, TEXT_WIDTH
from pipeline.chart.parts.names import write_name
from pipeline.chart.prepared import Chart
from pipeline.chart.ranking import RankedRow
from pipeline.chart.views.race import words
from pipeline.chart.views.race.rows import Band, colour_of, draw_bar, draw_best
from pipeline.chart.wording import median_and_best, reason
from pipeline.i18n import translator
from pipeline.records import ChartData

REMARKS = 38
"""The size of the remarks beside a name, in px."""


def draw(chart: Chart) -> Page:
    data, entries = chart.data, chart.entries
    height = frame.height_for(len(entries) if len(entries) > 1 else 0, data)
    page = frame.open_page(chart, height, words.legend(data, entries))
    bottom = frame.write_foot(page, data, frame.Foot(facts=_per_post(data, entries)))
    if entries:
        _draw_bands(page, chart, bottom)
    else:
        frame.write_message(page, data, frame.NOBODY, bottom)
    return page


def _per_post(data: ChartData, entries: Sequence[RankedRow]) -> list[str]:
    """What single posts have, where there is only one account: a bar without others says little."""
    figures = median_and_best(data, entries[0]) if len(entries) == 1 else []
    if not figures:
        return []
    joined = frame.SEPARATOR.join(figures)
    return [translator(data.spec.language).gettext("per post: {figures}", figures=joined)]


def _draw_bands(page: Page, chart: Chart, bottom: float) -> None:
    """Draw a band for each account: its name and remarks, and below them its bar and its number."""
    data, entries = chart.data, chart.entries
    height = (bottom - page.top) / len(entries)
    bands = [Band(page.top + height * number, height) for number in range(len(entries))]
    second = entries[1] if len(entries) > 1 and not chart.extent else None
    length = TEXT_WIDTH - SPACE - _numbers_width(page, data, entries, bands[0])
    for entry, band in zip(entries, bands, strict=True):
        _write_head(page, data, entry, band, second if entry is entries[0] else None)
        if entry.sort_value is None:
            page.text(LEFT, band.middle + DROP, reason(data, entry.row), Style(page.colours.muted))
            continue
        end = draw_bar(page, entry, LEFT, length * entry.sort_value / chart.layout.high, band.bar)
        draw_best(page, entry, end, (end - LEFT) * words.best_share(data, entry), band.bar)
        style = Style(page.colours.ink, band.number_size, bold=True)
        page.text(end + SPACE, band.number_baseline, words.number(data, entry.sort_value), style)


def _numbers_width(page: Page, data: ChartData, entries: Sequence[RankedRow], band: Band) -> float:
    return words.widest_number(data, entries, Style(page.colours.ink, band.number_size, bold=True))


def _write_head(page: Page, data: ChartData, entry: RankedRow, band: Band, second: RankedRow | None) -> None:
    """Write the name and the remarks, of which those that have no room are left out from the last one.

    Where it has no room that the account is ahead by one post, that post's share is told alone.
    """
    name, style = Style(colour_of(page, entry), band.name_size, bold=True), Style(page.colours.ink, REMARKS)
    whole = TEXT_WIDTH - SPACE
    remarks = words.remarks(data, entry, second)
    most_px = max(whole - width(frame.SEPARATOR.join(remarks[:1]), style), whole / 2)
    end = write_name(page, LEFT, band.name_baseline, entry.row, name, most_px, data.handles)
    free = LEFT + whole - end
    if width(frame.SEPARATOR.join(remarks), style) > free:
        remarks = words.remarks(data, entry, None)
    while len(remarks) > 1 and width(frame.SEPARATOR.join(remarks), style) > free:
        remarks = remarks[:-1]
    page.text(end + SPACE, band.name_baseline, elide(frame.SEPARATOR.join(remarks), free, style), style)
