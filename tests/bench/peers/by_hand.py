"""A lower bound: code for this one picture that writes palette indices with Pillow, NumPy and ISA-L.

It converts nothing from RGB, copies letters and dots from a cache, and has no options.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, lru_cache
from math import inf, sqrt
from struct import pack
from zlib import crc32

import numpy as np
from isal import isal_zlib
from matplotlib import get_data_path
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from pipeline.records import ChartData
from tests.bench.peers import Draw, Size
from tests.bench.peers.subject import ACCOUNTS, DOT_STRENGTH, GRID, INK, MUTED, PAPER, Row, Subject, blend, subject

NAME = "drawn by hand"
LEVEL = 2
SHADES = 15
"""Of each colour, for pixels from hardly to fully covered."""
DOTS = tuple(blend(colour, PAPER, DOT_STRENGTH) for colour in ACCOUNTS)
COLOURS = (INK, MUTED, *ACCOUNTS, *DOTS)
FIRST = {colour: 2 + SHADES * number for number, colour in enumerate(COLOURS)}
"""The palette index of each colour's lightest shade, after paper and grid."""
PALETTE = bytes.fromhex(
    "".join(
        [PAPER, GRID, *(blend(colour, PAPER, shade / SHADES) for colour in COLOURS for shade in range(1, SHADES + 1))]
    ).replace("#", "")
)
LEFT, MARGIN = 98, 48
"""The axis's start, and the distance of text from the edges, in px."""
HEAD, TOP, FOOT, BELOW_AXIS = 44, 230, 92, 46
DOT, RIM, BAR = 12, 1, 8
RING, HOLE = 25, 13
PITCH = DOT + RIM
LARGER = 8
"""Discs are drawn so many times as large and then scaled down, for smooth edges."""
PIECE = re.compile(r"\d|\D+")
ALIGNED = {"left": 0, "center": 0.5, "right": 1}
Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class IndexedBitmap:
    """Palette indices, one a pixel; each line starts with a byte for its PNG filter, 0."""

    lines: Pixels

    @property
    def pixels(self) -> Pixels:
        return self.lines[:, 1:]

    def text(self, at: tuple[float, float], text: str, style: tuple[str, int, bool], align: str = "left") -> None:
        pieces = [_piece(piece, *style) for piece in PIECE.findall(text)]
        x = at[0] - ALIGNED[align] * sum(width for _, _, width in pieces)
        for shades, (left, top), width in pieces:
            self.stamp(round(x + left), round(at[1] + top), shades)
            x += width

    def stamp(self, x: int, y: int, shades: Pixels) -> None:
        block = self.pixels[y : y + shades.shape[0], x : x + shades.shape[1]]
        np.maximum(block, shades, out=block)


@contextmanager
def opened(size: Size) -> Iterator[Draw]:
    yield lambda data: _draw(data, size)


def _draw(data: ChartData, size: Size) -> bytes:
    content = subject(data)
    bitmap = IndexedBitmap(np.zeros((size.height, size.width + 1), np.uint8))
    bitmap.text((MARGIN, 96), content.title, (INK, 60, True))
    for baseline, text in zip((152, 198), content.subtitle, strict=True):
        bitmap.text((MARGIN, baseline), text, (MUTED, 34, False))
    height = (size.height - FOOT - TOP) / len(content.rows)
    tops = [round(TOP + height * number) for number in range(len(content.rows))]
    half = (height - HEAD) * 0.45
    _axis(bitmap, content, tops, half)
    for top, row in zip(tops, content.rows, strict=True):
        bitmap.text((MARGIN, top + 34), row.name, (row.colour, 36, True))
        bitmap.text((size.width - MARGIN, top + 34), row.figures, (INK, 34, False), "right")
        _marks(bitmap, content, row, top + HEAD + half)
    return _png(bitmap.lines)


def _to_px(bitmap: IndexedBitmap, content: Subject, value: float) -> float:
    width: int = bitmap.pixels.shape[1]
    return LEFT + content.share(value) * (width - 2 * LEFT)


def _axis(bitmap: IndexedBitmap, content: Subject, tops: Sequence[int], half: float) -> None:
    for value, label in content.ticks().items():
        x = round(_to_px(bitmap, content, value))
        for top in tops:
            bitmap.pixels[top + HEAD : round(top + HEAD + 2 * half), x - 1 : x + 1] = 1
        bitmap.text((x, bitmap.pixels.shape[0] - BELOW_AXIS), label, (MUTED, 34, False), "center")


