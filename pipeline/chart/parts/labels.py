"""Labels beside the ends of lines, which never touch each other, and headings."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.chart.paint.page import Page
from pipeline.chart.paint.typesetting import TEXT_PX, Style, elide, width
from pipeline.chart.parts.metrics import LEFT, MIN_LABEL, TEXT_WIDTH
from pipeline.records import ChartData, ChartRow

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


def label(colour: str, row: ChartRow, data: ChartData, muted: str, *lines: tuple[str, Style]) -> Label:
    """The handle, shortened so that it stands for no other, and below it the network and the lines that are not empty.

    muted: the colour of the network, and of the note, which stands last.
    """
    texts = [(row.network, Style(muted)), *lines, (row.note or "", Style(muted))]
    below = ((elide(text, MAX_TEXT, style), style) for text, style in texts if text)
    name = shortened(f"@{row.handle}", data.handles), Style(colour, bold=True)
    return Label(colour, (name, *below))


def least_height(data: ChartData, drawn: int) -> int:
    """The height that the labels of so many accounts need, in px."""
    has_networks = any(row.network for row in data.rows)
    return (MIN_LABEL + (LINE if has_networks else 0)) * drawn - GAP


def shortened(name: str, among: tuple[str, ...] = ()) -> str:
    """The name as a label has it."""
    return elide(name, MAX_NAME, Style("", bold=True), among)


def labels_width(labels: Sequence[Label]) -> float:
    """The width that the labels and their leaders need."""
    return max((each.width for each in labels), default=0) + LEADER


def draw_labels(
    page: Page, labels: Sequence[Label], ends: Sequence[tuple[float, float]], right: float, bottom: float
) -> None:
    """Write each label right of the drawing, as near to the end of its line as the others allow, and join both."""
    tops = stack([y - LINE / 2 for _, y in ends], [each.height for each in labels], page.top, bottom)
    for each, (x, y), top in zip(labels, ends, tops, strict=True):
        left = right + LEADER
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
