"""A single account post by post, over the whole width, with words at its best post and at its median."""

from collections import Counter

from babel.dates import format_datetime

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
    TOP,
)
from pipeline.chart.parts.scale import Scale
from pipeline.chart.views.posts.series import (
    Axes,
    Series,
    axes_in,
    draw_dots,
    draw_grid,
    draw_medians,
    draw_posts_axis,
    draw_start,
    draw_values_axis,
    span_of,
    ticks_width,
)
from pipeline.chart.wording import median_and_top, sample_size
from pipeline.i18n import translator
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
    axes = axes_in((left, _top(series, scale, lowest), right, lowest), span_of([series]), scale)
    _write_heading(page, data, series)
    draw_grid(page, [axes], _write_best(page, data, axes, series))
    draw_values_axis(page, data, axes)
    draw_posts_axis(page, data, axes)
    draw_dots(page, data, axes, series, Counter())
    y = axes.y(series.entry.median or 0)
    ends = [(axes.x(len(series.values) - 1), y), (axes.right + SPACE / 2, y)]
    page.line(ends, series.colour, MEDIAN_STROKE, MEDIAN_DASH)
    page.text(RIGHT, y + DROP, median, style, "right")
    draw_start(page, axes, series)
    draw_medians(page, axes, [series])


def _top(series: Series, scale: Scale, bottom: float) -> float:
    """The top of the axes: as high as the words over the best post allow."""
    top = TOP + SINGLE_HEAD
    best = scale.to_px(bottom, top)(max(series.values))
    return top + max(RISE + TEXT_PX - (best - top), 0)


def _write_heading(page: Page, data: ChartData, series: Series) -> None:
    row = series.entry.row
    few = [sample_size(series.entry)] if len(row.values) < data.spec.count else []
    figures = SEPARATOR.join([median_and_top(data, series.entry)[0], *few])
    name = f"@{row.handle}", Style(series.colour, SINGLE_NAME, bold=True)
    others = (figures, Style(page.colours.ink)), (row.note or "", Style(page.colours.muted))
    write_heading(page, TOP + SINGLE_BASELINE, [name, *others])


def _write_best(page: Page, data: ChartData, axes: Axes, series: Series) -> Box:
    """Write the count and the day of the best post above its dot; returns the box that the words take."""
    best = max(series.values)
    newer = series.values.index(best)
    time = series.entry.row.times[newer]
    pattern = "d MMM" if time.year == data.as_of.year else "d MMM y"
    day = format_datetime(time, pattern, locale=translator(data.spec.language).locale)
    text = SEPARATOR.join([median_and_top(data, series.entry)[1], day])
    half = width(text) / 2
    x, y = axes.point(newer, best)
    middle = min(max(x, axes.left + half), axes.right - half)
    page.text(middle, y - RISE, text, Style(page.colours.ink), "center")
    return middle - half - SPACE / 2, y - RISE - TEXT_PX, middle + half + SPACE / 2, y - RISE / 2
