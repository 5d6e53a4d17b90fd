"""The content of a spread chart that every peer draws: its texts, rows, axis and colours."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log1p
from statistics import quantiles

from pipeline.chart.sample import COUNT
from pipeline.records import ChartData

PAPER, INK, MUTED, GRID = "#ffffff", "#16202a", "#5b6b7a", "#dfe5ea"
ACCOUNTS = ("#0072b2", "#b85500", "#007a5a", "#c2185b", "#6a3fb5")
DOT_STRENGTH = 0.8
"""The opacity of dots."""
STEPS = (1, 3, 10)
"""An axis ends at one of these times a power of ten."""


@dataclass(frozen=True, slots=True)
class Row:
    """An account: its counts in ascending order, their quartiles, and the index of its colour."""

    name: str
    values: Sequence[float]
    low: float
    median: float
    high: float
    index: int

    @property
    def colour(self) -> str:
        return ACCOUNTS[self.index]

    @property
    def figures(self) -> str:
        return f"median {_short(self.median)} · top {_short(self.values[-1])}"


@dataclass(frozen=True, slots=True)
class Subject:
    """rows: the highest median first. end: the highest count on the axis."""

    title: str
    subtitle: tuple[str, str]
    rows: list[Row]
    end: int

    def ticks(self) -> dict[int, str]:
        """The labels of the axis by their counts."""
        return {value: f"{value // 1000}k" if value >= 1000 else str(value) for value in (0, *self._decades())}

    def share(self, value: float) -> float:
        """The position of a count on the axis, from 0 to 1."""
        return log1p(value) / log1p(self.end)

    def _decades(self) -> Iterator[int]:
        value = 1
        while value <= self.end:
            yield value
            value *= 10


def subject(data: ChartData) -> Subject:
    rows = sorted((_row(data, index) for index in range(len(data.rows))), key=lambda row: -row.median)
    first = f"last {COUNT} posts · own posts only · {data.as_of:%-d %b %H:%M} UTC"
    second = "no replies · log scale · ring: median, bar: middle half"
    return Subject("Retweets per post", (first, second), rows, _end(max(row.values[-1] for row in rows)))


def blend(colour: str, paper: str, strength: float) -> str:
    """The colour on the paper with this opacity."""
    pairs = zip(bytes.fromhex(colour[1:]), bytes.fromhex(paper[1:]), strict=True)
    return "#" + bytes(round(strength * over + (1 - strength) * under) for over, under in pairs).hex()


def _row(data: ChartData, index: int) -> Row:
    row = data.rows[index]
    values = sorted(row.values)
    low, middle, high = quantiles(values, method="inclusive")
    return Row(f"@{row.handle}", values, low, middle, high, index)


def _end(greatest: float) -> int:
    decade = 1
    while True:
        for step in STEPS:
            if greatest <= decade * step:
                return decade * step
        decade *= 10


def _short(value: float) -> str:
    return f"{value:,.1f}".removesuffix(".0")
