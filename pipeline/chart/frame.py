"""What both views share: the size of the picture, its head and its foot."""

from collections.abc import Sequence
from datetime import timedelta

from pipeline.chart.page import MARGIN, TEXT, WIDTH, Page, Style, elide, width
from pipeline.chart.standing import Standing, extent, reason, title
from pipeline.chart.theme import COLOURS
from pipeline.language import speech, text
from pipeline.records import ChartData, ChartRow

LEFT, RIGHT = MARGIN, WIDTH - MARGIN
HEIGHTS = (720, 1280)
ROWS_AT_LEAST = 3
ROW_HEIGHT = 180
TITLE = 60
TITLE_BASELINE = 96
SUBTITLE_BASELINE = 152
LINE = 46
"""From one line of text to the next."""
TOP = 230
"""Where the head ends and the drawing begins."""
SLIM_TITLE_BASELINE = 86
SLIM_SUBTITLE_BASELINE = 138
SLIM_TOP = 150
"""The same for a slim head."""
BOTTOM = 36
FRESH = timedelta(hours=24)
SEPARATOR = " · "
GROWING = text("younger than 24 h, still growing")
RING = 20
"""The size of the hollow dot that is explained."""
INDENT = RING + 14
MOST_OTHERS = 2
"""Lines that name the accounts which are not drawn."""


def height_for(rows: int) -> int:
    """The height of a page with so many rows."""
    return min(HEIGHTS[0] + ROW_HEIGHT * max(rows - ROWS_AT_LEAST, 0), HEIGHTS[1])


def open_page(data: ChartData, height: int, reading: str) -> Page:
    """A page with its head; reading says how the marks are to be read."""
    colours, said = COLOURS[data.look.theme], speech(data.look.language)
    page = Page(height, colours)
    page.text(LEFT, TITLE_BASELINE, title(data.look), Style(colours.ink, TITLE, bold=True))
    told, own, when = extent(data.look), said.say("own posts only"), said.moment(data.as_of)
    first, second = [told, own, when], [said.say("reposts left out"), reading]
    if width(SEPARATOR.join(first)) > RIGHT - LEFT:
        first, second = [told, when], [own, *second]
    page.text(LEFT, SUBTITLE_BASELINE, SEPARATOR.join(first), Style(colours.muted))
    page.text(LEFT, SUBTITLE_BASELINE + LINE, SEPARATOR.join(second), Style(colours.muted))
    return page


def open_slim_page(data: ChartData) -> Page:
    """A page as high as can be with two lines of head, for as many rows as can be."""
    colours, said = COLOURS[data.look.theme], speech(data.look.language)
    page = Page(HEIGHTS[1], colours)
    page.text(LEFT, SLIM_TITLE_BASELINE, title(data.look), Style(colours.ink, TITLE, bold=True))
    told = [extent(data.look), said.say("reposts left out"), said.moment(data.as_of)]
    page.text(LEFT, SLIM_SUBTITLE_BASELINE, SEPARATOR.join(told), Style(colours.muted))
    return page


def fresh(data: ChartData, row: ChartRow) -> list[bool]:
    """Whether each post is so young that its count still grows."""
    return [data.as_of - time < FRESH for time in row.times]


def foot(page: Page, data: ChartData, *, growing: bool, lines: Sequence[str]) -> float:
    """Write the lines at the bottom of the page, after what hollow dots mean if there are any; returns their top."""
    told = joined(data, growing=growing, lines=lines)
    top = foot_top(page, len(told))
    for number, words in enumerate(told):
        hollow = growing and number == 0
        baseline = top + LINE * number + TEXT
        page.text(LEFT + (INDENT if hollow else 0), baseline, words, Style(page.colours.muted))
        if hollow:
            page.rings([(LEFT + RING / 2, baseline - 12)], page.colours.muted, RING, 4)
    return top


def foot_top(page: Page, lines: int) -> float:
    """Where a foot of so many lines begins."""
    return page.height - BOTTOM - LINE * lines


def joined(data: ChartData, *, growing: bool, lines: Sequence[str]) -> list[str]:
    """The lines of the foot; in one line what fits into one."""
    first = [speech(data.look.language).say(GROWING)] if growing else []
    if first and lines:
        both = SEPARATOR.join([first[0], lines[0]])
        if width(both) <= RIGHT - LEFT - INDENT:
            return [both, *lines[1:]]
    return [*first, *lines]


def others(data: ChartData, rest: Sequence[Standing]) -> list[str]:
    """Names the accounts that are not drawn, in MOST_OTHERS lines at most."""
    say = speech(data.look.language).say
    names = [elide(_name(data, standing), RIGHT - LEFT) for standing in rest]
    for told in range(len(names), -1, -1):
        more = [say("{count} more", count=len(names) - told)] if told < len(names) else []
        lines = _wrap([say("not drawn, in the text below:"), *_listed([*names[:told], *more])])
        if len(lines) <= MOST_OTHERS:
            break
    return lines if rest else []


def _listed(names: Sequence[str]) -> list[str]:
    return [f"{name}," for name in names[:-1]] + list(names[-1:])


def _name(data: ChartData, standing: Standing) -> str:
    row = standing.row
    return f"@{row.handle}" if row.values else f"@{row.handle} ({reason(data, row)})"


def _wrap(words: Sequence[str]) -> list[str]:
    lines = [""]
    for word in words:
        longer = f"{lines[-1]} {word}".strip()
        if width(longer) <= RIGHT - LEFT:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
