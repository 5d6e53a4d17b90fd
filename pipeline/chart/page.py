"""A sheet to draw on, measured in px from its top left corner."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from math import ceil, nan
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, Bbox, IdentityTransform
from numpy.typing import NDArray

from pipeline.chart import fonts
from pipeline.chart.theme import Colours

mpl.rcParams["text.hinting"] = "none"  # letters this large gain nothing by it, and it takes half of their time

WIDTH = 1280
MARGIN = 48
DPI = 100
POINT = 72 / DPI
"""One px in points."""
TEXT = 34
"""The least size of text: a chat shows the picture about 330 px wide, so that this is 9 px there."""
Dash = tuple[float, ...]
"""Lengths of strokes and gaps by turns, in widths of the line."""
SOLID: Dash = ()
Align = Literal["left", "center", "right"]
GAP = (nan, nan)
"""Interrupts a line."""
PIECE = re.compile(r"\d|\D+")
"""What is drawn once and kept: a digit, or whole words. Counts change, the words around them do not."""
DISC = Path.unit_circle()
WHITE, BLACK = "#ffffff", "#000000"
ROOM = 3
"""Around a piece of text, for letters that reach out of their box."""


@dataclass(frozen=True, slots=True)
class Style:
    """How text looks; size in px."""

    colour: str
    size: int = TEXT
    bold: bool = False


ALIGNED = {"left": 0, "center": 0.5, "right": 1}
PLAIN = Style("")
"""To measure text of the usual size in whichever colour."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Drawn text, kept: its pixels on paper, where there is ink, how far it goes on, and how far it hangs down."""

    pixels: NDArray[np.uint32]
    ink: NDArray[np.bool_]
    width: float
    descent: float


class Words(Artist):
    """Text put together from kept pieces: only what was never drawn before is drawn anew.

    It stands on paper, never on marks, so that its pixels are put there as they are.
    """

    zorder = 3  # over all marks

    def __init__(self, place: tuple[float, float], words: str, style: Style, align: Align, paper: str) -> None:
        """place: x, and the baseline's y from the page's bottom."""
        super().__init__()
        self.words, self.style, self.paper = fonts.drawable(words), style, paper
        self.x, self.y = place[0] - width(words, style) * ALIGNED[align], place[1]

    def draw(self, renderer: Any, *_: Any, **__: Any) -> None:
        canvas, x = as_numbers(renderer), self.x
        for part in _parts(self.words):
            piece = _piece(*part, self.style, self.paper)
            height, width = piece.ink.shape
            left, bottom = round(x) - ROOM, len(canvas) - round(self.y - piece.descent) + ROOM
            block = canvas[bottom - height : bottom, left : left + width]
            np.copyto(block, piece.pixels, where=piece.ink)
            x += piece.width

    def get_window_extent(self, *_: Any, **__: Any) -> Bbox:
        """The box of what is drawn, in px from the bottom left."""
        x, y = self.x, self.y
        extents = [_extent(*part, self.style.size, self.style.bold) for part in _parts(self.words)]
        below = max((descent for _, _, descent in extents), default=0)
        above = max((height - descent for _, height, descent in extents), default=0)
        return Bbox.from_extents(x, y - below, x + sum(width for width, _, _ in extents), y + above)


class Dots(Artist):
    """Equal discs with a rim, size and rim in px: what a line of markers draws, without its detours."""

    zorder = 2  # over or under lines, in the order of drawing

    def __init__(self, points: Iterable[tuple[float, float]], size: float, fill: str, edge: str, rim: float) -> None:
        super().__init__()
        self.points, self.size, self.fill, self.edge, self.rim = list(points), size, fill, edge, rim

    def draw(self, renderer: Any, *_: Any, **__: Any) -> None:
        if not self.points:
            return
        context = renderer.new_gc()
        context.set_linewidth(self.rim * POINT)
        context.set_snap(False)
        context.set_foreground(self.edge)
        disc = Affine2D().scale(self.size / 2)
        renderer.draw_markers(context, DISC, disc, Path(self.points), self.get_transform(), to_rgba(self.fill))


class Stamps(Dots):
    """Dots whose rim is paper: hundreds of them are put at their places as they are, none mixed with what is below."""

    def draw(self, renderer: Any, *_: Any, **__: Any) -> None:
        canvas = as_numbers(renderer)
        width, reach = canvas.shape[1], ceil((self.size + self.rim) / 2) + 1
        pixels, inked = _stamp(self.size, self.fill, self.edge, self.rim, reach)
        rows, columns = np.nonzero(inked)
        corners = np.floor(np.array(self.points).reshape(-1, 2) + 0.5).astype(np.intp) - reach
        starts = corners[:, 1] * width + corners[:, 0]
        canvas.reshape(-1)[starts[:, None] + (rows * width + columns)] = pixels[inked]


@lru_cache(maxsize=128)
def _stamp(size: float, fill: str, edge: str, rim: float, reach: int) -> tuple[NDArray[np.uint32], NDArray[np.bool_]]:
    """A dot on paper, up to reach px around its middle, and the pixels that it covers by half or more."""
    pixels, cover = (_dot(size, *colours, rim, reach) for colours in ((fill, edge, edge), (WHITE, WHITE, BLACK)))
    return pixels, cover & 0xFF >= 0x80  # noqa: PLR2004 half of a byte


