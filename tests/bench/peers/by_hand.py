"""The floor: this one picture and no other, written by hand in the palette's own numbers with Pillow, NumPy and ISA-L.

Nothing is converted from RGB, letters and dots are stamped from what was drawn once, and nothing can be configured.
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
"""Of each colour, from hardly covered to wholly covered pixels."""
DOTS = tuple(blend(colour, PAPER, DOT_STRENGTH) for colour in ACCOUNTS)
COLOURS = (INK, MUTED, *ACCOUNTS, *DOTS)
FIRST = {colour: 2 + SHADES * number for number, colour in enumerate(COLOURS)}
"""The palette's place of each colour's lightest shade, after paper and grid."""
PALETTE = bytes.fromhex(
    "".join(
        [PAPER, GRID, *(blend(colour, PAPER, shade / SHADES) for colour in COLOURS for shade in range(1, SHADES + 1))]
    ).replace("#", "")
)
LEFT, MARGIN = 98, 48
"""Where the axis begins, and how far text keeps from the edges, in px."""
HEAD, TOP, FOOT, BELOW_AXIS = 44, 230, 92, 46
DOT, RIM, BAR = 12, 1, 8
RING, HOLE = 25, 13
PITCH = DOT + RIM
LARGER = 8
"""Discs are drawn so many times as large, then made smaller, for smooth edges."""
PIECE = re.compile(r"\d|\D+")
ALIGNED = {"left": 0, "center": 0.5, "right": 1}
Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Sheet:
    """Places in the palette, one a pixel; each line starts with its PNG filter, none."""

    lines: Pixels

    @property
    def pixels(self) -> Pixels:
        return self.lines[:, 1:]

    def text(self, at: tuple[float, float], words: str, look: tuple[str, int, bool], align: str = "left") -> None:
        pieces = [_piece(piece, *look) for piece in PIECE.findall(words)]
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
    told = subject(data)
    sheet = Sheet(np.zeros((size.height, size.width + 1), np.uint8))
    sheet.text((MARGIN, 96), told.title, (INK, 60, True))
    for baseline, words in zip((152, 198), told.subtitle, strict=True):
        sheet.text((MARGIN, baseline), words, (MUTED, 34, False))
    height = (size.height - FOOT - TOP) / len(told.rows)
    tops = [round(TOP + height * number) for number in range(len(told.rows))]
    half = (height - HEAD) * 0.45
    _axis(sheet, told, tops, half)
    for top, row in zip(tops, told.rows, strict=True):
        sheet.text((MARGIN, top + 34), row.name, (row.colour, 36, True))
        sheet.text((size.width - MARGIN, top + 34), row.figures, (INK, 34, False), "right")
        _marks(sheet, told, row, top + HEAD + half)
    return _png(sheet.lines)


def _place(sheet: Sheet, told: Subject, value: float) -> float:
    width: int = sheet.pixels.shape[1]
    return LEFT + told.share(value) * (width - 2 * LEFT)


def _axis(sheet: Sheet, told: Subject, tops: Sequence[int], half: float) -> None:
    for value, label in told.ticks().items():
        x = round(_place(sheet, told, value))
        for top in tops:
            sheet.pixels[top + HEAD : round(top + HEAD + 2 * half), x - 1 : x + 1] = 1
        sheet.text((x, sheet.pixels.shape[0] - BELOW_AXIS), label, (MUTED, 34, False), "center")


def _marks(sheet: Sheet, told: Subject, row: Row, middle: float) -> None:
    low, median, high = (_place(sheet, told, value) for value in (row.low, row.median, row.high))
    y, height = round(middle), (sheet.pixels.shape[0] - FOOT - TOP) / len(told.rows)
    places = [_place(sheet, told, value) for value in row.values]
    dots = np.array(_swarm(places, (height - HEAD) * 0.45 - DOT / 2, (low, median, high)))
    starts = (y + dots[:, 1]) * sheet.lines.shape[1] + dots[:, 0]
    offsets, shades = _dot(DOTS[row.index], sheet.lines.shape[1])
    sheet.lines.reshape(-1)[starts[:, None] + offsets] = shades
    sheet.pixels[y - BAR // 2 : y + BAR // 2, round(low) : round(high)] = FIRST[INK] + SHADES - 1
    inside, ring = _ring()
    x, y = round(median) - len(ring) // 2, y - len(ring) // 2
    sheet.pixels[y : y + len(ring), x : x + len(ring)][inside] = 0
    sheet.stamp(x, y, ring)


def _swarm(places: Sequence[float], half: float, marks: tuple[float, float, float]) -> list[tuple[int, int]]:
    """Each dot in the lane nearest to the middle that has room for it and leaves the marks in sight."""
    low, median, high = marks
    count = int(half / PITCH)
    ends = {lane * PITCH: -inf for lane in sorted(range(-count, count + 1), key=abs)}
    reach = DOT / 2 + RIM
    beside = {lane: sqrt(max((RING / 2 + reach) ** 2 - lane**2, 0)) for lane in ends}
    taken = {lane: (median - width, median + width) for lane, width in beside.items()}
    taken[0] = min(low - reach, taken[0][0]), max(high + reach, taken[0][1])
    found = []
    for x in places:
        free = (lane for lane, (start, end) in taken.items() if not start < x < end)
        roomy = (lane for lane, end in ends.items() if end + PITCH <= x and not taken[lane][0] < x < taken[lane][1])
        lane = next(roomy, None)
        lane = min(free, key=ends.__getitem__) if lane is None else lane
        ends[lane] = max(x, min(ends[lane] + PITCH, x + PITCH))
        found.append((round(ends[lane]), lane))
    return found


@cache
def _font(size: int, bold: bool) -> ImageFont.FreeTypeFont:  # noqa: FBT001 a cache's key
    path = f"{get_data_path()}/fonts/ttf/DejaVuSans{'-Bold' if bold else ''}.ttf"
    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=1024)
def _piece(words: str, colour: str, size: int, bold: bool) -> tuple[Pixels, tuple[float, float], float]:  # noqa: FBT001
    """Its shades, where they begin from the text's place, and how far it goes on."""
    font = _font(size, bold)
    left, top, right, bottom = font.getbbox(words, anchor="ls")
    image = Image.new("L", (int(right - left) + 2, int(bottom - top) + 2))
    ImageDraw.Draw(image).text((1 - left, 1 - top), words, 255, font, anchor="ls")
    return _shades(image, colour), (left - 1, top - 1), font.getlength(words)


def _shades(cover: Image.Image, colour: str) -> Pixels:
    steps = (np.asarray(cover).astype(np.uint16) * SHADES + 127) // 255
    return np.where(steps, steps + FIRST[colour] - 1, 0).astype(np.uint8)


def _disc(size: int, room: int) -> Image.Image:
    """A disc in the middle of a square of room px."""
    image = Image.new("L", (room * LARGER, room * LARGER))
    edge = (room - size) * LARGER / 2
    ImageDraw.Draw(image).ellipse((edge, edge, edge + size * LARGER - 1, edge + size * LARGER - 1), 255)
    return image.resize((room, room), Image.Resampling.BOX)


@cache
def _dot(colour: str, width: int) -> tuple[NDArray[np.intp], Pixels]:
    """Its pixels, as steps from the middle through lines of so many bytes, and their shades."""
    shades = _shades(_disc(DOT, DOT), colour)
    down, right = np.nonzero(shades)
    return (down - DOT // 2) * width + right - DOT // 2 + 1, shades[down, right]


@cache
def _ring() -> tuple[NDArray[np.bool_], Pixels]:
    """Which pixels it takes from what is below it, and its shades."""
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
