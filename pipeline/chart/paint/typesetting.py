"""How text looks, and how wide it will be."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from math import ceil
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.font_manager import FontProperties

from pipeline.chart.paint import fonts

mpl.rcParams["text.hinting"] = "none"  # letters this large gain nothing by it, and it takes half of their time

DPI = 100
POINT = 72 / DPI
"""One px in points."""
TEXT = 34
"""The least size of text: a chat shows the picture about 330 px wide, so that this is 9 px there."""
SHARES = (0.5, 0.75, 0.25, 1, 0)
"""What part of a shortened text its beginning is; the usual one first."""
PIECE = re.compile(r"\d|\D+")
"""What is drawn once and kept: a digit, or whole words. Counts change, the words around them do not."""


@dataclass(frozen=True, slots=True)
class Style:
    """How text looks; size in px."""

    colour: str
    size: int = TEXT
    bold: bool = False


PLAIN = Style("")
"""To measure text of the usual size in whichever colour."""


def width(words: str, style: Style = PLAIN) -> float:
    """How wide the text will be, in px."""
    return sum(extent(*part, style.size, style.bold)[0] for part in parts(fonts.drawable(words)))


@lru_cache(maxsize=1024)
def elide(words: str, room: float, style: Style = PLAIN, among: tuple[str, ...] = ()) -> str:
    """The text with as much of its middle left out as it must be to fit into the room.

    What is left stands for no other one among these: where their middles differ, another part is left out.
    """
    if width(words, style) <= room:
        return words
    others = [other for other in among if other != words]
    usual = _shortened(words, room, style, SHARES[0])
    for share in SHARES if others else ():
        shorter = _shortened(words, room, style, share)
        if not any(_may_be(shorter, other) for other in others):
            return shorter
    return next(
        (found for found in _parts_of(words, room, style) if not any(_may_be(found, other) for other in others)), usual
    )


def _shortened(words: str, room: float, style: Style, share: float) -> str:
    """Its beginning and its end; share is the beginning's part of what is kept."""
    shorter, keep = words, len(words)
    while keep and width(shorter, style) > room:
        keep -= 1
        start = max(ceil(keep * share), 1)
        shorter = words[:start] + "…" + words[len(words) - keep + start :]
    return shorter


def _parts_of(words: str, room: float, style: Style) -> Iterator[str]:
    """Its first letter, and as much of the rest as fits from each of its letters on."""
    for start in range(1, len(words)):
        keep = len(words) - start
        while keep and width(f"{words[0]}…{words[start : start + keep]}…", style) > room:
            keep -= 1
        yield f"{words[0]}…{words[start : start + keep]}…"


def _may_be(shorter: str, other: str) -> bool:
    """Whether the other one could be shortened to the same."""
    start, *middle, end = shorter.split("…")
    apart = len(other) >= len(start) + len(end) and other.startswith(start) and other.endswith(end)
    return apart and all(part in other for part in middle)


@lru_cache(maxsize=2048)
def parts(words: str) -> tuple[tuple[str | None, str], ...]:
    """The text's pieces with the paths of their fonts, None for the usual one."""
    return tuple(run for piece in PIECE.findall(words) for run in fonts.runs(piece))


@lru_cache(maxsize=8192)
def extent(path: str | None, words: str, size: int, bold: bool) -> tuple[float, float, float]:  # noqa: FBT001 a cache's key
    """Width, height and descent of a piece in px."""
    measure = _ruler().get_text_width_height_descent
    found: tuple[float, float, float] = measure(words, font(path, size, bold=bold), ismath=False)
    return found


@lru_cache(maxsize=256)
def font(path: str | None, size: int, *, bold: bool) -> FontProperties:
    """The usual font, or the one at the path."""
    if path:
        return FontProperties(fname=path, size=size * POINT)
    return FontProperties(family=fonts.FAMILY, weight="bold" if bold else "normal", size=size * POINT)


@cache
def _ruler() -> Any:
    """Measures text as it will be drawn."""
    return RendererAgg(1, 1, DPI)  # type: ignore[no-untyped-call] # has no types in matplotlib
