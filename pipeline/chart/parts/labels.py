"""Words beside lines: labels at their ends that never touch."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.chart.paint.page import Page
from pipeline.chart.paint.typesetting import TEXT_PX, Style, elide, width
from pipeline.chart.parts import frame

NAME = 376
"""The most room for a name: fifteen usual letters."""
COLUMN = 424
"""The most room for all else."""
LEADER = 44
"""Between the end of a line and its label."""
LINE = 42
GAP = 14
STROKE = 2


@dataclass(frozen=True, slots=True)
class Label:
    """Some lines of text beside a line's end, in the line's colour."""

    colour: str
    lines: tuple[tuple[str, Style], ...]

    @property
    def height(self) -> float:
        return LINE * len(self.lines) + GAP

    @property
    def width(self) -> float:
        return max(width(*line) for line in self.lines)


def label(colour: str, name: str, *lines: tuple[str, Style], among: tuple[str, ...] = ()) -> Label:
    """The name in the line's colour, told apart from all among which it stands, and what is to be said of it below."""
    below = ((elide(words, COLUMN, look), look) for words, look in lines if words)
    return Label(colour, ((shortened(name, among), Style(colour, bold=True)), *below))


def shortened(name: str, among: tuple[str, ...] = ()) -> str:
    return elide(name, NAME, Style("", bold=True), among)


def taken(labels: Sequence[Label]) -> float:
    """How much of the page's width the labels take, their leaders included."""
    return max((each.width for each in labels), default=0) + LEADER


def beside(page: Page, labels: Sequence[Label], ends: Sequence[tuple[float, float]], bottom: float) -> None:
    """Each label near its line's end, tied to it."""
    tops = stack([y - LINE / 2 for _, y in ends], [each.height for each in labels], frame.TOP, bottom)
    for each, (x, y), top in zip(labels, ends, tops, strict=True):
        left = x + LEADER
        page.line([(x + 12, y), (left - 10, top + LINE / 2)], each.colour, STROKE)
        for number, (words, style) in enumerate(each.lines):
            page.text(left, top + LINE * number + TEXT_PX - 4, words, style)


def stack(wanted: Sequence[float], heights: Sequence[float], top: float, bottom: float) -> list[float]:
    """Where blocks of these heights begin: as near as can be to where they are wanted, without touching each other."""
    order = sorted(range(len(wanted)), key=lambda number: wanted[number])
    tops = list(wanted)
    for number in order:
        tops[number] = top = max(tops[number], top)
        top += heights[number]
    for number in reversed(order):
        tops[number] = bottom = min(tops[number], bottom - heights[number])
    return tops


def heading(page: Page, baseline: float, parts: Sequence[tuple[str, Style]]) -> None:
    """Over a drawing of one account: its name, as short as the rest demands, and what is to be said of it."""
    (name, style), *others = [part for part in parts if part[0]]
    room = frame.RIGHT - frame.LEFT - sum(width(*part) + GAP * 2 for part in others)
    x: float = frame.LEFT
    for words, look in [(elide(name, room, style), style), *others]:
        page.text(x, baseline, words, look)
        x += width(words, look) + GAP * 2
