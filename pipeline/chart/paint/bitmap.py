"""What a picture is painted on: for each pixel a number of a palette, as the PNG has it, and never a colour."""

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

TEXT_STEPS = (1.0, 0.88, 0.76, 0.64, 0.52, 0.4, 0.3, 0.2, 0.12, 0.06)
MARK_STEPS = (1.0, 0.9, DOT_STRENGTH, 0.66, 0.52, 0.4, 0.28, 0.18, 0.09)
BITS = 5
"""Of each of red, green and blue, that choose a colour of the palette."""
Indices = NDArray[np.uint8]
Pixels = NDArray[np.uint32]
"""A colour each, whose lowest byte is its red."""


@dataclass(frozen=True, slots=True)
class Palette:
    """A theme's colours by their places, paper's is 0; nearest has a place for each cell of similar colours."""

    pixels: Pixels
    nearest: Indices

    def places(self, pixels: Pixels) -> Indices:
        return self.nearest.take(_cell(pixels))

    def place(self, colour: str) -> int:
        return int(self.places(np.array(as_pixel(colour), np.uint32)))

    @property
    def content(self) -> bytes:
        """Red, green and blue of each."""
        return self.pixels.view(np.uint8).reshape(-1, 4)[:, :3].tobytes()


class IndexedBitmap:
    """Paper of width x height px.

    lines: the PNG's, each starting with its filter, none. pixels: the same without it.
    """

    def __init__(self, width: int, height: int, colours: Colours) -> None:
        self.colours, self.palette = colours, palette(colours)
        self.lines: Indices = np.zeros((height, width + 1), np.uint8)
        self.pixels = self.lines[:, 1:]

    def mix(self, left: int, top: int, right: int, bottom: int, draw: Callable[[Any], None]) -> None:
        """Lets a renderer of the size of this box draw over what is there."""
        box = self.pixels[top:bottom, left:right]
        before = self.palette.pixels[box]
        after = painted(box.shape[1], box.shape[0], before, draw)
        changed = after != before
        box[changed] = self.palette.places(after[changed])


def painted(width: int, height: int, before: Pixels | int, draw: Callable[[Any], None]) -> Pixels:
    """What a renderer makes of the pixels before, or of paper of one colour."""
    renderer: Any = RendererAgg(width, height, DPI)  # type: ignore[no-untyped-call] # has no types in matplotlib
    pixels: Pixels = np.asarray(renderer.buffer_rgba()).view("<u4")[..., 0]
    pixels[:] = before
    draw(renderer)
    return pixels


@cache
def as_pixel(colour: str) -> int:
    return int.from_bytes([*bytes.fromhex(colour[1:]), 255], "little")


@cache
def palette(colours: Colours) -> Palette:
    text = [blend(colour, colours.paper, step) for colour in (colours.ink, colours.muted) for step in TEXT_STEPS]
    marks = [blend(colour, colours.paper, step) for colour in colours.accounts for step in MARK_STEPS]
    found = [colours.paper, colours.grid, *text, *marks]
    return Palette(np.array([as_pixel(colour) for colour in found], np.uint32), _nearest(found))


def _nearest(colours: list[str]) -> Indices:
    """The place of the colour nearest to each cell's middle."""
    middles = (np.arange(1 << BITS) << (8 - BITS)) + (1 << (7 - BITS))
    every = np.stack(np.meshgrid(middles, middles, middles, indexing="ij"), axis=-1).astype(np.uint8)
    chosen = Image.new("P", (1, 1))
    chosen.putpalette(bytes.fromhex("".join(colours).replace("#", "")))
    image = Image.fromarray(every.reshape(1 << BITS, -1, 3))
    return np.asarray(image.quantize(palette=chosen, dither=Image.Dither.NONE)).ravel()


def _cell(pixels: Pixels) -> NDArray[Any]:
    """The highest BITS of a pixel's red, green and blue in one number."""
    left, mask = 8 - BITS, (1 << BITS) - 1
    red = (pixels & (mask << left)) << (2 * BITS - left)
    green = (pixels >> (8 + left - BITS)) & (mask << BITS)
    blue = (pixels >> (16 + left)) & mask
    return red | green | blue
