"""Draws the posts view: the accounts with the highest medians together, in panels, or a single account."""

from collections import Counter
from collections.abc import Sequence
from math import ceil

from pipeline import i18n
from pipeline.chart.paint.page import Page
from pipeline.chart.paint.typesetting import TEXT_PX, Style, width
from pipeline.chart.parts import frame, labels, overflow
from pipeline.chart.parts.metrics import BOTTOM, HEAD, LEFT, LINE, MIN_DRAWING, RIGHT, SPACE
from pipeline.chart.parts.scale import Scale, scale_of
from pipeline.chart.prepared import Chart
from pipeline.chart.ranking import RankedRow
from pipeline.chart.views.posts.panels import COLUMNS, MIN_PANEL, draw_panels
from pipeline.chart.views.posts.rolling_median import has_line, window_for
from pipeline.chart.views.posts.series import (
    MAX_SHARING,
    Series,
    axes_in,
    draw_dots,
    draw_grid,
    draw_medians,
    draw_start,
    draw_times,
    draw_values_axis,
    series_of,
    span_of,
    ticks_width,
)
from pipeline.chart.views.posts.single import draw_single
from pipeline.chart.wording import median_and_best, sample_size
from pipeline.i18n import lazy_gettext, translator
from pipeline.records import ChartData

MIN_EMPTY = 120
"""The least height of a page's middle without a drawing."""
LINEAR = 0.27
"""The length of the axis from 0 to 1, in decades."""
ONE_DOT = lazy_gettext("one dot = one post")
IN_PANELS = lazy_gettext("one dot = one post · line: rolling median · number: median")
NO_POSTS = lazy_gettext("no posts")
GREY_LINES = lazy_gettext("grey lines: the other accounts")


def draw(chart: Chart) -> Page:
    """Draw the accounts with posts together, or in panels where they are many; the foot names those without."""
    data = chart.data
    drawn = [entry for entry in chart.entries if entry.row.values]
    in_panels = len(drawn) > MAX_SHARING
    foot = _foot(chart, drawn, in_panels=in_panels)
    page = frame.open_page(chart, _height(data, len(drawn), foot), _legend(data, drawn, in_panels=in_panels))
    bottom = frame.write_foot(page, data, foot)
    all_series = [series_of(page, data, entry) for entry in drawn]
    scale = scale_of(chart.layout, data.spec.normalization, LINEAR)
    if in_panels:
        draw_panels(page, data, all_series, scale, bottom)
    elif len(all_series) == 1:
        draw_single(page, data, all_series[0], scale, bottom)
    elif all_series:
        _draw_together(page, data, all_series, scale, bottom)
    else:
        frame.write_message(page, data, NO_POSTS if chart.entries else frame.NOBODY, bottom)
    return page


def _legend(data: ChartData, drawn: Sequence[RankedRow], *, in_panels: bool) -> str:
    """What dots and lines are, with the windows of the lines: longer series have larger ones."""
    windows = sorted({window_for(len(entry.row.values)) for entry in drawn if has_line(entry.row.values)})
    gettext, ngettext = translator(data.spec.language).gettext, translator(data.spec.language).ngettext
    if in_panels or not windows:
        return gettext(IN_PANELS if windows else ONE_DOT)
    return ngettext(
        "one dot = one post · line: median of {window} post",
        "one dot = one post · line: median of {window} posts in a row",
        windows[-1],
        window=_range(windows),
    )


def _range(ascending: Sequence[int]) -> str:
    return str(ascending[0]) if len(ascending) == 1 else f"{ascending[0]}–{ascending[-1]}"


def _height(data: ChartData, drawn: int, foot: frame.Foot) -> int:
    """The height of a page with so many accounts and this foot."""
    in_panels = drawn > MAX_SHARING
    lines = frame.foot_lines(data, foot)
    drawing = ceil(drawn / COLUMNS) * MIN_PANEL if in_panels else MIN_DRAWING
    beside = 0 if in_panels else labels.least_height(data, drawn)
    needed = max(drawing + LINE + SPACE, beside) if drawn else MIN_EMPTY
    return max(frame.height_for(drawn, data), ceil(HEAD + needed + frame.foot_height(len(lines)) + BOTTOM))


def _foot(chart: Chart, drawn: Sequence[RankedRow], *, in_panels: bool) -> frame.Foot:
    """What grey lines are, how many posts are older than the axis, and the accounts that are not drawn."""
    data, translator = chart.data, i18n.translator(chart.data.spec.language)
    grey = [translator.gettext(GREY_LINES)] if in_panels else []
    names = overflow.name_lines(chart, [entry for entry in chart.entries if not entry.row.values])
    if not drawn:
        return frame.Foot(lines=names)
    span = span_of([entry.row for entry in drawn])
    older = sum(span.older(entry.row) for entry in drawn)
    left_out = [translator.ngettext("{count:number} older post", "{count:number} older posts", older)] if older else []
    return frame.Foot(chart.has_young, [frame.log_scale(data), *left_out, *grey], names)


def _draw_together(page: Page, data: ChartData, all_series: Sequence[Series], scale: Scale, bottom: float) -> None:
    """Draw the accounts on the same axes, each with a label at the right."""
    all_labels = [_label(page, data, series, scale.high) for series in all_series]
    left, right = LEFT + ticks_width(data, scale), RIGHT - labels.labels_width(all_labels)
    span = span_of([series.entry.row for series in all_series])
    axes = axes_in((left, page.top + TEXT_PX / 2, right, bottom - LINE - SPACE), span, scale)
    draw_grid(page, [axes])
    draw_values_axis(page, data, axes)
    draw_times(page, data, axes)
    dots: Counter[tuple[int, float]] = Counter()
    for series in all_series:
        draw_dots(page, data, axes, series, dots)
    for series in reversed(all_series):
        draw_start(page, axes, series)
    draw_medians(page, axes, all_series)
    labels.draw_labels(page, all_labels, [axes.point(*series.end) for series in all_series], axes.right, bottom)


def _label(page: Page, data: ChartData, series: Series, high: float) -> labels.Label:
    """The label of an account, with its best post where that is above the axis."""
    row, ink = series.entry.row, Style(page.colours.ink)
    median, best = median_and_best(data, series.entry)
    above = [best] if max(row.values) > high else []
    few = [sample_size(data, row)] if len(row.values) < data.spec.count else []
    figures = frame.SEPARATOR.join([median, *above, *few])
    if width(figures) > labels.MAX_TEXT:
        figures = frame.SEPARATOR.join([median, *above])
    return labels.label(series.colour, row, data, page.colours.muted, (figures, ink))
