"""How text is set: its style, its parts, how wide it is, and how it is shortened."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from math import ceil, inf
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.font_manager import FontProperties

from pipeline.chart.paint import fonts

mpl.rcParams["text.hinting"] = "none"  # it takes half of the time of drawing, and is not seen in letters this large

DPI = 100
POINT = 72 / DPI
"""The length of a px in points."""
TEXT_PX = 34
"""The smallest text: a chat shows the picture about 330 px wide, where this is 9 px high."""
SHARES = (0.5, 0.75, 0.25, 1, 0)
"""Which share of a shortened text's letters is its beginning, the usual share first."""
PART = re.compile(r"\d|\D+")
"""A digit, or the text between digits. Parts are drawn once: figures change, the words around them do not."""


@dataclass(frozen=True, slots=True)
class Style:
    """The colour, the size in px and the weight of a text."""

    colour: str
    size: float = TEXT_PX
    bold: bool = False


PLAIN = Style("")
"""Measures text of the usual size in any colour."""


def width(text: str, style: Style = PLAIN) -> float:
    """The width of the text, in px."""
    return sum(extent(*part, style.size, style.bold)[0] for part in parts(fonts.drawable(text)))


@lru_cache(maxsize=1024)
def elide(text: str, most_px: float, style: Style = PLAIN, among: tuple[str, ...] = ()) -> str:
    """The text, shortened to at most this width: an ellipsis replaces a part of it, usually its middle.

    The result cannot be a shortened form of any other text of `among`: where the beginning and the end are not enough
    for that, other letters are kept. Where no choice of letters is, the middle is left out all the same.
    """
    if width(text, style) <= most_px:
        return text
    others = [other for other in among if other != text]
    usual = _shortened(text, most_px, style, SHARES[0])
    for share in SHARES if others else SHARES[:1]:
        shorter = _shortened(text, most_px, style, share)
        if not any(_may_stand_for(shorter, other) for other in others):
            return shorter
    excerpts = _excerpts(text, most_px, style)
    return next((each for each in excerpts if not any(_may_stand_for(each, other) for other in others)), usual)


def wrap(pieces: Iterable[str], most_px: float, style: Style = PLAIN) -> list[str]:
    """The pieces of a text, which are never broken, in lines of at most this width where no piece is wider."""
    lines: list[list[str]] = []
    space, end = width(" ", style), inf
    for piece in pieces:
        piece_px = width(piece, style)
        if end + space + piece_px > most_px:
            lines.append([])
            end = -space
        lines[-1].append(piece)
        end += space + piece_px
    return [" ".join(line) for line in lines]


def _shortened(text: str, most_px: float, style: Style, share: float) -> str:
    """The text's beginning and its end; share is the beginning's share of the letters that are kept."""
    shorter, keep = text, len(text)
    while keep and width(shorter, style) > most_px:
        keep -= 1
        start = max(ceil(keep * share), 1)
        shorter = text[:start] + "…" + text[len(text) - keep + start :]
    return shorter


def _excerpts(text: str, most_px: float, style: Style) -> Iterator[str]:
    """The text's first letter with as many letters as fit from the second one on, from the third one on, and so on."""
    for start in range(1, len(text)):
        keep = len(text) - start
        while keep and width(f"{text[0]}…{text[start : start + keep]}…", style) > most_px:
            keep -= 1
        yield f"{text[0]}…{text[start : start + keep]}…"


def _may_stand_for(shorter: str, other: str) -> bool:
    """Whether the other text could be shortened to this one."""
    start, *middle, end = shorter.split("…")
    has_ends = len(other) >= len(start) + len(end) and other.startswith(start) and other.endswith(end)
    return has_ends and all(part in other for part in middle)


@lru_cache(maxsize=2048)
def parts(text: str) -> tuple[tuple[str | None, str], ...]:
    """The text's parts, each with the path of its font, None for the usual one."""
    return tuple(run for part in PART.findall(text) for run in fonts.runs(part))


@lru_cache(maxsize=8192)
def extent(path: str | None, text: str, size: float, bold: bool) -> tuple[float, float, float]:  # noqa: FBT001 a cache's key
    """The width, the height and the descent of a part, in px; size in px."""
    measure = _ruler().get_text_width_height_descent
    measured: tuple[float, float, float] = measure(text, font(path, size * POINT, bold=bold), ismath=False)
    return measured


def copies(path: str | None, style: Style) -> int:
    """How many times a part is drawn, each time 1 px further right, to have the weight of the usual font.

    The other fonts are variable fonts, of which matplotlib has only the thinnest weight.
    """
    return 1 if path is None else 2 + style.bold


@lru_cache(maxsize=256)
def font(path: str | None, points: float, *, bold: bool) -> FontProperties:
    """The font at the path, or the usual one; the size in points."""
    if path:
        return FontProperties(fname=path, size=points)
    return FontProperties(family=fonts.FAMILY, weight="bold" if bold else "normal", size=points)


@cache
def _ruler() -> Any:
    """Measures text as Agg draws it."""
    return RendererAgg(1, 1, DPI)  # type: ignore[no-untyped-call] # has no types in matplotlib
