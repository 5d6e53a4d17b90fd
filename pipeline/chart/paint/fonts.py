"""The fonts of a chart: DejaVu Sans and, for what it has no letters for, Noto's of the world's scripts and of emoji."""

import unicodedata
from functools import lru_cache
from importlib.resources import files
from itertools import groupby
from pathlib import Path

from matplotlib.font_manager import FontProperties, findfont, get_font

FAMILY = "DejaVu Sans"
"""Comes with matplotlib: the same letters on every machine."""
INVISIBLE = {"Cc", "Cf"}
"""Control and direction marks: nothing to draw, and some turn the text around them."""
SELECTORS = range(0xFE00, 0xFE10)
"""They choose between forms of the letter before them, as between a plain and a coloured emoji."""
UNKNOWN = "\N{REPLACEMENT CHARACTER}"
FAMILY_PATH = findfont(FontProperties(family=FAMILY))
OTHERS = [
    str(path)
    for package in ("manimgx_fonts", "manimgx_fonts_cjk")
    for path in sorted(Path(str(files(package))).glob("*.[ot]t*"))
    if "Italic" not in path.name
]
"""The paths of the further fonts, each opened when a letter is first looked for in it."""


@lru_cache(maxsize=2048)
def drawable(words: str) -> str:
    """The text as it can be drawn: without invisible marks, and with a sign in the place of a letter no font has."""
    if words.isascii() and words.isprintable():
        return words
    return "".join(_drawable(letter) for letter in words)


def runs(words: str) -> list[tuple[str | None, str]]:
    """The text in parts of one font each: its path, None for FAMILY."""
    if words.isascii():
        return [(None, words)]
    return [(path, "".join(letters)) for path, letters in groupby(words, _path)]


@lru_cache(maxsize=8192)
def _drawable(letter: str) -> str:
    if unicodedata.category(letter) in INVISIBLE or ord(letter) in SELECTORS:
        return ""
    return letter if _path(letter) or _has(FAMILY_PATH, letter) else UNKNOWN


@lru_cache(maxsize=8192)
def _path(letter: str) -> str | None:
    """The font that has the letter, None where FAMILY is to draw it."""
    if _has(FAMILY_PATH, letter):
        return None
    return next((path for path in OTHERS if _has(path, letter)), None)


def _has(path: str, letter: str) -> bool:
    return bool(get_font(path).get_char_index(ord(letter)))
