"""A bitmap whose pixels are indices into a theme's palette, as in the PNG that it becomes."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import RendererAgg
from numpy.typing import NDArray
from PIL import Image

from pipeline.chart.paint.theme import DOT_STRENGTH, Colours, blend
from pipeline.chart.paint.typesetting import DPI

TEXT_STEPS = (1.0, 0.8, 0.6, 0.4, 0.2)
MARK_STEPS = (1.0, DOT_STRENGTH, 0.52, 0.28)
"""The opacities of a text's and of a mark's colour on paper that have an entry of the palette.

Twice as many make a file a fifth larger, and no edge that looks smoother in a chat.
"""
BITS = 5
"""How many of the highest bits of red, green and blue choose the palette's entry."""
Indices = NDArray[np.uint8]
Pixels = NDArray[np.uint32]
"""RGBA colours; the lowest byte is red."""


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of a theme; the first one is the paper's.

    nearest: the index of the colour that is nearest to each cell of similar colours.
    """

    pixels: Pixels
    nearest: Indices

    def indices(self, pixels: Pixels) -> Indices:
        """The indices of the colours nearest to these."""
        return self.nearest.take(_cell(pixels))

    def index(self, colour: str) -> int:
        """The index of the colour nearest to a #rrggbb."""
        return int(self.indices(np.array(as_pixel(colour), np.uint32)))

    @property
    def rgb(self) -> bytes:
        """The red, green and blue byte of each colour."""
        return self.pixels.view(np.uint8).reshape(-1, 4)[:, :3].tobytes()


class IndexedBitmap:
    """A bitmap of width x height px; at first all is paper.

    scanlines: the rows of the PNG, each with the number of its filter, 0 for none, before its pixels.
    indices: a view of the same rows without that number, height x width.
    """

    def __init__(self, width: int, height: int, colours: Colours) -> None:
        self.colours, self.palette = colours, palette(colours)
        self.scanlines: Indices = np.zeros((height, width + 1), np.uint8)
        self.indices = self.scanlines[:, 1:]

    def draw_over(self, left: int, top: int, right: int, bottom: int, draw: Callable[[Any], None]) -> None:
        """Let a renderer of the size of this box draw over the pixels in it."""
        box = self.indices[top:bottom, left:right]
        if not box.size:
            return
        before = self.palette.pixels[box]
        after = rendered(box.shape[1], box.shape[0], before, draw)
        changed = after != before
        box[changed] = self.palette.indices(after[changed])


def rendered(width: int, height: int, before: Pixels | int, draw: Callable[[Any], None]) -> Pixels:
    """The pixels after a renderer drew over those before, or over one colour."""
    renderer: Any = RendererAgg(width, height, DPI)  # type: ignore[no-untyped-call] # has no types in matplotlib
    pixels: Pixels = np.asarray(renderer.buffer_rgba()).view("<u4")[..., 0]
    pixels[:] = before
    draw(renderer)
    return pixels


@cache
def as_pixel(colour: str) -> int:
    """A #rrggbb as one of Pixels."""
    return int.from_bytes([*bytes.fromhex(colour[1:]), 255], "little")


@cache
def palette(colours: Colours) -> Palette:
    """The palette of a theme: its colours, and those that they have at the edges of text and marks."""
    text = [blend(colour, colours.paper, step) for colour in (colours.ink, colours.muted) for step in TEXT_STEPS]
    marks = [blend(colour, colours.paper, step) for colour in colours.accounts for step in MARK_STEPS]
    entries = [colours.paper, colours.grid, *text, *marks]
    return Palette(np.array([as_pixel(colour) for colour in entries], np.uint32), _nearest(entries))


def _nearest(colours: list[str]) -> Indices:
    """The index of the colour nearest to the middle of each cell."""
    middles = (np.arange(1 << BITS) << (8 - BITS)) + (1 << (7 - BITS))
    cells = np.stack(np.meshgrid(middles, middles, middles, indexing="ij"), axis=-1).astype(np.uint8)
    chosen = Image.new("P", (1, 1))
    chosen.putpalette(bytes.fromhex("".join(colours).replace("#", "")))
    image = Image.fromarray(cells.reshape(1 << BITS, -1, 3))
    return np.asarray(image.quantize(palette=chosen, dither=Image.Dither.NONE)).ravel()


def _cell(pixels: Pixels) -> NDArray[Any]:
    """The cell of each pixel: the highest BITS of its red, green and blue as one number."""
    shift, mask = 8 - BITS, (1 << BITS) - 1
    red = (pixels & (mask << shift)) << (2 * BITS - shift)
    green = (pixels >> (8 + shift - BITS)) & (mask << BITS)
    blue = (pixels >> (16 + shift)) & mask
    return red | green | blue
