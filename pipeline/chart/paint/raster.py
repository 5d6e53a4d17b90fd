"""Paints a page in pixels.

Matplotlib's Agg draws each piece of text and each kind of dot once; they are kept, and later only copied.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, floor
from typing import Any, assert_never

import numpy as np
from matplotlib.colors import to_rgba
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, IdentityTransform
from numpy.typing import NDArray

from pipeline.chart.paint.bitmap import IndexedBitmap, Indices, as_pixel, palette, rendered
from pipeline.chart.paint.marks import Bars, Dots, Line, Text
from pipeline.chart.paint.page import Page
from pipeline.chart.paint.theme import Colours
from pipeline.chart.paint.typesetting import POINT, Style, copies, extent, font, parts

DISC = Path.unit_circle()
IDENTITY = IdentityTransform()
WHITE, BLACK = "#ffffff", "#000000"
HALF, WHOLE = 0x80, 0xFF
"""How much of a pixel is covered."""
PADDING = 3
"""Around the box of a text or a line, for what reaches out of it, in px."""


def paint(page: Page) -> IndexedBitmap:
    bitmap = IndexedBitmap(page.width, page.height, page.colours)
    for mark in page.marks:
        match mark:
            case Text():
                _paint_text(bitmap, mark)
            case Dots():
                _paint_dots(bitmap, mark)
            case Bars():
                _paint_bars(bitmap, mark)
            case Line():
                _paint_line(bitmap, mark)
            case _:
                assert_never(mark)
    return bitmap


@dataclass(frozen=True, slots=True)
class GlyphRun:
    """A part of a text as it was drawn on paper: pixels with ink and their indices; width and descent in px."""

    indices: Indices
    ink: NDArray[np.bool_]
    width: float
    descent: float


def _paint_text(bitmap: IndexedBitmap, mark: Text) -> None:
    """Copy the text's glyph runs. No mark is below it, so that its edges are mixed with paper already."""
    x = mark.left
    for part in parts(mark.text):
        run = _glyph_run(*part, mark.style, bitmap.colours)
        bottom = round(mark.baseline + run.descent) + PADDING
        _copy(bitmap.indices, run, round(x) - PADDING, bottom - run.ink.shape[0])
        x += run.width


def _copy(indices: Indices, run: GlyphRun, left: int, top: int) -> None:
    """Copy what of the glyph run lies on the bitmap."""
    height, width = run.ink.shape
    cut_left, cut_top = max(-left, 0), max(-top, 0)
    below = indices[max(top, 0) : max(top + height, 0), max(left, 0) : max(left + width, 0)]
    seen = (slice(cut_top, cut_top + below.shape[0]), slice(cut_left, cut_left + below.shape[1]))
    np.copyto(below, run.indices[seen], where=run.ink[seen])


@lru_cache(maxsize=512)
def _glyph_run(path: str | None, text: str, style: Style, colours: Colours) -> GlyphRun:
    width, height, descent = extent(path, text, style.size, style.bold)
    columns, rows = ceil(width) + 2 * PADDING, ceil(height) + 2 * PADDING

    def draw(renderer: Any) -> None:
        context = renderer.new_gc()
        context.set_foreground(style.colour)
        for shift in range(copies(path, style)):
            properties = font(path, style.size * POINT, bold=style.bold)
            renderer.draw_text(context, PADDING + shift, rows - PADDING - descent, text, properties, 0)

    indices = palette(colours).indices(rendered(columns, rows, as_pixel(colours.paper), draw))
    return GlyphRun(indices, indices != 0, width, descent)


Pixels = tuple[NDArray[np.intp], NDArray[np.intp], Indices]
"""Pixels of a dot: how far below and right of its middle they are, in px, and their indices."""


@dataclass(frozen=True, slots=True)
class DotSprite:
    """The pixels of a dot.

    full: pixels that replace whatever is below. edge: pixels that a coloured rim covers in part, mixed with paper.
    edge_on_marks: what the edge's pixels become where a mark is below: the rim's index, or 0 to leave them as they are.
    """

    full: Pixels
    edge: Pixels
    edge_on_marks: Indices


