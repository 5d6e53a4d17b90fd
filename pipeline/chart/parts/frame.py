"""What all pictures have: a page of their height, its head, and its foot."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from pipeline.chart.paint.page import WIDTH, Page
from pipeline.chart.paint.theme import COLOURS
from pipeline.chart.paint.typesetting import TEXT_PX, Style, elide, width, wrap
from pipeline.chart.parts.metrics import (
    BOTTOM,
    DROP,
    FOOT_LINE,
    LEFT,
    LINE,
    MAX_HEIGHT,
    MIN_HEIGHT,
    ROW_HEIGHT,
    TEXT_WIDTH,
)
from pipeline.chart.prepared import Chart
from pipeline.chart.wording import old_posts, replies
from pipeline.i18n import chart_translator, lazy_gettext, translator
from pipeline.records import ChartData, LazyString

SEPARATOR = " · "
TITLES = (56, 50)
"""The sizes of the title: the largest one at which it is one line is taken, or else two lines."""
TITLE_LINES = 2
NARROWER = 40
"""The lines of a title become narrower by so many px at a time, until they are about as wide as each other."""
TITLE_BASELINE, TITLE_LINE = 84, 60
"""The baseline of its first line, and from one of its lines to the next."""
NAMES = (900, 600, 400, 280)
"""The greatest widths of a name in the title: the first one is taken at which the title has room."""
SHORTEST_NAMES = (200, 120)
"""The widths where the title has no room in its fewest words either."""
SUBTITLE = 54
"""From the title's last baseline to the next line's."""
BELOW_HEAD = 34
"""From the baseline of the head's last line to the drawing."""
MESSAGE = 44
"""The size of the message on a page without a drawing."""
RING, RING_WIDTH = 20, 4
"""The hollow dot in the foot."""
INDENT = RING + 14
"""From the left end of that dot to the words that explain it."""
STILL_GROWING = lazy_gettext("younger than 24 h, still growing")
NO_REPOSTS = lazy_gettext("no reposts")
LOG_SCALE = lazy_gettext("log scale")
NOBODY = lazy_gettext("nobody to compare yet")
OLD_POSTS = lazy_gettext("oldest as of {day}")


def height_for(rows: int, data: ChartData) -> int:
    """The height of a page with so many open rows or lines, and with the notes of the data, in px."""
    height = min(MIN_HEIGHT + ROW_HEIGHT * rows, MAX_HEIGHT)
    return height + foot_height(len(note_lines(data)))


def open_page(chart: Chart, height: int, legend: str) -> Page:
    """A page with its head: what the chart shows, what is compared, and the legend, which explains the marks."""
    data = chart.data
    page = Page(height, COLOURS[data.spec.theme])
    size, lines = _title(chart)
    for number, line in enumerate(lines):
        page.text(LEFT, TITLE_BASELINE + TITLE_LINE * number, line, Style(page.colours.ink, size, bold=True))
    baseline = TITLE_BASELINE + TITLE_LINE * (len(lines) - 1) + SUBTITLE
    measured = [chart.title] if chart.finding else []
    moment = chart_translator(data.spec).moment(data.as_of)
    subtitle = _first_that_fits(
        [*measured, chart.scope, *filter(None, [chart.extent]), moment],
        [*measured, chart.scope, chart.extent or moment],
        [chart.scope, chart.extent or moment],
    )
    for text in filter(None, [subtitle, legend]):
        page.text(LEFT, baseline, text, Style(page.colours.muted))
        baseline += LINE
    page.top = baseline - LINE + BELOW_HEAD
    return page


def _title(chart: Chart) -> tuple[int, list[str]]:
    """The size and the lines of the title: what the chart shows, or else what is measured."""
    for most, size in product((1, TITLE_LINES), TITLES):
        for title in _titles(chart, size if most > 1 else TITLES[0]):
            lines = _balanced(title.split(), Style("", size, bold=True))
            if len(lines) <= most:
                return size, lines
    return TITLES[-1], wrap(chart.title.split(), float(TEXT_WIDTH), Style("", TITLES[-1], bold=True))[:TITLE_LINES]


