"""One account post by post, over the whole width: its best post and its median are told where they stand."""

from collections import Counter

from babel.dates import format_datetime

from pipeline.chart.number_format import short
from pipeline.chart.paint.page import Page
from pipeline.chart.paint.typesetting import TEXT_PX, Style, width
from pipeline.chart.parts import frame, labels
from pipeline.chart.parts.scale import Scale
from pipeline.chart.views.posts.series import (
    SPACE,
    Plot,
    Series,
    begin,
    dots,
    grid,
    lines,
    longest,
    plot,
    posts_axis,
    ticks_width,
    values_axis,
)
from pipeline.chart.wording import median_and_top, sample_size
from pipeline.i18n import translator
from pipeline.records import ChartData

NAME = 38
NAME_BASELINE = 32
HEAD = 64
"""The room of the name."""
ABOVE = 28
"""From the best post to its words."""
DASH = (4, 3)
MEDIAN = 3
"""The stroke of the line of the median of all."""


def draw(page: Page, data: ChartData, one: Series, scale: Scale, bottom: float) -> None:
    number = short(one.entry.median or 0, data.spec.language)
    style = Style(one.colour, bold=True)
    left, right = frame.LEFT + ticks_width(data, scale), frame.RIGHT - width(number, style) - SPACE
    lowest = bottom - frame.LINE - SPACE
    box = plot(left, right, _top(one, scale, lowest), lowest, longest([one]), scale)
    _heading(page, data, one)
    grid(page, [box], _best(page, data, box, one))
    values_axis(page, data, box)
    posts_axis(page, data, box)
    dots(page, data, box, one, Counter())
    y = box.y(one.entry.median or 0)
    page.line([(box.x(len(one.values) - 1), y), (box.right + SPACE / 2, y)], one.colour, MEDIAN, DASH)
    page.text(frame.RIGHT, y + 12, number, style, "right")
    begin(page, box, one)
    lines(page, box, [one])


def _top(one: Series, scale: Scale, bottom: float) -> float:
    """As high as may be with room for the words over the best post."""
    top = frame.TOP + HEAD
    best = scale.placed(bottom, top)(max(one.values))
    return top + max(ABOVE + TEXT_PX - (best - top), 0)


def _heading(page: Page, data: ChartData, one: Series) -> None:
    row = one.entry.row
    few = [sample_size(one.entry)] if len(row.values) < data.spec.count else []
    told = frame.SEPARATOR.join([median_and_top(data, one.entry)[0], *few])
    name = f"@{row.handle}", Style(one.colour, NAME, bold=True)
    others = (told, Style(page.colours.ink)), (row.note or "", Style(page.colours.muted))
    labels.heading(page, frame.TOP + NAME_BASELINE, [name, *others])


def _best(page: Page, data: ChartData, box: Plot, one: Series) -> tuple[float, float, float, float]:
    """Write what the best post has, and its day, over its dot; returns the box of the words."""
    top = max(one.values)
    ago = one.values.index(top)
    time = one.entry.row.times[ago]
    pattern = "d MMM" if time.year == data.as_of.year else "d MMM y"
    day = format_datetime(time, pattern, locale=translator(data.spec.language).locale)
    words = frame.SEPARATOR.join([median_and_top(data, one.entry)[1], day])
    half = width(words) / 2
    x, y = box.point(ago, top)
    middle = min(max(x, box.left + half), box.right - half)
    page.text(middle, y - ABOVE, words, Style(page.colours.ink), "center")
    return middle - half - SPACE / 2, middle + half + SPACE / 2, y - ABOVE - TEXT_PX, y - ABOVE / 2
