"""Labels beside the ends of lines, which never touch each other, and headings."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.chart.paint.page import Page
from pipeline.chart.paint.typesetting import TEXT_PX, Style, elide, width
from pipeline.chart.parts.metrics import LEFT, TEXT_WIDTH, TOP

MAX_NAME = 376
"""The greatest width of a name: fifteen usual letters."""
MAX_TEXT = 424
"""The greatest width of the other lines of a label."""
LEADER = 44
"""From the end of a line to its label."""
LEADER_STROKE, LEADER_START, LEADER_END = 2, 12, 10
"""The width of the line between them, and its distances from both."""
LINE = 42
"""From one line of a label to the next."""
GAP = 14
"""Between two labels."""
ASCENT = TEXT_PX - 4
"""From the top of a label's line to its baseline."""


@dataclass(frozen=True, slots=True)
class Label:
    """Lines of text beside the end of a line; the colour is that of the line."""

    colour: str
    lines: tuple[tuple[str, Style], ...]

    @property
    def height(self) -> float:
        return LINE * len(self.lines) + GAP

    @property
    def width(self) -> float:
        return max(width(*line) for line in self.lines)


def label(colour: str, name: str, *lines: tuple[str, Style], among: tuple[str, ...] = ()) -> Label:
    """The name, shortened so that it stands for no other name of `among`, and below it the lines that are not empty."""
    below = ((elide(text, MAX_TEXT, style), style) for text, style in lines if text)
    return Label(colour, ((shortened(name, among), Style(colour, bold=True)), *below))


def shortened(name: str, among: tuple[str, ...] = ()) -> str:
    """The name as a label has it."""
    return elide(name, MAX_NAME, Style("", bold=True), among)


def labels_width(labels: Sequence[Label]) -> float:
    """The width that the labels and their leaders need."""
    return max((each.width for each in labels), default=0) + LEADER


def draw_labels(page: Page, labels: Sequence[Label], ends: Sequence[tuple[float, float]], bottom: float) -> None:
    """Write each label as near to the end of its line as the others allow, and join it to that end."""
    tops = stack([y - LINE / 2 for _, y in ends], [each.height for each in labels], TOP, bottom)
    for each, (x, y), top in zip(labels, ends, tops, strict=True):
        left = x + LEADER
        page.line([(x + LEADER_START, y), (left - LEADER_END, top + LINE / 2)], each.colour, LEADER_STROKE)
        for number, (text, style) in enumerate(each.lines):
            page.text(left, top + LINE * number + ASCENT, text, style)


def stack(wanted: Sequence[float], heights: Sequence[float], top: float, bottom: float) -> list[float]:
    """The tops of blocks of these heights: near the wanted tops, without touching, between the top and the bottom."""
    order = sorted(range(len(wanted)), key=lambda number: wanted[number])
    tops = list(wanted)
    for number in order:
        tops[number] = top = max(tops[number], top)
        top += heights[number]
    for number in reversed(order):
        tops[number] = bottom = min(tops[number], bottom - heights[number])
    return tops


def write_heading(page: Page, baseline: float, parts: Sequence[tuple[str, Style]]) -> None:
    """Write a single account's name and the parts after it on one line; the name is as short as they demand."""
    (name, style), *others = [part for part in parts if part[0]]
    most_px = TEXT_WIDTH - sum(width(*part) + GAP * 2 for part in others)
    x: float = LEFT
    for text, each in [(elide(name, most_px, style), style), *others]:
        page.text(x, baseline, text, each)
        x += width(text, each) + GAP * 2
