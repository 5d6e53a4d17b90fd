"""The marks of a page: what is to be painted and where, in px from the page's top left corner."""

from dataclasses import dataclass
from math import nan

from pipeline.chart.paint.typesetting import Style

Point = tuple[float, float]
Box = tuple[float, float, float, float]
"""Left, top, right and bottom."""
Dash = tuple[float, ...]
"""The lengths of strokes and gaps, alternating, in widths of the line."""
SOLID: Dash = ()
GAP: Point = (nan, nan)
"""Interrupts a line: the points before and after it are not joined."""


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text, from its left end; it has only characters that some font has."""

    left: float
    baseline: float
    text: str
    style: Style


@dataclass(frozen=True, slots=True)
class Dots:
    """Discs of one size and colour around these points; a rim of the edge's colour lies half outside of the size."""

    points: tuple[Point, ...]
    size: float
    fill: str
    edge: str
    rim: float


@dataclass(frozen=True, slots=True)
class Bars:
    """Filled rectangles of one colour."""

    boxes: tuple[Box, ...]
    colour: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line from point to point, with round corners and straight ends."""

    points: tuple[Point, ...]
    colour: str
    width: float
    dash: Dash


Mark = Text | Dots | Bars | Line
