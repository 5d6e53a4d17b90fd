"""The race: one total an account, as a bar from zero and a number; the standing of this minute."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from pipeline.chart import frame, rest
from pipeline.chart.layout import layout
from pipeline.chart.numbers import short
from pipeline.chart.page import Page
from pipeline.chart.standing import Standing, figures, handles, ranked, reason, sample, within
from pipeline.chart.words import TEXT, Style, elide, width
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
        return round(min(max(self.height * 0.6, TEXT), 40))

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


def draw(data: ChartData) -> Page:
    """The accounts with the highest totals, as many as can be told apart; the other ones are named."""
    kept = layout(data)
    found = ranked(data, kept)
    if len(found) > MOST_OPEN:
        return _dense(data, found, kept)
    page = _open(data, frame.height_for(len(found)))
    if len(found) == 1 and found[0].rank is not None:
        _alone(page, data, found[0], found[0].rank)
    elif found:
        _spaced(page, data, found, kept)
    else:
        frame.tell(page, data, frame.NOBODY, page.height - frame.BOTTOM)
    return page


def _open(data: ChartData, height: int) -> Page:
    return frame.open_page(data, height, translator(data.spec.language).gettext(READINGS[data.spec.normalization]))


def _alone(page: Page, data: ChartData, standing: Standing, total: float) -> None:
    """A bar says nothing where there is none to compare it with: the number itself, and what a single post has."""
    say = translator(data.spec.language).gettext
    colour = _colour(page, standing)
    name = Style(colour, ALONE_NAME, bold=True)
    page.text(frame.LEFT, 330, elide(f"@{standing.row.handle}", frame.RIGHT - frame.LEFT, name), name)
    number = Style(colour, ALONE_NUMBER, bold=True)
    if width(_short(data, total), number) > frame.RIGHT - frame.LEFT:
        number = Style(colour, ALONE_NUMBER // 2, bold=True)
    page.text(frame.LEFT - 8, 550, _short(data, total), number)
    each = say("per post: {figures}", figures=frame.SEPARATOR.join(figures(data, standing)))
    words = frame.SEPARATOR.join([each, *_remarks(data, standing)])
    page.text(frame.LEFT, 640, elide(words, frame.RIGHT - frame.LEFT), Style(page.colours.muted))


def _spaced(page: Page, data: ChartData, found: Sequence[Standing], kept: Layout) -> None:
    height = (page.height - frame.BOTTOM - frame.TOP) / len(found)
    bands = [Band(frame.TOP + height * number, height) for number in range(len(found))]
    lead = _lead(data, found)
    largest = Style(page.colours.ink, bands[0].number, bold=True)
    room = frame.RIGHT - frame.LEFT - SPACE - _widest(data, found, largest)
    for standing, band in zip(found, bands, strict=True):
        _head(page, data, standing, band, lead if standing is found[0] else "")
        if standing.rank is None:
            page.text(frame.LEFT, band.middle + 12, reason(data, standing.row), Style(page.colours.muted))
            continue
        end = _bar(page, standing, frame.LEFT, room * standing.rank / kept.high, band.bar)
        number = Style(page.colours.ink, band.number, bold=True)
        page.text(end + SPACE, band.middle + RISE * band.number, _short(data, standing.rank), number)


def _head(page: Page, data: ChartData, standing: Standing, band: Band, lead: str) -> None:
    """The name, what must be said of the row, and the lead where there is room for it."""
    name, style = Style(_colour(page, standing), band.name, bold=True), Style(page.colours.muted)
    whole, baseline = frame.RIGHT - frame.LEFT - SPACE, band.top + band.name
    remarks = frame.SEPARATOR.join(_remarks(data, standing)) if standing.rank is not None else ""
    handle = elide(f"@{standing.row.handle}", max(whole - width(remarks), whole / 2), name, handles(data))
    room = whole - width(handle, name)
    longer = frame.SEPARATOR.join(filter(None, [lead, remarks]))
    page.text(frame.LEFT, baseline, handle, name)
    words = longer if width(longer) <= room else elide(remarks, room)
    page.text(frame.LEFT + width(handle, name) + SPACE, baseline, words, style)


def _lead(data: ChartData, found: Sequence[Standing]) -> str:
    """By how much the first is ahead of the second; nothing where either is stale or has nothing."""
    pair = found[:2]
    if len(pair) < len(("first", "second")) or any(standing.row.note or not standing.rank for standing in pair):
        return ""
    first, second = (standing.rank or 0 for standing in pair)
    say, other = translator(data.spec.language).gettext, f"@{pair[1].row.handle}"
    if first >= second * CLEAR:
        return say("{number} times {other}", number=_short(data, first / second), other=other)
    if _short(data, first - second) == "0":
        return say("level with {other}", other=other)
    return say("{number} ahead of {other}", number=_short(data, first - second), other=other)


def _dense(data: ChartData, found: Sequence[Standing], kept: Layout) -> Page:
    """A line an account."""
    amount, names = rest.divided(data, found, len(found), USUAL_LINES, _height)
    shown = found[:amount]
    page = _open(data, max(frame.HEIGHTS[1], _height(amount, names)))
    bottom = frame.foot(page, data, growing=False, lines=names)
    height = (bottom - frame.TOP) / len(shown)
    lines = [Line(frame.TOP + height * number, height) for number in range(len(shown))]
    column = _Column.fitting(page, data, shown, lines[0].size, kept.high)
    for standing, line in zip(shown, lines, strict=True):
        column.draw(page, data, standing, line, kept.high)
    return page


def _height(rows: int, names: Sequence[str]) -> int:
    return ceil(frame.TOP + LEAST_PITCH * rows + frame.foot_height(len(names)) + frame.BOTTOM)


@dataclass(frozen=True, slots=True)
class _Column:
    """Where the bars of a dense race are: their left end, and the length of one that reaches the axis' end."""

    left: float
    room: float

    @classmethod
    def fitting(cls, page: Page, data: ChartData, shown: Sequence[Standing], size: int, high: float) -> "_Column":
        name, number = Style("", size, bold=True), Style(page.colours.ink, size, bold=True)
        names = min(max(width(f"@{standing.row.handle}", name) for standing in shown), NAMES)
        left = frame.LEFT + names + SPACE
        kept = _widest(data, shown, number)
        fits = [_room(data, standing, frame.RIGHT - left - SPACE - kept, high) for standing in shown]
        return cls(left, max(min(fits), LEAST_ROOM))

    def draw(self, page: Page, data: ChartData, standing: Standing, line: Line, high: float) -> None:
        name = Style(_colour(page, standing), line.size, bold=True)
        handle = elide(f"@{standing.row.handle}", self.left - SPACE - frame.LEFT, name, handles(data))
        page.text(frame.LEFT, line.baseline, handle, name)
        if standing.rank is None:
            self._say(page, self.left, reason(data, standing.row), line)
            return
        end = _bar(page, standing, self.left, self.room * standing.rank / high, line.bar)
        number = Style(page.colours.ink, line.size, bold=True)
        words = _short(data, standing.rank)
        page.text(end + SPACE, line.baseline, words, number)
        remarks = frame.SEPARATOR.join(_remarks(data, standing))
        self._say(page, end + SPACE + width(words, number) + SPACE, remarks, line)

    def _say(self, page: Page, x: float, words: str, line: Line) -> None:
        if words:
            page.text(x, line.baseline, elide(words, frame.RIGHT - x), Style(page.colours.muted))


