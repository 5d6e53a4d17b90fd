"""A sheet to draw on, measured in px from its top left corner."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from math import nan
from typing import Literal

from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.lines import Line2D
from matplotlib.transforms import Affine2D

from pipeline.chart.theme import Colours

WIDTH = 1280
MARGIN = 48
DPI = 100
POINT = 72 / DPI
"""One px in points."""
TEXT = 34
"""The least size of text: a chat shows the picture about 330 px wide, so that this is 9 px there."""
FAMILY = "DejaVu Sans"
"""Comes with matplotlib: the same letters on every machine."""
Dash = tuple[float, ...]
"""Lengths of strokes and gaps by turns, in widths of the line."""
SOLID: Dash = ()
GAP = (nan, nan)
"""Interrupts a line."""
UNKNOWN = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True, slots=True)
class Style:
    """How text looks; size in px."""

    colour: str
    size: int = TEXT
    bold: bool = False


PLAIN = Style("")
"""To measure text of the usual size in whichever colour."""


class Page:
    """A figure of WIDTH x height px without axes: all is placed by hand, which also takes half the time."""

    def __init__(self, height: int, colours: Colours) -> None:
        self.height = height
        self.colours = colours
        self.figure = Figure((WIDTH / DPI, height / DPI), DPI, facecolor=colours.paper)
        self._from_top = Affine2D().scale(1, -1).translate(0, height)

    def text(
        self, x: float, baseline: float, words: str, style: Style, align: Literal["left", "center", "right"] = "left"
    ) -> None:
        self.figure.text(
            x,
            baseline,
            legible(words, bold=style.bold),
            color=style.colour,
            fontproperties=_font(style.size, bold=style.bold),
            ha=align,
            va="baseline",
            parse_math=False,
            transform=self._from_top,
        )

    def line(self, points: Iterable[tuple[float, float]], colour: str, width: float, dash: Dash = SOLID) -> None:
        line = Line2D(*_columns(points), color=colour, linewidth=width * POINT, dash_capstyle="butt")
        line.set_solid_capstyle("butt")
        line.set_linestyle((0, dash) if dash else "solid")
        self._add(line)

    def lines(
        self, pairs: Iterable[tuple[tuple[float, float], tuple[float, float]]], colour: str, width: float
    ) -> None:
        """Many straight lines at once."""
        self.line([point for start, end in pairs for point in (start, end, GAP)], colour, width)

    def dots(self, points: Iterable[tuple[float, float]], colour: str, size: float, rim: float = 1) -> None:
        """Full dots; rim is a ring in the paper's colour that keeps neighbours apart."""
        self._markers(points, size, colour, self.colours.paper, rim)

    def rings(self, points: Iterable[tuple[float, float]], colour: str, size: float, width: float) -> None:
        """Hollow dots."""
        self._markers(points, size - width, self.colours.paper, colour, width)

    def _markers(self, points: Iterable[tuple[float, float]], size: float, fill: str, edge: str, width: float) -> None:
        markers = Line2D(*_columns(points), linestyle="none", marker="o", markersize=size * POINT)
        markers.set_markerfacecolor(fill)
        markers.set_markeredgecolor(edge)
        markers.set_markeredgewidth(width * POINT)
        self._add(markers)

    def _add(self, line: Line2D) -> None:
        line.set_transform(self._from_top)
        self.figure.add_artist(line)


def width(words: str, style: Style = PLAIN) -> float:
    """How wide the text will be, in px."""
    return _width(legible(words, bold=style.bold), style.size, style.bold)


def elide(words: str, room: float, style: Style = PLAIN) -> str:
    """The text with as much of its middle left out as it must be to fit into the room."""
    shorter, keep = words, len(words)
    while keep and width(shorter, style) > room:
        keep -= 1
        shorter = words[: (keep + 1) // 2] + "…" + words[len(words) - keep // 2 :]
    return shorter


def legible(words: str, *, bold: bool) -> str:
    """The text with a sign in the place of each character that the font does not have."""
    font = get_font(_path(bold))
    return "".join(letter if letter.isprintable() and font.get_char_index(ord(letter)) else UNKNOWN for letter in words)


@lru_cache(maxsize=4096)
def _width(words: str, size: int, bold: bool) -> float:  # noqa: FBT001 a cache's key
    measure: Callable[..., tuple[float, float, float]] = _ruler().get_text_width_height_descent
    return measure(words, _font(size, bold=bold), ismath=False)[0]


@cache
def _ruler() -> RendererAgg:
    """Measures text as it will be drawn."""
    return RendererAgg(1, 1, DPI)  # type: ignore[no-untyped-call] # has no types in matplotlib


@cache
def _path(bold: bool) -> str:  # noqa: FBT001 a cache's key
    return findfont(_font(TEXT, bold=bold))


def _font(size: int, *, bold: bool) -> FontProperties:
    return FontProperties(family=FAMILY, weight="bold" if bold else "normal", size=size * POINT)


def _columns(points: Iterable[tuple[float, float]]) -> tuple[list[float], list[float]]:
    pairs = list(points)
    return [x for x, _ in pairs], [y for _, y in pairs]