def _dot(size: float, fill: str, edge: str, paper: str, rim: float, reach: int) -> NDArray[np.uint32]:  # noqa: PLR0913, PLR0917
    renderer: Any = RendererAgg(2 * reach, 2 * reach, DPI)  # type: ignore[no-untyped-call] # has no types in matplotlib
    as_numbers(renderer)[:] = as_number(paper)
    dot = Dots([(reach, reach)], size, fill, edge, rim)
    dot.set_transform(IdentityTransform())
    dot.draw(renderer)
    return as_numbers(renderer).copy()


class Page:
    """A figure of WIDTH x height px without axes: all is placed by hand, which also takes half the time."""

    def __init__(self, height: int, colours: Colours) -> None:
        self.height = height
        self.colours = colours
        self.figure = Figure((WIDTH / DPI, height / DPI), DPI)
        self.figure.patch.set_visible(False)
        self._from_top = Affine2D().scale(1, -1).translate(0, height)

    def text(self, x: float, baseline: float, words: str, style: Style, align: Align = "left") -> None:
        self.figure.add_artist(Words((x, self.height - baseline), words, style, align, self.colours.paper))

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

    def bar(self, corner: tuple[float, float], opposite: tuple[float, float], colour: str) -> None:
        """A full rectangle between two corners."""
        (left, top), (right, bottom) = corner, opposite
        self._add(Rectangle((left, top), right - left, bottom - top, facecolor=colour, linewidth=0))

    def dots(self, points: Iterable[tuple[float, float]], colour: str, size: float, rim: float = 1) -> None:
        """Full dots; rim is a ring in the paper's colour that keeps neighbours apart."""
        self._add(Stamps(points, size, colour, self.colours.paper, rim))

    def rings(self, points: Iterable[tuple[float, float]], colour: str, size: float, width: float) -> None:
        """Hollow dots."""
        self._add(Dots(points, size - width, self.colours.paper, colour, width))

    def _add(self, artist: Artist) -> None:
        artist.set_transform(self._from_top)
        self.figure.add_artist(artist)


def width(words: str, style: Style = PLAIN) -> float:
    """How wide the text will be, in px."""
    return sum(_extent(*part, style.size, style.bold)[0] for part in _parts(fonts.drawable(words)))


def elide(words: str, room: float, style: Style = PLAIN) -> str:
    """The text with as much of its middle left out as it must be to fit into the room."""
    shorter, keep = words, len(words)
    while keep and width(shorter, style) > room:
        keep -= 1
        shorter = words[: (keep + 1) // 2] + "…" + words[len(words) - keep // 2 :]
    return shorter


@lru_cache(maxsize=2048)
def _parts(words: str) -> tuple[tuple[str | None, str], ...]:
    """The text's pieces with their fonts."""
    return tuple(run for piece in PIECE.findall(words) for run in fonts.runs(piece))


@lru_cache(maxsize=512)
def _piece(path: str | None, words: str, style: Style, paper: str) -> Piece:
    width, height, descent = _extent(path, words, style.size, style.bold)
    size = ceil(width) + 2 * ROOM, ceil(height) + 2 * ROOM
    renderer: Any = RendererAgg(*size, DPI)  # type: ignore[no-untyped-call] # has no types in matplotlib
    pixels = as_numbers(renderer)
    pixels[:] = as_number(paper)
    context = renderer.new_gc()
    context.set_foreground(style.colour)
    font = _font(path, style.size, bold=style.bold)
    for shift in range(1 if path is None else 2 + style.bold):  # the further fonts come in their thinnest weight
        renderer.draw_text(context, ROOM + shift, size[1] - ROOM - descent, words, font, 0)
    return Piece(pixels.copy(), pixels != as_number(paper), width, descent)


def as_numbers(renderer: Any) -> NDArray[np.uint32]:
    """The renderer's pixels, a number each, whose lowest byte is its red."""
    pixels: NDArray[np.uint32] = np.asarray(renderer.buffer_rgba()).view("<u4")[..., 0]
    return pixels


@cache
def as_number(colour: str) -> int:
    return int.from_bytes([*bytes.fromhex(colour[1:]), 255], "little")


@lru_cache(maxsize=8192)
def _extent(path: str | None, words: str, size: int, bold: bool) -> tuple[float, float, float]:  # noqa: FBT001 a cache's key
    """Width, height and descent in px."""
    measure = _ruler().get_text_width_height_descent
    found: tuple[float, float, float] = measure(words, _font(path, size, bold=bold), ismath=False)
    return found


@cache
def _ruler() -> Any:
    """Measures text as it will be drawn."""
    return RendererAgg(1, 1, DPI)  # type: ignore[no-untyped-call] # has no types in matplotlib


@lru_cache(maxsize=256)
def _font(path: str | None, size: int, *, bold: bool) -> FontProperties:
    """FAMILY's font, or the one at the path."""
    if path:
        return FontProperties(fname=path, size=size * POINT)
    return FontProperties(family=fonts.FAMILY, weight="bold" if bold else "normal", size=size * POINT)


def _columns(points: Iterable[tuple[float, float]]) -> tuple[list[float], list[float]]:
    pairs = list(points)
    return [x for x, _ in pairs], [y for _, y in pairs]
