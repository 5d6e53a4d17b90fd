"""What the views share: the size of the picture, its head and its foot."""

from collections.abc import Sequence

from pipeline.chart.paint.page import MARGIN, WIDTH, Page
from pipeline.chart.paint.theme import COLOURS
from pipeline.chart.paint.typesetting import TEXT_PX, Style, width
from pipeline.chart.prepared import Chart
from pipeline.i18n import lazy_gettext, translator
from pipeline.records import ChartData, LazyString

LEFT, RIGHT = MARGIN, WIDTH - MARGIN
HEIGHTS = (720, 1280)
MOST_HEIGHT = 2240
"""Of a picture with so many accounts that they have no room on a square one; a phone's screen is as high."""
ROWS_AT_LEAST = 3
ROW_HEIGHT = 280
TITLE = 60
TITLE_BASELINE = 96
SUBTITLE_BASELINE = 152
LINE = 46
"""From one line of text to the next."""
FOOT_LINE = 40
"""The same in the foot, which may have many."""
TOP = 230
"""Where the head ends and the drawing begins."""
SLIM_TITLE_BASELINE = 86
SLIM_SUBTITLE_BASELINE = 138
SLIM_TOP = 150
"""The same for a slim head."""
BOTTOM = 36
SEPARATOR = " · "
GROWING = lazy_gettext("younger than 24 h, still growing")
NOBODY = lazy_gettext("nobody to compare yet")
MESSAGE = 44
"""The size of what is said where there is nothing to draw."""
RING = 20
"""The size of the hollow dot that is explained."""
INDENT = RING + 14


def height_for(rows: int) -> int:
    """The height of a page with so many rows."""
    return min(HEIGHTS[0] + ROW_HEIGHT * max(rows - ROWS_AT_LEAST, 0), HEIGHTS[1])


def open_page(chart: Chart, height: int, reading: str) -> Page:
    """A page with its head; reading says how the marks are to be read."""
    data = chart.data
    colours, said = COLOURS[data.spec.theme], translator(data.spec.language)
    page = Page(height, colours)
    page.text(LEFT, TITLE_BASELINE, chart.title, Style(colours.ink, TITLE, bold=True))
    told, own, when = chart.scope, said.gettext("own posts only"), said.moment(data.as_of)
    first, second = [told, own, when], [said.gettext("reposts left out"), reading]
    if width(SEPARATOR.join(first)) > RIGHT - LEFT:
        first, second = [told, when], [own, *second]
    page.text(LEFT, SUBTITLE_BASELINE, SEPARATOR.join(first), Style(colours.muted))
    page.text(LEFT, SUBTITLE_BASELINE + LINE, SEPARATOR.join(second), Style(colours.muted))
    return page


def open_slim_page(chart: Chart, height: int) -> Page:
    """A page with two lines of head, for as many rows as can be."""
    data = chart.data
    colours, said = COLOURS[data.spec.theme], translator(data.spec.language)
    page = Page(height, colours)
    page.text(LEFT, SLIM_TITLE_BASELINE, chart.title, Style(colours.ink, TITLE, bold=True))
    told = [chart.scope, said.gettext("reposts left out"), said.moment(data.as_of)]
    page.text(LEFT, SLIM_SUBTITLE_BASELINE, SEPARATOR.join(told), Style(colours.muted))
    return page


def tell(page: Page, data: ChartData, words: LazyString, bottom: float) -> None:
    """Say in the middle of the drawing's room why it is empty."""
    said = translator(data.spec.language).gettext(words)
    page.text(WIDTH / 2, (TOP + bottom + MESSAGE) / 2, said, Style(page.colours.ink, MESSAGE), "center")


def foot(page: Page, data: ChartData, *, growing: bool, lines: Sequence[str]) -> float:
    """Write the lines at the bottom of the page, after what hollow dots mean if there are any; returns their top."""
    told = joined(data, growing=growing, lines=lines)
    top = foot_top(page, len(told))
    for number, words in enumerate(told):
        hollow = growing and number == 0
        baseline = top + FOOT_LINE * number + TEXT_PX
        page.text(LEFT + (INDENT if hollow else 0), baseline, words, Style(page.colours.muted))
        if hollow:
            page.rings([(LEFT + RING / 2, baseline - 12)], page.colours.muted, RING, 4)
    return top


def foot_top(page: Page, lines: int) -> float:
    """Where a foot of so many lines begins."""
    return page.height - BOTTOM - foot_height(lines)


def foot_height(lines: int) -> float:
    return lines and LINE + FOOT_LINE * (lines - 1)


def joined(data: ChartData, *, growing: bool, lines: Sequence[str]) -> list[str]:
    """The lines of the foot; in one line what fits into one."""
    first = [translator(data.spec.language).gettext(GROWING)] if growing else []
    if first and lines:
        both = SEPARATOR.join([first[0], lines[0]])
        if width(both) <= RIGHT - LEFT - INDENT:
            return [both, *lines[1:]]
    return [*first, *lines]
