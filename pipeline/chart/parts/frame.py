"""What all pictures have: a page of their height, its head, and its foot."""

from collections.abc import Sequence

from pipeline import i18n
from pipeline.chart.paint.page import WIDTH, Page
from pipeline.chart.paint.theme import COLOURS
from pipeline.chart.paint.typesetting import TEXT_PX, Style, width
from pipeline.chart.parts.metrics import (
    BOTTOM,
    DROP,
    FOOT_LINE,
    LEFT,
    LINE,
    MIN_HEIGHT,
    SQUARE_HEIGHT,
    TEXT_WIDTH,
    TOP,
)
from pipeline.chart.prepared import Chart
from pipeline.i18n import lazy_gettext, translator
from pipeline.records import ChartData, LazyString

SEPARATOR = " · "
LOW_ROWS = 3
"""How many rows fit on the lowest page."""
ROW_HEIGHT = 280
"""How much higher the page becomes with each further row."""
TITLE = 60
"""The size of the title."""
TITLE_BASELINE, SUBTITLE_BASELINE = 96, 152
SLIM_TITLE_BASELINE, SLIM_SUBTITLE_BASELINE = 86, 138
MESSAGE = 44
"""The size of the message on a page without a drawing."""
RING, RING_WIDTH = 20, 4
"""The hollow dot in the foot."""
INDENT = RING + 14
"""From the left end of that dot to the words that explain it."""
STILL_GROWING = lazy_gettext("younger than 24 h, still growing")
NOBODY = lazy_gettext("nobody to compare yet")


def height_for(rows: int) -> int:
    """The height of a page with so many open rows or lines, in px."""
    return min(MIN_HEIGHT + ROW_HEIGHT * max(rows - LOW_ROWS, 0), SQUARE_HEIGHT)


def open_page(chart: Chart, height: int, legend: str) -> Page:
    """A page with its head: the title, what is compared, and the legend, which explains the marks."""
    data, translator = chart.data, i18n.translator(chart.data.spec.language)
    page = _titled(chart, height, TITLE_BASELINE)
    own, moment = translator.gettext("own posts only"), translator.moment(data.as_of)
    first, second = [chart.scope, own, moment], [translator.gettext("reposts left out"), legend]
    if width(SEPARATOR.join(first)) > TEXT_WIDTH:
        first, second = [chart.scope, moment], [own, *second]
    page.text(LEFT, SUBTITLE_BASELINE, SEPARATOR.join(first), Style(page.colours.muted))
    page.text(LEFT, SUBTITLE_BASELINE + LINE, SEPARATOR.join(second), Style(page.colours.muted))
    return page


def open_slim_page(chart: Chart, height: int) -> Page:
    """A page with a head of two lines, which leaves more height for rows."""
    translator = i18n.translator(chart.data.spec.language)
    page = _titled(chart, height, SLIM_TITLE_BASELINE)
    subtitle = [chart.scope, translator.gettext("reposts left out"), translator.moment(chart.data.as_of)]
    page.text(LEFT, SLIM_SUBTITLE_BASELINE, SEPARATOR.join(subtitle), Style(page.colours.muted))
    return page


def _titled(chart: Chart, height: int, baseline: float) -> Page:
    page = Page(height, COLOURS[chart.data.spec.theme])
    page.text(LEFT, baseline, chart.title, Style(page.colours.ink, TITLE, bold=True))
    return page


def write_message(page: Page, data: ChartData, message: LazyString, bottom: float) -> None:
    """Write in the middle between the head and the bottom why there is no drawing."""
    text = translator(data.spec.language).gettext(message)
    page.text(WIDTH / 2, (TOP + bottom + MESSAGE) / 2, text, Style(page.colours.ink, MESSAGE), "center")


def write_foot(page: Page, data: ChartData, *, has_young: bool, lines: Sequence[str]) -> float:
    """Write the lines of the foot, and first what hollow dots mean if there are some; returns the foot's top."""
    joined = foot_lines(data, has_young=has_young, lines=lines)
    top = page.height - BOTTOM - foot_height(len(joined))
    for number, text in enumerate(joined):
        explains_dot = has_young and number == 0
        baseline = top + FOOT_LINE * number + TEXT_PX
        page.text(LEFT + (INDENT if explains_dot else 0), baseline, text, Style(page.colours.muted))
        if explains_dot:
            page.rings([(LEFT + RING / 2, baseline - DROP)], page.colours.muted, RING, RING_WIDTH)
    return top


def foot_height(lines: int) -> float:
    """The height of a foot of so many lines."""
    return lines and LINE + FOOT_LINE * (lines - 1)


def foot_lines(data: ChartData, *, has_young: bool, lines: Sequence[str]) -> list[str]:
    """The lines of the foot. The explanation of hollow dots and the first line are one line where they fit into it."""
    explanation = [translator(data.spec.language).gettext(STILL_GROWING)] if has_young else []
    if explanation and lines:
        both = SEPARATOR.join([explanation[0], lines[0]])
        if width(both) <= TEXT_WIDTH - INDENT:
            return [both, *lines[1:]]
    return [*explanation, *lines]
