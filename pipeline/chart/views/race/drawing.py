"""The race: one total an account, as a bar from zero and a number; the standing of this minute."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from pipeline.chart.number_format import short
from pipeline.chart.paint.page import Page
from pipeline.chart.paint.typesetting import TEXT_PX, Style, elide, width
from pipeline.chart.parts import frame, overflow
from pipeline.chart.prepared import Chart
from pipeline.chart.ranking import RankedRow
from pipeline.chart.wording import median_and_top, reason, sample_size, within
from pipeline.i18n import lazy_gettext, translator
from pipeline.records import ChartData, Layout, Normalization

READINGS = {
    Normalization.COUNT: lazy_gettext("the sum of these posts"),
    Normalization.RATE: lazy_gettext("these posts together"),
    Normalization.DAILY: lazy_gettext("since the oldest of these posts, at least a day"),
}
MOST_OPEN = 10
"""Up to so many accounts have their names above their bars; more have them in a column before the bars."""
USUAL_LINES = 20
"""So many have room on a square page."""
LEAST_PITCH = 40
"""From one line to the next where there are many."""
SPACE = 24
HAIR = 1
"""The width of a bar that means zero, in px: no bar ends further than this from its total."""
USUAL = "8,888"
"""Room for this is kept for every number, so that bars seldom become shorter because a number became longer."""
NAMES = 440
"""The most room for a column of names."""
RISE = 0.36
"""From the middle of a line of figures down to its baseline, in its size."""
CLEAR = 1.1
"""From here on a lead is told as how many times as much, below as how much more."""
LEAST_ROOM = 140
"""What is left of a whole bar beside the longest names and words."""
ALONE_NAME, ALONE_NUMBER = 60, 230


@dataclass(frozen=True, slots=True)
class Band:
    """Where a row is, in px; the sizes of its parts go by its height."""

    top: float
    height: float

    @property
    def name(self) -> int:
        return round(min(max(self.height * 0.25, 38), 50))

    @property
    def bar(self) -> tuple[float, float]:
        """The top and the bottom of the bar, on whole px so that its edges are sharp."""
        top = round(self.top + self.name * 1.35)
        return top, top + round(min((self.top + self.height - top) * 0.68, 110))

    @property
    def number(self) -> int:
        top, bottom = self.bar
        return round(min(max((bottom - top) * 0.85, 42), 84))

    @property
    def middle(self) -> float:
        return sum(self.bar) / 2


@dataclass(frozen=True, slots=True)
class Line:
    """Where a row of one line is, in px."""

    top: float
    height: float

    @property
    def size(self) -> int:
        return round(min(max(self.height * 0.6, TEXT_PX), 40))

    @property
    def bar(self) -> tuple[float, float]:
        half = round(min(self.height * 0.36, 28))
        return round(self.middle) - half, round(self.middle) + half

    @property
    def middle(self) -> float:
        return self.top + self.height / 2

    @property
    def baseline(self) -> float:
        return self.middle + RISE * self.size


def draw(chart: Chart) -> Page:
    """The accounts with the highest totals, as many as can be told apart; the other ones are named."""
    data, kept, found = chart.data, chart.layout, chart.entries
    if len(found) > MOST_OPEN:
        return _dense(chart)
    page = _open(chart, frame.height_for(len(found)))
    if len(found) == 1 and found[0].sort_value is not None:
        _single(page, data, found[0], found[0].sort_value)
    elif found:
        _spaced(page, data, found, kept)
    else:
        frame.tell(page, data, frame.NOBODY, page.height - frame.BOTTOM)
    return page


def _open(chart: Chart, height: int) -> Page:
    data = chart.data
    return frame.open_page(chart, height, translator(data.spec.language).gettext(READINGS[data.spec.normalization]))


def _single(page: Page, data: ChartData, entry: RankedRow, total: float) -> None:
    """A bar says nothing where there is none to compare it with: the number itself, and what a single post has."""
    gettext = translator(data.spec.language).gettext
    colour = _colour(page, entry)
    name = Style(colour, ALONE_NAME, bold=True)
    page.text(frame.LEFT, 330, elide(f"@{entry.row.handle}", frame.RIGHT - frame.LEFT, name), name)
    number = Style(colour, ALONE_NUMBER, bold=True)
    if width(_short(data, total), number) > frame.RIGHT - frame.LEFT:
        number = Style(colour, ALONE_NUMBER // 2, bold=True)
    page.text(frame.LEFT - 8, 550, _short(data, total), number)
    each = gettext("per post: {figures}", figures=frame.SEPARATOR.join(median_and_top(data, entry)))
    words = frame.SEPARATOR.join([each, *_remarks(data, entry)])
    page.text(frame.LEFT, 640, elide(words, frame.RIGHT - frame.LEFT), Style(page.colours.muted))


def _spaced(page: Page, data: ChartData, found: Sequence[RankedRow], kept: Layout) -> None:
    height = (page.height - frame.BOTTOM - frame.TOP) / len(found)
    bands = [Band(frame.TOP + height * number, height) for number in range(len(found))]
    lead = _lead(data, found)
    largest = Style(page.colours.ink, bands[0].number, bold=True)
    room = frame.RIGHT - frame.LEFT - SPACE - _widest(data, found, largest)
    for entry, band in zip(found, bands, strict=True):
        _head(page, data, entry, band, lead if entry is found[0] else "")
        if entry.sort_value is None:
            page.text(frame.LEFT, band.middle + 12, reason(data, entry.row), Style(page.colours.muted))
            continue
        end = _bar(page, entry, frame.LEFT, room * entry.sort_value / kept.high, band.bar)
        number = Style(page.colours.ink, band.number, bold=True)
        page.text(end + SPACE, band.middle + RISE * band.number, _short(data, entry.sort_value), number)


def _head(page: Page, data: ChartData, entry: RankedRow, band: Band, lead: str) -> None:
    """The name, what must be said of the row, and the lead where there is room for it."""
    name, style = Style(_colour(page, entry), band.name, bold=True), Style(page.colours.muted)
    whole, baseline = frame.RIGHT - frame.LEFT - SPACE, band.top + band.name
    remarks = frame.SEPARATOR.join(_remarks(data, entry)) if entry.sort_value is not None else ""
    handle = elide(f"@{entry.row.handle}", max(whole - width(remarks), whole / 2), name, data.handles)
    room = whole - width(handle, name)
    longer = frame.SEPARATOR.join(filter(None, [lead, remarks]))
    page.text(frame.LEFT, baseline, handle, name)
    words = longer if width(longer) <= room else elide(remarks, room)
    page.text(frame.LEFT + width(handle, name) + SPACE, baseline, words, style)


def _lead(data: ChartData, found: Sequence[RankedRow]) -> str:
    """By how much the first is ahead of the second; nothing where either is stale or has nothing."""
    pair = found[:2]
    if len(pair) < len(("first", "second")) or any(entry.row.note or not entry.sort_value for entry in pair):
        return ""
    first, second = (entry.sort_value or 0 for entry in pair)
    gettext, other = translator(data.spec.language).gettext, f"@{pair[1].row.handle}"
    if first >= second * CLEAR:
        return gettext("{number} times {other}", number=_short(data, first / second), other=other)
    if _short(data, first - second) == "0":
        return gettext("level with {other}", other=other)
    return gettext("{number} ahead of {other}", number=_short(data, first - second), other=other)


def _dense(chart: Chart) -> Page:
    """A line an account."""
    data, kept, found = chart.data, chart.layout, chart.entries
    amount, names = overflow.divided(chart, found, len(found), USUAL_LINES, _height)
    shown = found[:amount]
    page = _open(chart, max(frame.HEIGHTS[1], _height(amount, names)))
    bottom = frame.foot(page, data, growing=False, lines=names)
    height = (bottom - frame.TOP) / len(shown)
    lines = [Line(frame.TOP + height * number, height) for number in range(len(shown))]
    column = _Column.fitting(page, data, shown, lines[0].size, kept.high)
    for entry, line in zip(shown, lines, strict=True):
        column.draw(page, data, entry, line, kept.high)
    return page


def _height(rows: int, names: Sequence[str]) -> int:
    return ceil(frame.TOP + LEAST_PITCH * rows + frame.foot_height(len(names)) + frame.BOTTOM)


@dataclass(frozen=True, slots=True)
class _Column:
    """Where the bars of a dense race are: their left end, and the length of one that reaches the axis' end."""

    left: float
    room: float

    @classmethod
    def fitting(cls, page: Page, data: ChartData, shown: Sequence[RankedRow], size: int, high: float) -> "_Column":
        name, number = Style("", size, bold=True), Style(page.colours.ink, size, bold=True)
        names = min(max(width(f"@{entry.row.handle}", name) for entry in shown), NAMES)
        left = frame.LEFT + names + SPACE
        kept = _widest(data, shown, number)
        fits = [_room(data, entry, frame.RIGHT - left - SPACE - kept, high) for entry in shown]
        return cls(left, max(min(fits), LEAST_ROOM))

    def draw(self, page: Page, data: ChartData, entry: RankedRow, line: Line, high: float) -> None:
        name = Style(_colour(page, entry), line.size, bold=True)
        handle = elide(f"@{entry.row.handle}", self.left - SPACE - frame.LEFT, name, data.handles)
        page.text(frame.LEFT, line.baseline, handle, name)
        if entry.sort_value is None:
            self._say(page, self.left, reason(data, entry.row), line)
            return
        end = _bar(page, entry, self.left, self.room * entry.sort_value / high, line.bar)
        number = Style(page.colours.ink, line.size, bold=True)
        words = _short(data, entry.sort_value)
        page.text(end + SPACE, line.baseline, words, number)
        remarks = frame.SEPARATOR.join(_remarks(data, entry))
        self._say(page, end + SPACE + width(words, number) + SPACE, remarks, line)

    def _say(self, page: Page, x: float, words: str, line: Line) -> None:
        if words:
            page.text(x, line.baseline, elide(words, frame.RIGHT - x), Style(page.colours.muted))