def _room(data: ChartData, standing: Standing, free: float, high: float) -> float:
    """The length of a whole bar at which a row's words still fit; by tenths, so that it seldom changes."""
    remarks = frame.SEPARATOR.join(_remarks(data, standing))
    if standing.rank is None or not remarks:
        return free
    tenths = max(ceil(10 * standing.rank / high), 1)
    return min(free, (free - SPACE - width(remarks)) * 10 / tenths)


def _colour(page: Page, standing: Standing) -> str:
    muted = standing.row.note or standing.rank is None
    return page.colours.muted if muted else page.colours.account(standing.index)


def _bar(page: Page, standing: Standing, left: float, length: float, ends: tuple[float, float]) -> float:
    """From zero to where it ends, which is returned; nothing at all is a hair."""
    end = left + round(max(length, HAIR))
    page.bar((left, ends[0]), (end, ends[1]), _colour(page, standing))
    return end


def _widest(data: ChartData, found: Sequence[Standing], style: Style) -> float:
    numbers = (_short(data, standing.rank) for standing in found if standing.rank is not None)
    return max(width(words, style) for words in (USUAL, *numbers))


def _remarks(data: ChartData, standing: Standing) -> list[str]:
    """How many posts if fewer than asked for, in how short a time, and why the row is stale."""
    return list(filter(None, [_few(data, standing), within(data, standing.row), standing.row.note]))


def _few(data: ChartData, standing: Standing) -> str:
    return sample(standing) if standing.rank is not None and len(standing.row.values) < data.spec.count else ""


def _short(data: ChartData, value: float) -> str:
    return short(value, data.spec.language)
