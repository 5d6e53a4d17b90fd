"""From a drawn figure to the bytes of a PNG with few colours."""

from functools import cache
from io import BytesIO
from typing import Any

from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.figure import Figure
from PIL import Image

from pipeline.chart.theme import COLOURS, DOT_STRENGTH, blend
from pipeline.records import Theme

TEXT_STEPS = (1.0, 0.88, 0.76, 0.64, 0.52, 0.4, 0.3, 0.2, 0.12, 0.06)
MARK_STEPS = (1.0, 0.9, DOT_STRENGTH, 0.66, 0.52, 0.4, 0.28, 0.18, 0.09)
LEVEL = 6
"""zlib's: higher ones cost time and save next to nothing here."""


def png(figure: Figure, theme: Theme) -> bytes:
    """The figure in the theme's own palette. No time and no program's name: equal figures give equal bytes."""
    packed = BytesIO()
    few = _pixels(figure).quantize(palette=_palette(theme), dither=Image.Dither.NONE)
    few.save(packed, "PNG", compress_level=LEVEL)
    return packed.getvalue()


def _pixels(figure: Figure) -> Image.Image:
    size = int(figure.bbox.width), int(figure.bbox.height)
    renderer: Any = RendererAgg(*size, figure.dpi)  # type: ignore[no-untyped-call] # has no types in matplotlib
    figure.draw(renderer)
    return Image.frombuffer("RGBA", size, renderer.buffer_rgba()).convert("RGB")


@cache
def _palette(theme: Theme) -> Image.Image:
    colours = COLOURS[theme]
    text = [blend(colour, colours.paper, step) for colour in (colours.ink, colours.muted) for step in TEXT_STEPS]
    marks = [blend(colour, colours.paper, step) for colour in colours.accounts for step in MARK_STEPS]
    palette = Image.new("P", (1, 1))
    palette.putpalette(bytes.fromhex("".join([colours.paper, colours.grid, *text, *marks]).replace("#", "")))
    return palette
