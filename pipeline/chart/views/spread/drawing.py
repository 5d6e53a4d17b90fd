"""Draws the spread: a row for each account, with words above its dots."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.chart.number_format import short
from pipeline.chart.paint.page import Page
from pipeline.chart.paint.typesetting import Style, width
from pipeline.chart.parts import frame
from pipeline.chart.parts.metrics import GRID, LEFT, RIGHT, SPACE, TEXT_WIDTH
from pipeline.chart.parts.names import name_width, write_name
from pipeline.chart.parts.scale import scale_of
from pipeline.chart.prepared import Chart
from pipeline.chart.ranking import RankedRow
from pipeline.chart.views.spread.strip import Axis, Band, Strip, colour_of, draw_strips, strip_of
from pipeline.chart.wording import median_and_best, reason, sample_size
from pipeline.i18n import lazy_gettext, translator
from pipeline.records import ChartData

NAME = 36
NAME_BASELINE = 34
"""The size of a name, and from the row's top to its baseline, in px."""
HEAD = 44
"""The height of a row's line of text, in px."""
EMPTY_ROW = HEAD + 16
"""The height of a row without posts, in px."""
FILLED = 0.9
"""How much of the height below its text a row's dots may take."""
PAD = 50
"""From the ends of the page's text to those of the axis, for dots at zero and for labels, in px."""
LINEAR = 0.35
"""The length of the axis from 0 to 1, in decades, so that many posts at 0 have room."""
AXIS = 56
BELOW_AXIS = 10
"""The height of the axis' labels, and what is left below them, in px."""
LABEL = 52
"""The height of a line of text above or below a single account's dots, in px."""
STEM = 14
"""The lines that join these texts to the marks, in px."""
STEM_STROKE = 3
CHEVRON, CHEVRON_STROKE = 13, 6
"""The mark of an account that has posts beyond the axis, in px."""
LEGEND = lazy_gettext("one dot = one post · circle: median · bar: middle half")


@dataclass(frozen=True, slots=True)
class OpenRow:
    """A row with words above its dots: its top in px, and its posts, None where there are none."""

    entry: RankedRow
    top: float
    strip: Strip | None


def draw(chart: Chart) -> Page:
    data, entries = chart.data, chart.entries
    scale = scale_of(chart.layout, data.spec.normalization, LINEAR)
    axis = Axis(scale, scale.to_px(LEFT + PAD, RIGHT - PAD), LEFT, RIGHT)
    page = frame.open_page(chart, frame.height_for(len(entries), data), translator(data.spec.language).gettext(LEGEND))
    bottom = frame.write_foot(page, data, frame.Foot(chart.has_young, [frame.log_scale(data)]))
    rows = _rows(page, data, entries, bottom - AXIS, axis)
    strips = [row.strip for row in rows if row.strip]
    if not entries:
        frame.write_message(page, data, frame.NOBODY, bottom)
    if strips:
        _draw_axis(page, data, axis, strips, bottom)
    for row in rows:
        _write_head(page, data, row, is_single=len(rows) == 1)
    _draw_chevrons(page, strips)
    draw_strips(page, strips)
    if len(entries) == 1 and strips:
        _write_labels(page, data, strips[0])
    return page


def _rows(page: Page, data: ChartData, entries: Sequence[RankedRow], bottom: float, axis: Axis) -> list[OpenRow]:
    """Rows of equal height; those without posts are lower."""
    with_posts = sum(1 for entry in entries if entry.row.values)
    height = (bottom - page.top - EMPTY_ROW * (len(entries) - with_posts)) / max(with_posts, 1)
    label = LABEL if len(entries) == 1 else 0
    rows, top = [], page.top
    for entry in entries:
        strip = None
        if entry.row.values:
            strip = strip_of(page, data, entry, _band(top + HEAD + label, top + height - label), axis)
        rows.append(OpenRow(entry, top, strip))
        top += height if strip else EMPTY_ROW
    return rows


def _band(top: float, bottom: float) -> Band:
    half = (bottom - top) / 2 * FILLED
    return Band(top + half, half, PAD)