def _paint_dots(bitmap: IndexedBitmap, mark: Dots) -> None:
    """Copy the dot's sprite around each point on the bitmap, moved to whole px."""
    sprite = _dot_sprite(mark.size, mark.fill, mark.edge, mark.rim, bitmap.colours)
    stride, flat = bitmap.scanlines.shape[1], bitmap.scanlines.reshape(-1)
    middles = np.floor(np.array(mark.points) + 0.5).astype(np.intp)
    reach, (height, width) = _reach(mark.size, mark.rim), bitmap.indices.shape
    middles = middles[((middles >= reach) & (middles < (width - reach, height - reach))).all(axis=1)]
    starts = (middles[:, 1] * stride + middles[:, 0] + 1)[:, None]
    down, right, on_paper = sprite.edge
    if len(on_paper):
        edge = starts + (down * stride + right)
        below = flat[edge]
        flat[edge] = np.where(below == 0, on_paper, np.where(sprite.edge_on_marks, sprite.edge_on_marks, below))
    down, right, indices = sprite.full
    flat[starts + (down * stride + right)] = indices


@lru_cache(maxsize=128)
def _dot_sprite(size: float, fill: str, edge: str, rim: float, colours: Colours) -> DotSprite:
    reach = _reach(size, rim)
    indices = palette(colours).indices(_dot(size, rim, (fill, edge, colours.paper), reach))
    cover = _dot(size, rim, (WHITE, WHITE, BLACK), reach) & 0xFF
    in_part = (cover > 0) & (cover < WHOLE) & (edge != colours.paper)
    edge_on_marks = np.where(cover[in_part] >= HALF, palette(colours).index(edge), 0).astype(np.uint8)
    full = (cover >= HALF) & ~in_part
    return DotSprite(_pixels(indices, full, reach), _pixels(indices, in_part, reach), edge_on_marks)


def _reach(size: float, rim: float) -> int:
    """How far from its middle a dot has pixels, at most, in px."""
    return ceil((size + rim) / 2) + 1


def _pixels(indices: Indices, where: NDArray[np.bool_], reach: int) -> Pixels:
    down, right = np.nonzero(where)
    return down - reach, right - reach, indices[where]


def _dot(size: float, rim: float, colours: tuple[str, str, str], reach: int) -> NDArray[np.uint32]:
    """A dot in the middle of 2 * reach px, in the colours of its fill, its edge and the paper."""
    fill, edge, paper = colours

    def draw(renderer: Any) -> None:
        context = renderer.new_gc()
        context.set_linewidth(rim * POINT)
        context.set_snap(False)
        context.set_foreground(edge)
        middle = Path([(reach, reach)])
        renderer.draw_markers(context, DISC, Affine2D().scale(size / 2), middle, IDENTITY, to_rgba(fill))

    return rendered(2 * reach, 2 * reach, as_pixel(paper), draw)


def _paint_bars(bitmap: IndexedBitmap, mark: Bars) -> None:
    """Fill the boxes, with their edges moved to whole px."""
    index = bitmap.palette.index(mark.colour)
    for left, top, right, bottom in mark.boxes:
        bitmap.indices[floor(top + 0.5) : floor(bottom + 0.5), floor(left + 0.5) : floor(right + 0.5)] = index


def _paint_line(bitmap: IndexedBitmap, mark: Line) -> None:
    corners, reach = np.array(mark.points), mark.width / 2 + PADDING
    (left, top), (right, bottom) = np.nanmin(corners, 0) - reach, np.nanmax(corners, 0) + reach
    left, top = max(floor(left), 0), max(floor(top), 0)

    def draw(renderer: Any) -> None:
        context = renderer.new_gc()
        context.set_linewidth(mark.width * POINT)
        context.set_foreground(mark.colour)
        context.set_joinstyle("round")
        if mark.dash:
            context.set_dashes(0, [length * mark.width * POINT for length in mark.dash])
        from_top = Affine2D().translate(-left, -top).scale(1, -1).translate(0, renderer.height)
        renderer.draw_path(context, Path(corners), from_top)

    bitmap.draw_over(left, top, ceil(right), ceil(bottom), draw)