def _balanced(words: Sequence[str], style: Style) -> list[str]:
    """The words in as few lines as they fit into, which are about as wide as each other."""
    most_px = float(TEXT_WIDTH)
    lines = wrap(words, most_px, style)
    while len(lines) > 1 and len(narrower := wrap(words, most_px - NARROWER, style)) == len(lines):
        most_px, lines = most_px - NARROWER, narrower
    return lines


def _titles(chart: Chart, size: int) -> Iterator[str]:
    """The title; at the last size also with shortened names, and in fewer words."""
    finding = chart.finding
    if finding is None:
        yield chart.title
        return
    gettext, style = translator(chart.data.spec.language).gettext, Style("", size, bold=True)
    ways = [dict(finding.values, says=says) for says in finding.says or ("",)]
    tries = [*product(ways, NAMES), *product(ways[-1:], SHORTEST_NAMES)]
    for values, most_px in tries if size == TITLES[-1] else tries[:1]:
        names = {field: elide(name, most_px, style, chart.data.handles) for field, name in finding.names.items()}
        yield gettext(finding.sentence, **values, **names)


def _first_that_fits(*options: Sequence[str]) -> str:
    """The first option that fits on a line, or the last one."""
    lines = [SEPARATOR.join(parts) for parts in options]
    return next((line for line in lines if width(line) <= TEXT_WIDTH), lines[-1])


def write_message(page: Page, data: ChartData, message: LazyString, bottom: float) -> None:
    """Write in the middle between the head and the bottom why there is no drawing."""
    text = translator(data.spec.language).gettext(message)
    page.text(WIDTH / 2, (page.top + bottom + MESSAGE) / 2, text, Style(page.colours.ink, MESSAGE), "center")


@dataclass(frozen=True, slots=True)
class Foot:
    """What a view says in the foot.

    has_young: whether hollow dots are explained. facts: short, as many on a line as fit. lines: each on its own.
    """

    has_young: bool = False
    facts: Sequence[str] = ()
    lines: Sequence[str] = ()


def write_foot(page: Page, data: ChartData, foot: Foot) -> float:
    """Write the lines of the foot, and first what hollow dots mean if there are some; returns the foot's top."""
    joined, has_young = foot_lines(data, foot), foot.has_young
    top = page.height - BOTTOM - foot_height(len(joined))
    for number, text in enumerate(joined):
        explains_dot = has_young and number == 0
        baseline = top + FOOT_LINE * number + TEXT_PX
        page.text(LEFT + (INDENT if explains_dot else 0), baseline, text, Style(page.colours.muted))
        if explains_dot:
            page.rings([(LEFT + RING / 2, baseline - DROP)], page.colours.muted, RING, RING_WIDTH)
    return top


def log_scale(data: ChartData) -> str:
    return translator(data.spec.language).gettext(LOG_SCALE)


def foot_height(lines: int) -> int:
    """The height of a foot of so many lines."""
    return lines and LINE + FOOT_LINE * (lines - 1)


def note_lines(data: ChartData) -> list[str]:
    """The data's notes, as lines of the foot."""
    gettext = translator(data.spec.language).gettext
    return [line for note in data.notes for line in wrap(gettext(note).split(), TEXT_WIDTH)]


def foot_lines(data: ChartData, foot: Foot) -> list[str]:
    """The lines of the foot: what hollow dots mean, which posts are left out, what the view says, the data's notes."""
    gettext = translator(data.spec.language).gettext
    explained = [gettext(STILL_GROWING)] if foot.has_young else []
    facts = [*explained, gettext(NO_REPOSTS), gettext(replies(data.spec)), *old_posts(data, OLD_POSTS), *foot.facts]
    return [*_filled(facts, TEXT_WIDTH - INDENT), *foot.lines, *note_lines(data)]


def _filled(parts: Sequence[str], most_px: float) -> list[str]:
    """The parts in as few lines as they fit into, none of them broken."""
    lines: list[str] = []
    for part in parts:
        joined = SEPARATOR.join([*lines[-1:], part])
        lines[-1:] = [joined] if width(joined) <= most_px or not lines else [*lines[-1:], part]
    return lines