def _draw_axis(page: Page, data: ChartData, axis: Axis, strips: Sequence[Strip], bottom: float) -> None:
    """Draw the grid behind the dots, and the labels of the ticks; a single account has text between both."""
    sides = [(each.band.middle - each.band.half, each.band.middle + each.band.half) for each in strips]
    if len(strips) == 1:
        sides.append((bottom - AXIS, bottom - AXIS + STEM))
    page.lines([((x, top), (x, end)) for x in axis.ticks for top, end in sides], page.colours.grid, GRID)
    for x, text in axis.labels(data.spec.language):
        page.text(x, bottom - BELOW_AXIS, text, Style(page.colours.muted), "center")


def _write_head(page: Page, data: ChartData, row: OpenRow, *, is_single: bool) -> None:
    """Write the name at the left and the figures at the right, fewer of them beside a long name."""
    entry, baseline = row.entry, row.top + NAME_BASELINE
    name, style = Style(colour_of(page, entry), NAME, bold=True), Style(page.colours.ink)
    is_cut = row.strip is not None and row.strip.is_cut
    full, less = _figures(data, entry, is_single=is_single, is_cut=is_cut)
    free = TEXT_WIDTH - SPACE
    text = full if width(full, style) + name_width(entry.row, name) <= free else less
    end = write_name(page, LEFT, baseline, entry.row, name, free - width(text, style), data.handles)
    if row.strip:
        page.text(RIGHT, baseline, text, style, "right")
    else:
        page.text(end + SPACE, baseline, text, Style(page.colours.muted))


def _figures(data: ChartData, entry: RankedRow, *, is_single: bool, is_cut: bool) -> tuple[str, str]:
    """A row's figures and its note, or why it has none; and the same without its best post.

    A single account has its median beside the circle, so that both have its best post instead. One with posts beyond
    the axis has it too, and no number of posts.
    """
    row = entry.row
    if not row.values:
        return reason(data, row), reason(data, row)
    median, top = median_and_best(data, entry)
    few = [sample_size(data, row)] if len(row.values) < data.spec.count else []
    note = [row.note] if row.note else []
    if is_single:
        median, top = top, ""
    full = [median, top, *few, *note]
    less = [median, top, *note] if is_cut else [median, *few, *note]
    return frame.SEPARATOR.join(filter(None, full)), frame.SEPARATOR.join(filter(None, less))


def _draw_chevrons(page: Page, strips: Sequence[Strip]) -> None:
    """Point at the posts beyond the axis; the row's figures say how far away they are."""
    for strip in strips:
        if strip.is_cut:
            x, y = RIGHT - CHEVRON, strip.band.middle
            page.line([(x - CHEVRON, y - CHEVRON), (x, y), (x - CHEVRON, y + CHEVRON)], strip.colour, CHEVRON_STROKE)


def _write_labels(page: Page, data: ChartData, strip: Strip) -> None:
    """Write beside a single account's marks what they are: the median above, the middle half below."""
    gettext, language = translator(data.spec.language).gettext, data.spec.language
    low, median, high = strip.quartiles
    style, band = Style(page.colours.ink), strip.band
    top, bottom = band.middle - band.half, band.middle + band.half
    x = strip.to_px(median)
    _write_near(page, x, top - STEM - 8, gettext("median {number}", number=short(median, language)), style)
    page.line([(x, top - STEM), (x, top - 2)], page.colours.ink, STEM_STROKE)
    half = short(low, language), short(high, language)
    if half[0] != half[1]:
        start, end, y = strip.to_px(low), strip.to_px(high), bottom + STEM
        page.line([(start, y - STEM + 4), (start, y), (end, y), (end, y - STEM + 4)], page.colours.ink, STEM_STROKE)
        text = gettext("middle half {low}–{high}", low=half[0], high=half[1])
        _write_near(page, (start + end) / 2, y + LABEL - STEM, text, style)


def _write_near(page: Page, x: float, baseline: float, text: str, style: Style) -> None:
    """Write the text around x, as near as the ends of the page's text allow."""
    half = width(text, style) / 2
    page.text(min(max(x, LEFT + half), RIGHT - half), baseline, text, style, "center")
