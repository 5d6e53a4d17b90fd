"""The spread: one row an account, one dot a post, the quartiles and the median in the middle."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot
from statistics import quantiles

from pipeline.chart import frame
from pipeline.chart.layout import layout
from pipeline.chart.numbers import tick
from pipeline.chart.page import Page, Style, elide, width
from pipeline.chart.scale import Scale
from pipeline.chart.standing import Standing, figures, ranked, reason, sample
from pipeline.chart.swarm import Swarm
from pipeline.language import speech, text
from pipeline.records import ChartData

MOST_ROWS = 10
NAME = 36
NAME_BASELINE = 34
HEAD = 44
"""The height of a row's line of text."""
SPACE = 24
"""Between two texts of one line."""
PAD = 50
"""From the edges of the page's text to the ends of the axis: room for the crowd at zero and for the labels."""
LINEAR = 0.35
"""From 0 to 1, in decades: room for many posts without any."""
AXIS = 56
BELOW_AXIS = 10
READING = text("log scale · ring: median, bar: middle half")


@dataclass(frozen=True, slots=True)
class Band:
    """Where a row is: its top and the room of its dots, in px."""

    top: float
    height: float

    @property
    def middle(self) -> float:
        return self.top + HEAD + self.half

    @property
    def half(self) -> float:
        return (self.height - HEAD) * 0.45

    @property
    def dot(self) -> float:
        """The size of a dot; the more room, the larger."""
        return min(max(self.half / 4, 7), 14)


@dataclass(frozen=True, slots=True)
class Marks:
    """The quartiles and the median of a row: where they are, and how large."""

    low: float
    median: float
    high: float
    ring: float
    bar: float

    def clear(self, x: float, y: float, dot: float) -> bool:
        """Whether a dot there would leave them in sight; y from the middle line."""
        reach = dot / 2 + 1
        if hypot(x - self.median, y) < self.ring / 2 + reach:
            return False
        return abs(y) >= self.bar / 2 + reach or not self.low - reach < x < self.high + reach


@dataclass(frozen=True, slots=True)
class Row:
    """An account as it is drawn."""

    standing: Standing
    band: Band
    colour: str
    scale: Scale

    def x(self, value: float) -> float:
        return _x(self.scale, value)

    def marks(self) -> Marks:
        """The quartiles are those that include the least and the greatest count."""
        values = self.standing.row.values
        low, middle, high = quantiles(values, method="inclusive") if len(values) > 1 else values * 3
        size = self.band.dot
        return Marks(self.x(low), self.x(middle), self.x(high), ring=size + 12, bar=size / 2 + 3)


def draw(data: ChartData) -> Page:
    """The rows with the highest medians, as many as can be told apart."""
    kept = layout(data)
    found = ranked(data, kept)
    shown, hidden = found[:MOST_ROWS], len(found[MOST_ROWS:])
    say = speech(data.look.language).say
    page = frame.open_page(data, frame.height_for(len(shown)), say(READING))
    growing = any(any(frame.fresh(data, standing.row)) for standing in shown)
    more = [say("and {count} more in the text below", count=hidden)] if hidden else []
    bottom = frame.foot(page, data, growing=growing, lines=more)
    scale = Scale(int(kept.low), int(kept.high), LINEAR)
    rows = [
        Row(standing, band, _colour(page, standing), scale)
        for standing, band in zip(shown, _bands(len(shown), bottom - AXIS), strict=True)
    ]
    _axis(page, data, scale, [row.band for row in rows if row.standing.row.values], bottom)
    for row in rows:
        _head(page, data, row)
        if row.standing.row.values:
            _posts(page, data, row)
            _middle(page, row)
        else:
            page.text(frame.LEFT + PAD, row.band.middle + 12, reason(data, row.standing.row), Style(page.colours.muted))
    return page


def _x(scale: Scale, value: float) -> float:
    return frame.LEFT + PAD + scale.share(value) * (frame.RIGHT - frame.LEFT - 2 * PAD)


def _bands(amount: int, bottom: float) -> list[Band]:
    height = (bottom - frame.TOP) / max(amount, 1)
    return [Band(frame.TOP + height * number, height) for number in range(amount)]


def _colour(page: Page, standing: Standing) -> str:
    stale = standing.row.note and standing.row.values
    return page.colours.muted if stale else page.colours.account(standing.index)


def _axis(page: Page, data: ChartData, scale: Scale, bands: Sequence[Band], bottom: float) -> None:
    style = Style(page.colours.muted)
    if not bands:
        return
    for value in scale.ticks():
        x = _x(scale, value)
        page.lines(
            [((x, band.middle - band.half), (x, band.middle + band.half)) for band in bands], page.colours.grid, 2
        )
    for value in scale.labels(
        lambda value: (_x(scale, value), width(tick(value, data.look.language), style) + SPACE / 2)
    ):
        page.text(_x(scale, value), bottom - BELOW_AXIS, tick(value, data.look.language), style, "center")


def _head(page: Page, data: ChartData, row: Row) -> None:
    name, style = Style(row.colour, NAME, bold=True), Style(page.colours.ink)
    handle = f"@{row.standing.row.handle}"
    full, less = _words(data, row.standing)
    room = frame.RIGHT - frame.LEFT - SPACE
    words = full if width(full, style) + width(handle, name) <= room else less
    page.text(frame.LEFT, row.band.top + NAME_BASELINE, elide(handle, room - width(words, style), name), name)
    page.text(frame.RIGHT, row.band.top + NAME_BASELINE, words, style, "right")


def _words(data: ChartData, standing: Standing) -> tuple[str, str]:
    """What stands at the right of a row, and less of it for a long handle."""
    row = standing.row
    if not row.values:
        return "", ""
    median, top = figures(data, standing)
    few = [sample(standing)] if len(row.values) < data.look.count else []
    note = [row.note] if row.note else []
    return frame.SEPARATOR.join([median, top, *few, *note]), frame.SEPARATOR.join([median, *few, *note])


def _posts(page: Page, data: ChartData, row: Row) -> None:
    band, marks, values = row.band, row.marks(), row.standing.row.values
    half = band.half - band.dot / 2
    swarm = Swarm(row.x, half, PAD, band.dot + 1, lambda x, y: marks.clear(x, y, band.dot))
    young = (young for _, young in sorted(zip(values, frame.fresh(data, row.standing.row), strict=True)))
    dots = [(x, band.middle + y, young) for (x, y), young in zip(swarm.positions(values), young, strict=True)]
    colour = page.colours.dot(row.colour)
    page.dots(((x, y) for x, y, hollow in dots if not hollow), colour, band.dot)
    page.rings(((x, y) for x, y, hollow in dots if hollow), row.colour, band.dot, band.dot / 4)


def _middle(page: Page, row: Row) -> None:
    marks, y = row.marks(), row.band.middle
    page.line([(marks.low, y), (marks.high, y)], page.colours.ink, marks.bar)
    page.rings([(marks.median, y)], page.colours.ink, marks.ring, marks.ring / 4)
