"""A page: its size, its colours and its marks, all of it data; raster.py and vector.py paint it."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Literal, assert_never

from pipeline.chart.paint import fonts
from pipeline.chart.paint.marks import SOLID, Bars, Box, Dash, Dots, Line, Mark, Point, Text
from pipeline.chart.paint.theme import Colours
from pipeline.chart.paint.typesetting import Style, elide, width

WIDTH = 1280
MARGIN = 48
EDGE = 40
"""How near to the page's sides text may be."""
Align = Literal["left", "center", "right"]
SHARE_LEFT = {"left": 0, "center": 0.5, "right": 1}
"""How much of a text's width lies left of its x."""


class Page:
    """A page of width x height px. A mark covers those before it; there is no mark without anything to paint.

    top: where its head ends and its drawing begins, in px.
    """

    def __init__(self, height: int, colours: Colours, width: int = WIDTH) -> None:
        self.width = width
        self.height = height
        self.colours = colours
        self.top: float = MARGIN
        self.marks: list[Mark] = []

    def text(self, x: float, baseline: float, text: str, style: Style, align: Align = "left") -> None:
        """Text on one line, which no other mark may touch; x is its left end, its middle or its right end.

        Text that is wider than the page has room for is shortened.
        """
        before, after = x - EDGE, self.width - EDGE - x
        room = {"left": after, "center": 2 * min(before, after), "right": before}[align]
        fitting = fonts.drawable(elide(text, room, style))
        self.marks.append(Text(x - width(fitting, style) * SHARE_LEFT[align], baseline, fitting, style))

    def line(self, points: Iterable[Point], colour: str, width: float, dash: Dash = SOLID) -> None:
        corners = tuple(points)
        if corners:
            self.marks.append(Line(corners, colour, width, dash))

    def lines(self, pairs: Iterable[tuple[Point, Point]], colour: str, width: float) -> None:
        """Straight lines, each vertical or horizontal and from its left or upper end; the width is rounded to px."""
        half = max(round(width), 1) / 2
        boxes = (
            (x - half, y, x + half, end) if x == right else (x, y - half, right, y + half)
            for (x, y), (right, end) in pairs
        )
        self._bars(boxes, colour)

    def bar(self, corner: Point, opposite: Point, colour: str) -> None:
        """A filled rectangle from its upper left to its lower right corner."""
        self._bars([(*corner, *opposite)], colour)

    def dots(self, points: Iterable[Point], colour: str, size: float, rim: float = 1) -> None:
        """Filled dots; a rim in the paper's colour keeps neighbours apart."""
        self._discs(points, size, colour, self.colours.paper, rim)

    def rings(self, points: Iterable[Point], colour: str, size: float, width: float) -> None:
        """Hollow dots of this size, the ring's width included."""
        self._discs(points, size - width, self.colours.paper, colour, width)

    def _bars(self, boxes: Iterable[Box], colour: str) -> None:
        rectangles = tuple(boxes)
        if rectangles:
            self.marks.append(Bars(rectangles, colour))

    def _discs(self, points: Iterable[Point], size: float, fill: str, edge: str, rim: float) -> None:
        middles = tuple(points)
        if middles:
            self.marks.append(Dots(middles, size, fill, edge, rim))

    def scaled(self, factor: float) -> "Page":
        """The page with all its lengths multiplied by the factor; its size is rounded to whole px."""
        page = Page(round(self.height * factor), self.colours, round(self.width * factor))
        page.marks = [_scaled(mark, factor) for mark in self.marks]
        return page


def _scaled(mark: Mark, factor: float) -> Mark:
    match mark:
        case Text():
            style = replace(mark.style, size=mark.style.size * factor)
            return replace(mark, left=mark.left * factor, baseline=mark.baseline * factor, style=style)
        case Dots():
            points = _scaled_points(mark.points, factor)
            return replace(mark, points=points, size=mark.size * factor, rim=mark.rim * factor)
        case Bars():
            boxes = tuple(
                (left * factor, top * factor, right * factor, low * factor) for left, top, right, low in mark.boxes
            )
            return replace(mark, boxes=boxes)
        case Line():
            return replace(mark, points=_scaled_points(mark.points, factor), width=mark.width * factor)
        case _:
            assert_never(mark)


def _scaled_points(points: tuple[Point, ...], factor: float) -> tuple[Point, ...]:
    return tuple((x * factor, y * factor) for x, y in points)
