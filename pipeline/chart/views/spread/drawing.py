"""The spread: one row an account, one dot a post, the quartiles and the median in the middle."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.chart.number_format import short
from pipeline.chart.paint.page import Page
from pipeline.chart.paint.typesetting import Style, elide, width
from pipeline.chart.parts import frame
from pipeline.chart.parts.scale import scale_of
from pipeline.chart.prepared import Chart
from pipeline.chart.ranking import RankedRow
from pipeline.chart.views.spread import MOST_OPEN_ROWS, strip, table
from pipeline.chart.views.spread.strip import Axis, Room, Strip, colour, strip_of
from pipeline.chart.wording import median_and_top, reason, sample_size
from pipeline.i18n import lazy_gettext, translator
from pipeline.records import ChartData

NAME = 36
NAME_BASELINE = 34
HEAD = 44
"""The height of a row's line of text."""
EMPTY = HEAD + 16
"""The height of a row without posts."""
FILLED = 0.9
"""How much of its height a row's dots take below the line of text."""
SPACE = 24
"""Between two texts of one line."""
PAD = 50
"""From the edges of the page's text to the ends of the axis: room for the crowd at zero and for the labels."""
LINEAR = 0.35
"""The length of the axis' linear part, in decades: room for many posts without any."""
AXIS = 56
BELOW_AXIS = 10
LABEL = 52
"""The height of a line of text above or below the only row's dots."""
STEM = 14
CHEVRON = 13
READING = lazy_gettext("log scale · ring: median, bar: middle half")


@dataclass(frozen=True, slots=True)
class Row:
    """An account with its place on the page: its top, and the room of its dots, None where it has no posts."""

    entry: RankedRow
    top: float
    strip: Strip | None


def draw(chart: Chart) -> Page:
    """A row an account as long as there is room for its words; a line an account where there are more."""
    data, found = chart.data, chart.entries
    scale = scale_of(chart.layout, data.spec.normalization, LINEAR)
    if len(found) > MOST_OPEN_ROWS:
        return table.draw(chart, scale)
    axis = Axis(scale, scale.placed(frame.LEFT + PAD, frame.RIGHT - PAD), frame.LEFT, frame.RIGHT)
    page = frame.open_page(chart, frame.height_for(len(found)), translator(data.spec.language).gettext(READING))
    growing = any(any(data.young(row)) for row in data.rows)
    bottom = frame.foot(page, data, growing=growing, lines=[])
    rows = _rows(page, data, found, bottom - AXIS, axis)
    strips = [row.strip for row in rows if row.strip]
    if not found:
        frame.tell(page, data, frame.NOBODY, bottom)
    if strips:
        _axis(page, data, axis, strips, bottom)
    for row in rows:
        _head(page, data, row)
    _beyond(page, strips)
    strip.draw(page, strips)
    if len(found) == 1 and strips:
        _labels(page, data, strips[0])
    return page


def _rows(page: Page, data: ChartData, found: Sequence[RankedRow], bottom: float, axis: Axis) -> list[Row]:
    """Rows of equal height, but those without posts, which need less."""
    full = sum(1 for entry in found if entry.row.values)
    height = (bottom - frame.TOP - EMPTY * (len(found) - full)) / max(full, 1)
    labels = (LABEL, LABEL) if len(found) == 1 else (0, 0)
    rows, top = [], float(frame.TOP)
    for entry in found:
        posts = None
        if entry.row.values:
            room = _room(top + HEAD + labels[0], top + height - labels[1])
            posts = strip_of(page, data, entry, room, axis)
        rows.append(Row(entry, top, posts))
        top += height if posts else EMPTY
    return rows


def _room(top: float, bottom: float) -> Room:
    half = (bottom - top) / 2 * FILLED
    return Room(top + half, half, PAD)


def _axis(page: Page, data: ChartData, axis: Axis, strips: Sequence[Strip], bottom: float) -> None:
    sides = [(each.room.middle - each.room.half, each.room.middle + each.room.half) for each in strips]
    if len(data.rows) == 1:
        sides.append((bottom - AXIS, bottom - AXIS + STEM))
    page.lines([((x, top), (x, end)) for x in axis.ticks for top, end in sides], page.colours.grid, 2)
    for x, words in axis.labels(data.spec.language):
        page.text(x, bottom - BELOW_AXIS, words, Style(page.colours.muted), "center")


def _head(page: Page, data: ChartData, row: Row) -> None:
    entry, baseline = row.entry, row.top + NAME_BASELINE
    name, style = Style(colour(page, entry), NAME, bold=True), Style(page.colours.ink)
    handle = f"@{entry.row.handle}"
    full, less = _words(data, entry)
    room = frame.RIGHT - frame.LEFT - SPACE
    words = full if width(full, style) + width(handle, name) <= room else less
    shown = elide(handle, room - width(words, style), name, data.handles)
    page.text(frame.LEFT, baseline, shown, name)
    if row.strip:
        page.text(frame.RIGHT, baseline, words, style, "right")
    else:
        page.text(frame.LEFT + width(shown, name) + SPACE, baseline, words, Style(page.colours.muted))


def _words(data: ChartData, entry: RankedRow) -> tuple[str, str]:
    """What stands beside a row's name, and less of it for a long handle."""
    row = entry.row
    if not row.values:
        return reason(data, row), reason(data, row)
    median, top = median_and_top(data, entry)
    few = [sample_size(entry)] if len(row.values) < data.spec.count else []
    note = [row.note] if row.note else []
    if len(data.rows) == 1:
        median, top = top, ""
    told = [median, top, *few, *note], [median, *few, *note]
    full, less = (frame.SEPARATOR.join(filter(None, words)) for words in told)
    return full, less


def _beyond(page: Page, strips: Sequence[Strip]) -> None:
    """Points at what is beyond the axis; the row's words say how far."""
    for each in strips:
        if each.beyond:
            x, y = frame.RIGHT - CHEVRON, each.room.middle
            page.line([(x - CHEVRON, y - CHEVRON), (x, y), (x - CHEVRON, y + CHEVRON)], each.colour, 6)


def _labels(page: Page, data: ChartData, posts: Strip) -> None:
    """The only row says beside its marks what they are."""
    gettext, language = translator(data.spec.language).gettext, data.spec.language
    low, median, high = posts.quartiles
    style, room = Style(page.colours.ink), posts.room
    top, bottom = room.middle - room.half, room.middle + room.half
    _centred(
        page, posts.place(median), top - STEM - 8, gettext("median {number}", number=short(median, language)), style
    )
    page.line([(posts.place(median), top - STEM), (posts.place(median), top - 2)], page.colours.ink, 3)
    half = short(low, language), short(high, language)
    if half[0] != half[1]:
        start, end, y = posts.place(low), posts.place(high), bottom + STEM
        page.line([(start, y - STEM + 4), (start, y), (end, y), (end, y - STEM + 4)], page.colours.ink, 3)
        words = gettext("middle half {low}–{high}", low=half[0], high=half[1])
        _centred(page, (start + end) / 2, y + LABEL - STEM, words, style)


def _centred(page: Page, x: float, baseline: float, words: str, style: Style) -> None:
    """Around x, as near as the page's edges allow."""
    half = width(words, style) / 2
    page.text(min(max(x, frame.LEFT + half), frame.RIGHT - half), baseline, words, style, "center")
