"""Many accounts post by post: a panel each, all on one axis, the other accounts' lines grey behind."""

from collections import Counter
from collections.abc import Sequence
from math import ceil

from pipeline.chart.number_format import short
from pipeline.chart.paint.marks import GAP
from pipeline.chart.paint.page import Page
from pipeline.chart.paint.theme import blend
from pipeline.chart.paint.typesetting import TEXT_PX, Style, elide, width
from pipeline.chart.parts import frame
from pipeline.chart.parts.scale import Scale
from pipeline.chart.views.posts.series import (
    SPACE,
    Plot,
    Point,
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
from pipeline.chart.wording import sample_size
from pipeline.records import ChartData

COLUMNS = 2
MOST = 10
BETWEEN = 36
"""From one column to the next."""
HEAD = 46
"""The height of a panel's line of text."""
NOTE = 40
"""The height of a further line, where an account has a note."""
BELOW = 16
"""From a panel to the next one's text."""
STROKE = 5
BEHIND = 2
COARSE = 20
"""One corner in so many px is enough for the lines behind."""
PALE = 0.4
"""How much of their colour the other accounts' lines keep on the paper."""
APART = 16
"""At least between the name and what is said at the right."""
LEAST_HEIGHT = 150
"""A panel's, with its line of text."""


def draw(page: Page, data: ChartData, drawn: Sequence[Series], scale: Scale, bottom: float) -> None:
    """Two columns, the highest medians first, from left to right and from the top."""
    head = HEAD + (NOTE if any(one.entry.row.note for one in drawn) else 0)
    boxes = _boxes(data, drawn, scale, bottom, head)
    grid(page, boxes)
    page.line(_behind(boxes, drawn), blend(page.colours.muted, page.colours.paper, PALE), BEHIND)
    for number, (box, one) in enumerate(zip(boxes, drawn, strict=True)):
        if number % COLUMNS == 0:
            values_axis(page, data, box)
        if number + COLUMNS >= len(drawn):
            posts_axis(page, data, box)
        _heading(page, data, box, one, head)
        dots(page, data, box, one, Counter())
        begin(page, box, one, STROKE)
        lines(page, box, [one], STROKE)


def _boxes(data: ChartData, drawn: Sequence[Series], scale: Scale, bottom: float, head: float) -> list[Plot]:
    left, span = frame.LEFT + ticks_width(data, scale), longest(drawn)
    right = frame.RIGHT - STROKE * 1.5
    wide = (right - left - BETWEEN * (COLUMNS - 1)) / COLUMNS
    high = (bottom - frame.LINE - SPACE + BELOW - frame.TOP) / ceil(len(drawn) / COLUMNS)
    boxes = []
    for number in range(len(drawn)):
        row, column = divmod(number, COLUMNS)
        x, y = left + column * (wide + BETWEEN), frame.TOP + row * high
        boxes.append(plot(x, x + wide, y + head, y + high - BELOW, span, scale))
    return boxes


def _heading(page: Page, data: ChartData, box: Plot, one: Series, head: float) -> None:
    """The name at the left, the median at the right; below why the account is grey."""
    row, style = one.entry.row, Style(one.colour, bold=True)
    right, baseline = box.right + box.dot, box.top - head + TEXT_PX - 4
    few = [sample_size(one.entry)] if len(row.values) < data.spec.count else []
    words = frame.SEPARATOR.join([short(one.entry.median or 0, data.spec.language), *few])
    room = right - box.left - APART - width(words)
    muted = Style(page.colours.muted)
    page.text(box.left, baseline, elide(f"@{row.handle}", room, style, data.handles), style)
    page.text(right, baseline, words, muted if row.note else Style(page.colours.ink), "right")
    if row.note:
        page.text(box.left, baseline + NOTE, elide(row.note, right - box.left), muted)


def _behind(boxes: Sequence[Plot], drawn: Sequence[Series]) -> list[Point]:
    """In each panel the others' lines, which are the same in all panels but for their places."""
    first = boxes[0]
    corners = max(round(len(max((one.line for one in drawn), key=len)) * COARSE / (first.right - first.left)), 1)
    paths = [first.path(one.line[::corners]) for one in drawn]
    return [
        point
        for own, box in enumerate(boxes)
        for number, path in enumerate(paths)
        if path and number != own
        for point in (*_moved(path, box.left - first.left, box.top - first.top), GAP)
    ]


def _moved(path: Sequence[Point], right: float, down: float) -> list[Point]:
    return [(x + right, y + down) for x, y in path]
