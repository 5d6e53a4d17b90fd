"""A page to draw on, measured in px from its top left corner."""

from collections.abc import Iterable

from pipeline.chart.paint.bitmap import IndexedBitmap
from pipeline.chart.paint.marks import SOLID, Align, Bars, Dash, Dots, Line, Mark, Point, Words
from pipeline.chart.paint.theme import Colours
from pipeline.chart.paint.typesetting import Style

WIDTH = 1280
MARGIN = 48


class Page:
    """WIDTH x height px, and what is to be painted on them, from the lowest to what is on top."""

    def __init__(self, height: int, colours: Colours) -> None:
        self.height = height
        self.colours = colours
        self.marks: list[Mark] = []

    def text(self, x: float, baseline: float, words: str, style: Style, align: Align = "left") -> None:
        self.marks.append(Words(x, baseline, words, style, align))

    def line(self, points: Iterable[Point], colour: str, width: float, dash: Dash = SOLID) -> None:
        self.marks.append(Line(points, colour, width, dash))

    def lines(self, pairs: Iterable[tuple[Point, Point]], colour: str, width: float) -> None:
        """Many upright or level lines, from the top left to the bottom right, all equally wide in whole px."""
        half = max(round(width), 1) / 2
        boxes = [
            (x - half, y, x + half, end) if x == right else (x, y - half, right, y + half)
            for (x, y), (right, end) in pairs
        ]
        self.marks.append(Bars(boxes, colour))

    def bar(self, corner: Point, opposite: Point, colour: str) -> None:
        """A full rectangle between two corners."""
        self.marks.append(Bars([(*corner, *opposite)], colour))

    def dots(self, points: Iterable[Point], colour: str, size: float, rim: float = 1) -> None:
        """Full dots; rim is a ring in the paper's colour that keeps neighbours apart."""
        self.marks.append(Dots(points, size, colour, self.colours.paper, rim))

    def rings(self, points: Iterable[Point], colour: str, size: float, width: float) -> None:
        """Hollow dots."""
        self.marks.append(Dots(points, size - width, self.colours.paper, colour, width))

    def paint(self) -> IndexedBitmap:
        bitmap = IndexedBitmap(WIDTH, self.height, self.colours)
        for mark in self.marks:
            mark.paint(bitmap)
        return bitmap