def _marks(bitmap: IndexedBitmap, content: Subject, row: Row, middle: float) -> None:
    low, median, high = (_to_px(bitmap, content, value) for value in (row.low, row.median, row.high))
    y, height = round(middle), (bitmap.pixels.shape[0] - FOOT - TOP) / len(content.rows)
    xs_px = [_to_px(bitmap, content, value) for value in row.values]
    dots = np.array(_swarm(xs_px, (height - HEAD) * 0.45 - DOT / 2, (low, median, high)))
    starts = (y + dots[:, 1]) * bitmap.lines.shape[1] + dots[:, 0]
    offsets, shades = _dot(DOTS[row.index], bitmap.lines.shape[1])
    bitmap.lines.reshape(-1)[starts[:, None] + offsets] = shades
    bitmap.pixels[y - BAR // 2 : y + BAR // 2, round(low) : round(high)] = FIRST[INK] + SHADES - 1
    inside, ring = _ring()
    x, y = round(median) - len(ring) // 2, y - len(ring) // 2
    bitmap.pixels[y : y + len(ring), x : x + len(ring)][inside] = 0
    bitmap.stamp(x, y, ring)


def _swarm(xs_px: Sequence[float], half: float, marks: tuple[float, float, float]) -> list[tuple[int, int]]:
    """The centres of dots, each in the lane nearest to the middle that has space and does not hide the marks."""
    low, median, high = marks
    count = int(half / PITCH)
    ends = {lane * PITCH: -inf for lane in sorted(range(-count, count + 1), key=abs)}
    reach = DOT / 2 + RIM
    beside = {lane: sqrt(max((RING / 2 + reach) ** 2 - lane**2, 0)) for lane in ends}
    taken = {lane: (median - width, median + width) for lane, width in beside.items()}
    taken[0] = min(low - reach, taken[0][0]), max(high + reach, taken[0][1])
    centres = []
    for x in xs_px:
        free = (lane for lane, (start, end) in taken.items() if not start < x < end)
        free_lanes = (
            lane for lane, end in ends.items() if end + PITCH <= x and not taken[lane][0] < x < taken[lane][1]
        )
        lane = next(free_lanes, None)
        lane = min(free, key=ends.__getitem__) if lane is None else lane
        ends[lane] = max(x, min(ends[lane] + PITCH, x + PITCH))
        centres.append((round(ends[lane]), lane))
    return centres


@cache
def _font(size: int, bold: bool) -> ImageFont.FreeTypeFont:  # noqa: FBT001 - the key of a cache
    path = f"{get_data_path()}/fonts/ttf/DejaVuSans{'-Bold' if bold else ''}.ttf"
    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=1024)
def _piece(text: str, colour: str, size: int, bold: bool) -> tuple[Pixels, tuple[float, float], float]:  # noqa: FBT001
    """The text's palette indices, their offset from its origin, and its advance, in px."""
    font = _font(size, bold)
    left, top, right, bottom = font.getbbox(text, anchor="ls")
    image = Image.new("L", (int(right - left) + 2, int(bottom - top) + 2))
    ImageDraw.Draw(image).text((1 - left, 1 - top), text, 255, font, anchor="ls")
    return _shades(image, colour), (left - 1, top - 1), font.getlength(text)


def _shades(cover: Image.Image, colour: str) -> Pixels:
    steps = (np.asarray(cover).astype(np.uint16) * SHADES + 127) // 255
    return np.where(steps, steps + FIRST[colour] - 1, 0).astype(np.uint8)


def _disc(size: int, side_px: int) -> Image.Image:
    """A disc of this size in the middle of a square with sides of side_px."""
    image = Image.new("L", (side_px * LARGER, side_px * LARGER))
    edge = (side_px - size) * LARGER / 2
    ImageDraw.Draw(image).ellipse((edge, edge, edge + size * LARGER - 1, edge + size * LARGER - 1), 255)
    return image.resize((side_px, side_px), Image.Resampling.BOX)


@cache
def _dot(colour: str, width: int) -> tuple[NDArray[np.intp], Pixels]:
    """The offsets of its pixels from its centre, in lines of `width` bytes, and their palette indices."""
    shades = _shades(_disc(DOT, DOT), colour)
    down, right = np.nonzero(shades)
    return (down - DOT // 2) * width + right - DOT // 2 + 1, shades[down, right]


@cache
def _ring() -> tuple[NDArray[np.bool_], Pixels]:
    """The mask of the pixels that it covers, and its palette indices."""
    outer, hole = (np.asarray(_disc(size, RING)).astype(np.int16) for size in (RING, HOLE))
    return outer > 127, _shades(Image.fromarray((outer - hole).astype(np.uint8)), INK)


def _png(lines: Pixels) -> bytes:
    height, width = lines.shape
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", pack(">IIBBBBB", width - 1, height, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", PALETTE),
            _chunk(b"IDAT", isal_zlib.compress(lines, LEVEL)),
            _chunk(b"IEND", b""),
        ]
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    return pack(">I", len(content)) + kind + content + pack(">I", crc32(kind + content))
