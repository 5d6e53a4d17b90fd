"""What a page consists of, in px from its top left corner, and how each is painted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, floor, nan
from typing import Any, Literal, Protocol

import numpy as np
from matplotlib.colors import to_rgba
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, IdentityTransform
from numpy.typing import NDArray

from pipeline.chart.paint import fonts
from pipeline.chart.paint.bitmap import IndexedBitmap, Indices, as_pixel, painted, palette
from pipeline.chart.paint.theme import Colours
from pipeline.chart.paint.typesetting import POINT, Style, extent, font, parts, width

Point = tuple[float, float]
Box = tuple[float, float, float, float]
"""Left, top, right and bottom."""
Dash = tuple[float, ...]
"""Lengths of strokes and gaps by turns, in widths of the line."""
SOLID: Dash = ()
GAP = (nan, nan)
"""Interrupts a line."""
Align = Literal["left", "center", "right"]
ALIGNED = {"left": 0, "center": 0.5, "right": 1}
DISC = Path.unit_circle()
IDENTITY = IdentityTransform()
WHITE, BLACK = "#ffffff", "#000000"
HALF, WHOLE = 0x80, 0xFF
"""Of a pixel that is covered."""
ROOM = 3
"""Around a piece of text or of a line, for what reaches out of its box."""


class Mark(Protocol):
    def paint(self, bitmap: IndexedBitmap) -> None: ...


class Words:
    """Text put together from kept pieces: only what was never drawn before is drawn anew.

    It stands on paper, never on marks, so that its pixels are put there as they are.
    """

    def __init__(self, x: float, baseline: float, words: str, style: Style, align: Align) -> None:
        self.words, self.style, self.baseline = fonts.drawable(words), style, baseline
        self.x = x - width(words, style) * ALIGNED[align]

    def paint(self, bitmap: IndexedBitmap) -> None:
        x = self.x
        for part in parts(self.words):
            piece = _glyph_run(*part, self.style, bitmap.colours)
            height, width = piece.ink.shape
            left, bottom = round(x) - ROOM, round(self.baseline + piece.descent) + ROOM
            block = bitmap.pixels[bottom - height : bottom, left : left + width]
            np.copyto(block, piece.places, where=piece.ink)
            x += piece.width

    @property
    def box(self) -> Box:
        """Of what is drawn."""
        extents = [extent(*part, self.style.size, self.style.bold) for part in parts(self.words)]
        below = max((descent for _, _, descent in extents), default=0)
        above = max((height - descent for _, height, descent in extents), default=0)
        right = self.x + sum(width for width, _, _ in extents)
        return self.x, self.baseline - above, right, self.baseline + below


@dataclass(frozen=True, slots=True)
class GlyphRun:
    """Drawn text, kept: its places in the palette, where there is ink, how far it goes on, how far it hangs down."""

    places: Indices
    ink: NDArray[np.bool_]
    width: float
    descent: float


@lru_cache(maxsize=512)
def _glyph_run(path: str | None, words: str, style: Style, colours: Colours) -> GlyphRun:
    width, height, descent = extent(path, words, style.size, style.bold)
    columns, rows = ceil(width) + 2 * ROOM, ceil(height) + 2 * ROOM

    def draw(renderer: Any) -> None:
        context = renderer.new_gc()
        context.set_foreground(style.colour)
        for shift in range(1 if path is None else 2 + style.bold):  # the further fonts come in their thinnest weight
            look = font(path, style.size, bold=style.bold)
            renderer.draw_text(context, ROOM + shift, rows - ROOM - descent, words, look, 0)

    places = palette(colours).places(painted(columns, rows, as_pixel(colours.paper), draw))
    return GlyphRun(places, places != 0, width, descent)


class Dots:
    """Equal discs with a rim, size and rim in px: each on whole px, as it was drawn once, whatever is below."""

    def __init__(self, points: Iterable[Point], size: float, fill: str, edge: str, rim: float) -> None:
        self.points, self.size, self.fill, self.edge, self.rim = list(points), size, fill, edge, rim

    def paint(self, bitmap: IndexedBitmap) -> None:
        if not self.points:
            return
        sprite = _sprite(self.size, self.fill, self.edge, self.rim, bitmap.colours)
        across, flat = bitmap.lines.shape[1], bitmap.lines.reshape(-1)
        middles = np.floor(np.array(self.points) + 0.5).astype(np.intp)
        starts = (middles[:, 1] * across + middles[:, 0] + 1)[:, None]
        down, right, on_paper = sprite.edge
        if len(on_paper):
            edge = starts + (down * across + right)
            below = flat[edge]
            flat[edge] = np.where(below == 0, on_paper, np.where(sprite.on_marks, sprite.on_marks, below))
        down, right, places = sprite.full
        flat[starts + (down * across + right)] = places


Covered = tuple[NDArray[np.intp], NDArray[np.intp], Indices]
"""How far down and right from the middle, and the places in the palette."""


@dataclass(frozen=True, slots=True)
class DotSprite:
    """The pixels of a dot: full are put over all that is below.

    edge: only of a coloured rim, what it covers in part, mixed with paper. on_marks: what else it is where no paper is
    below, 0 where it leaves that as it is.
    """

    full: Covered
    edge: Covered
    on_marks: Indices


@lru_cache(maxsize=128)
def _sprite(size: float, fill: str, edge: str, rim: float, colours: Colours) -> DotSprite:
    reach = ceil((size + rim) / 2) + 1
    places = palette(colours).places(_dot(size, rim, (fill, edge, colours.paper), reach))
    cover = _dot(size, rim, (WHITE, WHITE, BLACK), reach) & 0xFF
    part = (cover > 0) & (cover < WHOLE) & (edge != colours.paper)
    on_marks = np.where(cover[part] >= HALF, palette(colours).place(edge), 0).astype(np.uint8)
    return DotSprite(_covered(places, (cover >= HALF) & ~part, reach), _covered(places, part, reach), on_marks)


def _covered(places: Indices, where: NDArray[np.bool_], reach: int) -> Covered:
    down, right = np.nonzero(where)
    return down - reach, right - reach, places[where]


def _dot(size: float, rim: float, colours: tuple[str, str, str], reach: int) -> NDArray[np.uint32]:
    """Filled, edged and on paper in these colours, up to reach px around its middle."""
    fill, edge, paper = colours

    def draw(renderer: Any) -> None:
        context = renderer.new_gc()
        context.set_linewidth(rim * POINT)
        context.set_snap(False)
        context.set_foreground(edge)
        disc, middle = Affine2D().scale(size / 2), Path([(reach, reach)])
        renderer.draw_markers(context, DISC, disc, middle, IDENTITY, to_rgba(fill))

    return painted(2 * reach, 2 * reach, as_pixel(paper), draw)


class Bars:
    """Full rectangles with their edges on whole px."""

    def __init__(self, boxes: Sequence[Box], colour: str) -> None:
        self.boxes, self.colour = boxes, colour

    def paint(self, bitmap: IndexedBitmap) -> None:
        place = bitmap.palette.place(self.colour)
        for left, top, right, bottom in self.boxes:
            bitmap.pixels[floor(top + 0.5) : floor(bottom + 0.5), floor(left + 0.5) : floor(right + 0.5)] = place


class Line:
    """From point to point, width in px."""

    def __init__(self, points: Iterable[Point], colour: str, width: float, dash: Dash) -> None:
        self.points, self.colour, self.width, self.dash = list(points), colour, width, dash

    def paint(self, bitmap: IndexedBitmap) -> None:
        if not self.points:
            return
        corners, reach = np.array(self.points), self.width / 2 + ROOM
        (left, top), (right, bottom) = np.nanmin(corners, 0) - reach, np.nanmax(corners, 0) + reach
        left, top = max(floor(left), 0), max(floor(top), 0)

        def draw(renderer: Any) -> None:
            context = renderer.new_gc()
            context.set_linewidth(self.width * POINT)
            context.set_foreground(self.colour)
            context.set_joinstyle("round")
            if self.dash:
                context.set_dashes(0, [length * self.width * POINT for length in self.dash])
            from_top = Affine2D().translate(-left, -top).scale(1, -1).translate(0, renderer.height)
            renderer.draw_path(context, Path(corners), from_top)

        bitmap.mix(left, top, ceil(right), ceil(bottom), draw)
