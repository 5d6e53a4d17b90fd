"""A single account post by post, over the whole width, with words at its best post and at its median."""

from collections import Counter

from pipeline.chart.number_format import short
from pipeline.chart.paint.marks import Box
from pipeline.chart.paint.page import Page
from pipeline.chart.paint.typesetting import TEXT_PX, Style, width
from pipeline.chart.parts.frame import SEPARATOR
from pipeline.chart.parts.labels import write_heading
from pipeline.chart.parts.metrics import (
    DROP,
    LEFT,
    LINE,
    RIGHT,
    SINGLE_BASELINE,
    SINGLE_HEAD,
    SINGLE_NAME,
    SPACE,
)
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
from pipeline.chart.wording import median_and_best, sample_size, time
from pipeline.records import ChartData

RISE = 28
"""From the best post up to its words, in px."""
MEDIAN_DASH = (4, 3)
MEDIAN_STROKE = 3
"""The line of the median of all posts, in px."""


def draw_single(page: Page, data: ChartData, series: Series, scale: Scale, bottom: float) -> None:
    median = short(series.entry.median or 0, data.spec.language)
    style = Style(series.colour, bold=True)
    left, right = LEFT + ticks_width(data, scale), RIGHT - width(median, style) - SPACE
    lowest = bottom - LINE - SPACE
    axes = axes_in((left, _top(page, series, scale, lowest), right, lowest), span_of([series.entry.row]), scale)
    _write_heading(page, data, series)
    draw_grid(page, [axes], _write_best(page, data, axes, series))
    draw_values_axis(page, data, axes)
    draw_times(page, data, axes)
    draw_dots(page, data, axes, series, Counter())
    y = axes.y(series.entry.median or 0)
    ends = [(axes.x(series.entry.row.times[-1]), y), (axes.right + SPACE / 2, y)]
    page.line(ends, series.colour, MEDIAN_STROKE, MEDIAN_DASH)
    page.text(RIGHT, y + DROP, median, style, "right")
    draw_start(page, axes, series)
    draw_medians(page, axes, [series])


def _top(page: Page, series: Series, scale: Scale, bottom: float) -> float:
    """The top of the axes: as high as the words over the best post allow."""
    top = page.top + SINGLE_HEAD
    best = scale.to_px(bottom, top)(min(max(series.values), scale.high))
    return top + max(RISE + TEXT_PX - (best - top), 0)


def _write_heading(page: Page, data: ChartData, series: Series) -> None:
    row = series.entry.row
    few = [sample_size(data, row)] if len(row.values) < data.spec.count else []
    figures = SEPARATOR.join([median_and_best(data, series.entry)[0], *few])
    name = f"@{row.handle}", Style(series.colour, SINGLE_NAME, bold=True)
    muted = Style(page.colours.muted)
    others = (row.network, muted), (figures, Style(page.colours.ink)), (row.note or "", muted)
    write_heading(page, page.top + SINGLE_BASELINE, [name, *others])


def _write_best(page: Page, data: ChartData, axes: Axes, series: Series) -> Box:
    """Write the count and the day of the best post above its dot; returns the box that the words take."""
    best = max(series.values)
    moment = series.entry.row.times[series.values.index(best)]
    day = time(data, "d MMM" if moment.year == data.as_of.year else "d MMM y", moment)
    text = SEPARATOR.join([median_and_best(data, series.entry)[1], day])
    half = width(text) / 2
    x, y = axes.point(moment, best)
    middle = min(max(x, axes.left + half), axes.right - half)
    page.text(middle, y - RISE, text, Style(page.colours.ink), "center")
    return middle - half - SPACE / 2, y - RISE - TEXT_PX, middle + half + SPACE / 2, y - RISE / 2
