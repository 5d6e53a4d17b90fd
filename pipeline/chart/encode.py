"""From a drawn figure to the bytes of a PNG with few colours."""

from dataclasses import dataclass
from functools import cache, lru_cache
from struct import pack
from typing import Any
from zlib import crc32

import numpy as np
from isal import isal_zlib
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from pipeline.chart.page import as_number, as_numbers
from pipeline.chart.theme import COLOURS, DOT_STRENGTH, blend
from pipeline.records import Theme

TEXT_STEPS = (1.0, 0.88, 0.76, 0.64, 0.52, 0.4, 0.3, 0.2, 0.12, 0.06)
MARK_STEPS = (1.0, 0.9, DOT_STRENGTH, 0.66, 0.52, 0.4, 0.28, 0.18, 0.09)
LEVEL = 2
"""ISA-L's: a little larger than zlib's 3, in a tenth of its time."""
BAND = 160
"""So many lines at a time stay in the processor's cache, which takes half the time."""
BITS = 5
"""Of each of red, green and blue, that choose a colour of the palette."""


def png(figure: Figure, theme: Theme) -> bytes:
    """The figure in the theme's own palette. No time and no program's name: equal figures give equal bytes.

    Written by hand, since Pillow's encoder takes several times as long: portable network graphics, W3C, 5.6 and 11.2.
    """
    width, height = int(figure.bbox.width), int(figure.bbox.height)
    sheet = _sheet(width, height, figure.dpi)
    sheet.pixels[:] = as_number(COLOURS[theme].paper)  # the figure's own background takes longer
    figure.draw(sheet.renderer)
    for top in range(0, height, BAND):
        sheet.lines[top : top + BAND, 1:] = _places(sheet.pixels[top : top + BAND], theme)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", bytes(_palette(theme).getpalette() or ())),
            _chunk(b"IDAT", isal_zlib.compress(sheet.lines, LEVEL)),
            _chunk(b"IEND", b""),
        ]
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    return pack(">I", len(content)) + kind + content + pack(">I", crc32(kind + content))


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a picture is painted on, kept between pictures: new memory takes longer to get than old to paint over.

    pixels: the renderer's.
    lines: the PNG's, each starting with its filter, none.
    """

    renderer: Any
    pixels: NDArray[np.uint32]
    lines: NDArray[np.uint8]


@lru_cache(maxsize=2)
def _sheet(width: int, height: int, dpi: float) -> Sheet:
    renderer: Any = RendererAgg(width, height, dpi)  # type: ignore[no-untyped-call] # has no types in matplotlib
    return Sheet(renderer, as_numbers(renderer), np.zeros((height, width + 1), np.uint8))


def _places(pixels: NDArray[np.uint32], theme: Theme) -> NDArray[np.uint8]:
    """Each pixel's colour in the palette; most are paper, which is the first."""
    flat = pixels.ravel()
    marked = np.flatnonzero(flat != as_number(COLOURS[theme].paper))
    found = np.zeros(flat.shape, np.uint8)
    found[marked] = _nearest(theme).take(_cell(flat[marked]))
    return found.reshape(pixels.shape)


def _cell(pixels: NDArray[np.uint32]) -> NDArray[Any]:
    """The highest BITS of a pixel's red, green and blue in one number."""
    left, mask = 8 - BITS, (1 << BITS) - 1
    red = (pixels & (mask << left)) << (2 * BITS - left)
    green = (pixels >> (8 + left - BITS)) & (mask << BITS)
    blue = (pixels >> (16 + left)) & mask
    return red | green | blue


@cache
def _nearest(theme: Theme) -> NDArray[np.uint8]:
    """The palette's nearest colour for each cell, from the cell's middle."""
    middles = (np.arange(1 << BITS) << (8 - BITS)) + (1 << (7 - BITS))
    every = np.stack(np.meshgrid(middles, middles, middles, indexing="ij"), axis=-1).astype(np.uint8)
    image = Image.fromarray(every.reshape(1 << BITS, -1, 3))
    return np.asarray(image.quantize(palette=_palette(theme), dither=Image.Dither.NONE)).ravel()


@cache
def _palette(theme: Theme) -> Image.Image:
    colours = COLOURS[theme]
    text = [blend(colour, colours.paper, step) for colour in (colours.ink, colours.muted) for step in TEXT_STEPS]
    marks = [blend(colour, colours.paper, step) for colour in colours.accounts for step in MARK_STEPS]
    palette = Image.new("P", (1, 1))
    palette.putpalette(bytes.fromhex("".join([colours.paper, colours.grid, *text, *marks]).replace("#", "")))
    return palette
