"""Draws the posts view: the accounts with the highest medians together, in panels, or a single account."""

from collections import Counter
from collections.abc import Sequence
from math import ceil

from pipeline.chart.paint.page import Page
from pipeline.chart.paint.typesetting import TEXT_PX, Style, width
from pipeline.chart.parts import frame, labels, overflow
from pipeline.chart.parts.metrics import BOTTOM, LEFT, LINE, MIN_DRAWING, MIN_LABEL, RIGHT, SPACE, TEXT_WIDTH, TOP
from pipeline.chart.parts.scale import Scale, scale_of
from pipeline.chart.prepared import Chart
from pipeline.chart.ranking import RankedRow
from pipeline.chart.views.posts.panels import COLUMNS, MAX_PANELS, MIN_PANEL, draw_panels
from pipeline.chart.views.posts.rolling_median import min_posts, window_for
from pipeline.chart.views.posts.series import (
    MAX_SHARING,
    Series,
    axes_in,
    draw_dots,
    draw_grid,
    draw_medians,
    draw_posts_axis,
    draw_start,
    draw_values_axis,
    series_of,
    span_of,
    ticks_width,
)
from pipeline.chart.views.posts.single import draw_single
from pipeline.chart.wording import median_and_top, sample_size
from pipeline.i18n import lazy_gettext, translator
from pipeline.records import ChartData

USUAL = 3
"""The page becomes higher than a square rather than that fewer accounts are drawn."""
LINEAR = 0.27
"""The length of the axis from 0 to 1, in decades."""
SHORT_LEGEND = lazy_gettext("log scale · line: rolling median")
NO_POSTS = lazy_gettext("no posts")
GREY_LINES = lazy_gettext("grey lines: the other accounts")


def draw(chart: Chart) -> Page:
    """Draw as many accounts as can be told apart, the highest medians first; the foot names the others."""
    data = chart.data
    with_posts = [entry for entry in chart.entries if entry.row.values]
    drawn, names = _divide(chart, [*with_posts, *chart.entries[len(with_posts) :]], min(len(with_posts), MAX_PANELS))
    in_panels = len(drawn) > MAX_SHARING
    page = frame.open_page(chart, _height(data, len(drawn), names), _legend(data, drawn, in_panels=in_panels))
    has_young = any(any(data.young(entry.row)) for entry in drawn)
    bottom = frame.write_foot(page, data, has_young=has_young, lines=_foot(data, names, in_panels=in_panels))
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
    """The legend, with the windows of the lines: longer series have larger ones. Shorter where there is no room."""
    windows = sorted({window_for(len(entry.row.values)) for entry in drawn}) or [window_for(0)]
    gettext, ngettext = translator(data.spec.language).gettext, translator(data.spec.language).ngettext
    if in_panels:
        legend = ngettext(
            "log scale · line: median of {window} post, number: of all",
            "log scale · line: median of {window} posts, number: of all",
            windows[-1],
            window=_range(windows),
        )
    else:
        legend = ngettext(
            "log scale · line: median of {window} post ({enough} at its ends)",
            "log scale · line: median of {window} posts ({enough} at its ends)",
            windows[-1],
            window=_range(windows),
            enough=_range(sorted({min_posts(window) for window in windows})),
        )
    line = frame.SEPARATOR.join([gettext("reposts left out"), legend])
    return legend if width(line) <= TEXT_WIDTH else gettext(SHORT_LEGEND)


def _range(ascending: Sequence[int]) -> str:
    return str(ascending[0]) if len(ascending) == 1 else f"{ascending[0]}–{ascending[-1]}"


def _divide(chart: Chart, entries: Sequence[RankedRow], most: int) -> tuple[Sequence[RankedRow], list[str]]:
    """The entries that are drawn, and the lines that name the others."""

    def height(drawn: int, names: Sequence[str]) -> int:
        return _least_height(chart.data, drawn, names)

    drawn, names = overflow.divide(chart, entries, most, USUAL, height)
    return entries[:drawn], names


def _height(data: ChartData, drawn: int, names: Sequence[str]) -> int:
    return max(frame.height_for(drawn + bool(names)), _least_height(data, drawn, names))


def _least_height(data: ChartData, drawn: int, names: Sequence[str]) -> int:
    in_panels = drawn > MAX_SHARING
    lines = frame.foot_lines(data, has_young=True, lines=_foot(data, names, in_panels=in_panels))
    drawing = ceil(drawn / COLUMNS) * MIN_PANEL if in_panels else MIN_DRAWING
    beside = 0 if in_panels else MIN_LABEL * drawn - labels.GAP
    return ceil(TOP + max(drawing + LINE + SPACE, beside) + frame.foot_height(len(lines)) + BOTTOM)


def _foot(data: ChartData, names: Sequence[str], *, in_panels: bool) -> list[str]:
    return [*([translator(data.spec.language).gettext(GREY_LINES)] if in_panels else []), *names]


def _draw_together(page: Page, data: ChartData, all_series: Sequence[Series], scale: Scale, bottom: float) -> None:
    """Draw the accounts on the same axes, each with a label at the right."""
    all_labels = [_label(page, data, series) for series in all_series]
    left, right = LEFT + ticks_width(data, scale), RIGHT - labels.labels_width(all_labels)
    axes = axes_in((left, TOP + TEXT_PX / 2, right, bottom - LINE - SPACE), span_of(all_series), scale)
    draw_grid(page, [axes])
    draw_values_axis(page, data, axes)
    draw_posts_axis(page, data, axes)
    dots: Counter[tuple[int, float]] = Counter()
    for series in all_series:
        draw_dots(page, data, axes, series, dots)
    for series in reversed(all_series):
        draw_start(page, axes, series)
    draw_medians(page, axes, all_series)
    labels.draw_labels(page, all_labels, [axes.point(0, series.newest) for series in all_series], bottom)


def _label(page: Page, data: ChartData, series: Series) -> labels.Label:
    row, ink = series.entry.row, Style(page.colours.ink)
    few = [sample_size(series.entry)] if len(row.values) < data.spec.count else []
    figures = [median_and_top(data, series.entry)[0], *few]
    joined = frame.SEPARATOR.join(figures)
    lines = [joined] if width(joined) <= labels.MAX_TEXT else figures
    note = row.note or "", Style(page.colours.muted)
    return labels.label(series.colour, f"@{row.handle}", *((line, ink) for line in lines), note, among=data.handles)
