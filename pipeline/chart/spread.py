"""The spread: one row an account, one dot a post, the quartiles and the median in the middle."""

from dataclasses import dataclass
from math import hypot
from statistics import quantiles

from pipeline.chart import frame, page
from pipeline.chart.numbers import tick
from pipeline.chart.page import Page, Style
from pipeline.chart.scale import LINEAR, Scale, fit
from pipeline.chart.standing import Standing, figures, reason, sample, standings
from pipeline.chart.swarm import Swarm
from pipeline.chart.theme import Colours
from pipeline.records import ChartData

MOST_ROWS = 10
HEAD = 46
"""The height of a row's line of text."""
NAME = 36
GAP = 24
READING = "log scale · ring: median, bar: middle half"


@dataclass(frozen=True, slots=True)
class Band:
    """Where the dots of a row are, in px; size is that of a dot."""

    top: float
    bottom: float
    size: float

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2


def draw(data: ChartData) -> Page:
    """The ten rows with the highest medians."""
    ranked = standings(data.rows)
    shown, hidden = ranked[:MOST_ROWS], len(ranked[MOST_ROWS:])
    sheet, colours = frame.open_page(data, len(shown), READING)
    growing = any(any(frame.fresh(data, standing.row)) for standing in shown)
    more = [f"and {hidden} more in the text below"] if hidden else []
    floor = frame.foot(sheet, colours, growing=growing, lines=more)
    scale = _scale(shown)
    _axis(sheet, colours, scale, floor)
    height = (floor - frame.LINE - 8 - frame.TOP) / max(len(shown), 1)
    for number, standing in enumerate(shown):
        _row(sheet, colours, data, scale, standing, frame.TOP + height * number, height)
    return sheet
