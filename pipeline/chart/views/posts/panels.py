"""Many accounts post by post: a panel for each, all with the same axes, with the other accounts' lines in grey."""

from collections import Counter
from collections.abc import Sequence
from math import ceil

from pipeline.chart.number_format import short
from pipeline.chart.paint.marks import GAP, Point
from pipeline.chart.paint.page import Page
from pipeline.chart.paint.theme import blend
from pipeline.chart.paint.typesetting import TEXT_PX, Style, elide, width
from pipeline.chart.parts.frame import SEPARATOR
from pipeline.chart.parts.metrics import LEFT, LINE, RIGHT, SPACE
from pipeline.chart.parts.names import write_name
from pipeline.chart.parts.scale import Scale
from pipeline.chart.views.posts.series import (
    Axes,
    Series,
    axes_in,
    draw_dots,
    draw_grid,
    draw_medians,
    draw_start,
    draw_times,
    draw_values_axis,
    span_of,
    ticks_width,
)
from pipeline.chart.wording import median_and_best, sample_size
from pipeline.records import ChartData

COLUMNS = 2
GUTTER = 36
"""Between two columns, in px."""
HEAD = 46
"""The height of a panel's line of text, in px."""
NOTE = 40
"""The height of the further line of text, if any account has a note, in px."""
BELOW = 16
"""From a panel to the text of the next one, in px."""
STROKE = 5
"""The width of a panel's own line, in px."""
OTHERS_STROKE, OTHERS_STRENGTH = 2, 0.4
"""The width in px and the opacity of the other accounts' lines."""
OTHERS_STEP = 20
"""The other accounts' lines have one corner in so many px."""
APART = 16
"""At least between the name and the figures, in px."""
MIN_PANEL = 150
"""The least height of a panel with its line of text, in px."""


def draw_panels(page: Page, data: ChartData, all_series: Sequence[Series], scale: Scale, bottom: float) -> None:
    """Draw two columns of panels, row by row, in the order of the series."""
    head = HEAD + (NOTE if any(series.entry.row.note for series in all_series) else 0)
    all_axes = _axes(data, all_series, scale, (page.top, bottom), head)
    draw_grid(page, all_axes)
    others_colour = blend(page.colours.muted, page.colours.paper, OTHERS_STRENGTH)
    page.line(_others(all_axes, all_series), others_colour, OTHERS_STROKE)
    for number, (axes, series) in enumerate(zip(all_axes, all_series, strict=True)):
        if number % COLUMNS == 0:
            draw_values_axis(page, data, axes)
        if number + COLUMNS >= len(all_series):
            draw_times(page, data, axes)
        _write_head(page, data, axes, series, head)
        draw_dots(page, data, axes, series, Counter())
        draw_start(page, axes, series, STROKE)
        draw_medians(page, axes, [series], STROKE)


def _axes(
    data: ChartData, all_series: Sequence[Series], scale: Scale, sides: tuple[float, float], head: float
) -> list[Axes]:
    """The axes of all panels between a top and a bottom, below their lines of text."""
    top, bottom = sides
    left, span = LEFT + ticks_width(data, scale), span_of([series.entry.row for series in all_series])
    right = RIGHT - STROKE * 1.5
    width_px = (right - left - GUTTER * (COLUMNS - 1)) / COLUMNS
    height_px = (bottom - LINE - SPACE + BELOW - top) / ceil(len(all_series) / COLUMNS)
    all_axes = []
    for number in range(len(all_series)):
        row, column = divmod(number, COLUMNS)
        x, y = left + column * (width_px + GUTTER), top + row * height_px
        all_axes.append(axes_in((x, y + head, x + width_px, y + height_px - BELOW), span, scale))
    return all_axes


def _write_head(page: Page, data: ChartData, axes: Axes, series: Series, head: float) -> None:
    """Write the name at the left and the median at the right; below them the note."""
    row, style = series.entry.row, Style(series.colour, bold=True)
    right, baseline = axes.right + axes.dot, axes.top - head + TEXT_PX - 4
    few = [sample_size(data, row)] if len(row.values) < data.spec.count else []
    above = median_and_best(data, series.entry)[1:] if max(row.values) > axes.scale.high else few
    figures = SEPARATOR.join([short(series.entry.median or 0, data.spec.language), *above])
    name_px = right - axes.left - APART - width(figures)
    muted = Style(page.colours.muted)
    write_name(page, axes.left, baseline, row, style, name_px, data.handles)
    page.text(right, baseline, figures, muted if row.note else Style(page.colours.ink), "right")
    if row.note:
        page.text(axes.left, baseline + NOTE, elide(row.note, right - axes.left), muted)


def _others(all_axes: Sequence[Axes], all_series: Sequence[Series]) -> list[Point]:
    """One line with gaps: in each panel the lines of all other accounts, which are computed once and moved."""
    first = all_axes[0]
    longest = max((series.line for series in all_series), key=len)
    every = max(round(len(longest) * OTHERS_STEP / (first.right - first.left)), 1)
    paths = [first.path(series.line[::every]) for series in all_series]
    return [
        point
        for own, axes in enumerate(all_axes)
        for number, path in enumerate(paths)
        if path and number != own
        for point in (*_moved(path, axes.left - first.left, axes.top - first.top), GAP)
    ]


def _moved(path: Sequence[Point], right: float, down: float) -> list[Point]:
    return [(x + right, y + down) for x, y in path]
