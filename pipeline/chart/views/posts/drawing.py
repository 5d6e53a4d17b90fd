"""Post by post: each account's posts, the newest at the right, and the line of their rolling median."""

from collections import Counter
from collections.abc import Sequence
from math import ceil

from pipeline.chart.paint.page import Page
from pipeline.chart.paint.typesetting import TEXT_PX, Style, width
from pipeline.chart.parts import frame, labels, overflow
from pipeline.chart.parts.scale import Scale, scale_of
from pipeline.chart.prepared import Chart
from pipeline.chart.ranking import RankedRow
from pipeline.chart.views.posts import panels, single
from pipeline.chart.views.posts.rolling_median import enough, window
from pipeline.chart.views.posts.series import (
    MOST_TOGETHER,
    SPACE,
    Series,
    begin,
    dots,
    grid,
    lines,
    longest,
    plot,
    posts_axis,
    series,
    ticks_width,
    values_axis,
)
from pipeline.chart.wording import median_and_top, sample_size
from pipeline.i18n import lazy_gettext, translator
from pipeline.records import ChartData

LEAST_DRAWING, LEAST_LABEL = 300, 140
"""The height of one drawing of several lines, and of a label of three lines beside it."""
USUAL = 3
"""Rather than to draw fewer, the page becomes higher."""
LINEAR = 0.27
"""From 0 to 1, in decades."""
SHORT_READING = lazy_gettext("log scale · line: rolling median")
NO_POSTS = lazy_gettext("no posts")
LINES = lazy_gettext("grey lines: the other accounts")


def draw(chart: Chart) -> Page:
    """The accounts with the highest medians, as many as can be told apart; the others are named."""
    data, found = chart.data, chart.entries
    full = [entry for entry in found if entry.row.values]
    shown, names = _divided(chart, [*full, *found[len(full) :]], min(len(full), panels.MOST))
    many = len(shown) > MOST_TOGETHER
    page = frame.open_page(chart, _height(data, len(shown), names), _reading(data, shown, many=many))
    bottom = frame.foot(page, data, growing=_growing(data, shown), lines=_lines_told(data, names, many=many))
    drawn = [series(page, data, entry) for entry in shown]
    scale = scale_of(chart.layout, data.spec.normalization, LINEAR)
    if many:
        panels.draw(page, data, drawn, scale, bottom)
    elif len(drawn) == 1:
        single.draw(page, data, drawn[0], scale, bottom)
    elif drawn:
        _together(page, data, drawn, scale, bottom)
    else:
        frame.tell(page, data, NO_POSTS if found else frame.NOBODY, bottom)
    return page


def _reading(data: ChartData, shown: Sequence[RankedRow], *, many: bool) -> str:
    """How the marks are to be read; lines of more posts are of wider windows."""
    widths = sorted({window(len(entry.row.values)) for entry in shown}) or [window(0)]
    width_told = str(widths[0]) if len(widths) == 1 else f"{widths[0]}–{widths[-1]}"
    halves = sorted({enough(each) for each in widths})
    half_told = str(halves[0]) if len(halves) == 1 else f"{halves[0]}–{halves[-1]}"
    gettext, ngettext = translator(data.spec.language).gettext, translator(data.spec.language).ngettext
    if many:
        full = ngettext(
            "log scale · line: median of {window} post, number: of all",
            "log scale · line: median of {window} posts, number: of all",
            widths[-1],
            window=width_told,
        )
    else:
        full = ngettext(
            "log scale · line: median of {window} post ({enough} at its ends)",
            "log scale · line: median of {window} posts ({enough} at its ends)",
            widths[-1],
            window=width_told,
            enough=half_told,
        )
    line = frame.SEPARATOR.join([gettext("reposts left out"), full])
    return full if width(line) <= frame.RIGHT - frame.LEFT else gettext(SHORT_READING)


def _divided(chart: Chart, found: Sequence[RankedRow], most: int) -> tuple[Sequence[RankedRow], list[str]]:
    """Those that are drawn, and the lines that name the others."""

    def height(drawn: int, names: Sequence[str]) -> int:
        return _least_height(chart.data, drawn, names)

    amount, names = overflow.divided(chart, found, most, USUAL, height)
    return found[:amount], names


def _height(data: ChartData, drawn: int, names: Sequence[str]) -> int:
    return max(frame.height_for(drawn + bool(names)), _least_height(data, drawn, names))


def _least_height(data: ChartData, drawn: int, names: Sequence[str]) -> int:
    many = drawn > MOST_TOGETHER
    told = frame.joined(data, growing=True, lines=_lines_told(data, names, many=many))
    drawing = ceil(drawn / panels.COLUMNS) * panels.LEAST_HEIGHT if many else LEAST_DRAWING
    beside = 0 if many else LEAST_LABEL * drawn - labels.GAP
    foot = frame.foot_height(len(told)) + frame.BOTTOM
    return ceil(frame.TOP + max(drawing + frame.LINE + SPACE, beside) + foot)


def _growing(data: ChartData, shown: Sequence[RankedRow]) -> bool:
    return any(any(data.young(entry.row)) for entry in shown)


def _lines_told(data: ChartData, names: Sequence[str], *, many: bool) -> list[str]:
    return [*([translator(data.spec.language).gettext(LINES)] if many else []), *names]


def _together(page: Page, data: ChartData, drawn: Sequence[Series], scale: Scale, bottom: float) -> None:
    """Up to five lines in one drawing, each with its label at the right."""
    words = [_label(page, data, one) for one in drawn]
    left, right = frame.LEFT + ticks_width(data, scale), frame.RIGHT - labels.taken(words)
    box = plot(left, right, frame.TOP + TEXT_PX / 2, bottom - frame.LINE - SPACE, longest(drawn), scale)
    grid(page, [box])
    values_axis(page, data, box)
    posts_axis(page, data, box)
    taken: Counter[tuple[int, float]] = Counter()
    for one in drawn:
        dots(page, data, box, one, taken)
    for one in reversed(drawn):
        begin(page, box, one)
    lines(page, box, drawn)
    labels.beside(page, words, [box.point(0, one.last) for one in drawn], bottom)


def _label(page: Page, data: ChartData, one: Series) -> labels.Label:
    row, ink = one.entry.row, Style(page.colours.ink)
    told = [
        median_and_top(data, one.entry)[0],
        *([sample_size(one.entry)] if len(row.values) < data.spec.count else []),
    ]
    joined = frame.SEPARATOR.join(told)
    lines_told = [joined] if width(joined) <= labels.COLUMN else told
    below = [(words, ink) for words in lines_told]
    note = row.note or "", Style(page.colours.muted)
    return labels.label(one.colour, f"@{row.handle}", *below, note, among=data.handles)