def _room(data: ChartData, entry: RankedRow, free: float, high: float) -> float:
    """The length of a whole bar at which a row's words still fit; by tenths, so that it seldom changes."""
    remarks = frame.SEPARATOR.join(_remarks(data, entry))
    if entry.sort_value is None or not remarks:
        return free
    tenths = max(ceil(10 * entry.sort_value / high), 1)
    return min(free, (free - SPACE - width(remarks)) * 10 / tenths)


def _colour(page: Page, entry: RankedRow) -> str:
    muted = entry.row.note or entry.sort_value is None
    return page.colours.muted if muted else page.colours.account(entry.index)


def _bar(page: Page, entry: RankedRow, left: float, length: float, ends: tuple[float, float]) -> float:
    """From zero to where it ends, which is returned; nothing at all is a hair."""
    end = left + round(max(length, HAIR))
    page.bar((left, ends[0]), (end, ends[1]), _colour(page, entry))
    return end


def _widest(data: ChartData, found: Sequence[RankedRow], style: Style) -> float:
    numbers = (_short(data, entry.sort_value) for entry in found if entry.sort_value is not None)
    return max(width(words, style) for words in (USUAL, *numbers))


def _remarks(data: ChartData, entry: RankedRow) -> list[str]:
    """How many posts if fewer than asked for, in how short a time, and why the row is stale."""
    return list(filter(None, [_few(data, entry), within(data, entry.row), entry.row.note]))


def _few(data: ChartData, entry: RankedRow) -> str:
    return sample_size(entry) if entry.sort_value is not None and len(entry.row.values) < data.spec.count else ""


def _short(data: ChartData, value: float) -> str:
    return short(value, data.spec.language)
