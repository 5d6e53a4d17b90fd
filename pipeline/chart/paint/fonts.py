"""The fonts of a chart: DejaVu Sans, and Noto fonts for the characters that DejaVu Sans lacks."""

import unicodedata
from functools import lru_cache
from importlib.resources import files
from itertools import groupby
from pathlib import Path

from matplotlib.font_manager import FontProperties, findfont, get_font

FAMILY = "DejaVu Sans"
"""Part of matplotlib, so that it is the same on every machine."""
INVISIBLE = {"Cc", "Cf"}
"""Categories of control and format characters: there is nothing to draw, and some reverse the text around them."""
SELECTORS = range(0xFE00, 0xFE10)
"""Variation selectors: they choose the form of the character before them, as a plain or a coloured emoji."""
UNKNOWN = "\N{REPLACEMENT CHARACTER}"
FAMILY_PATH = findfont(FontProperties(family=FAMILY))
OTHERS = [
    str(path)
    for package in ("manimgx_fonts", "manimgx_fonts_cjk")
    for path in sorted(Path(str(files(package))).glob("*.[ot]t*"))
    if "Italic" not in path.name
]
"""The paths of the other fonts. A font is opened when a character is first searched in it."""


@lru_cache(maxsize=2048)
def drawable(text: str) -> str:
    """The text without invisible characters, and with UNKNOWN for each character that no font has."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_drawable(character) for character in text)


def runs(text: str) -> list[tuple[str | None, str]]:
    """The text in parts of one font: the path of the font, None for FAMILY, and the characters."""
    if text.isascii():
        return [(None, text)]
    return [(path, "".join(characters)) for path, characters in groupby(text, _path)]


@lru_cache(maxsize=8192)
def _drawable(character: str) -> str:
    if unicodedata.category(character) in INVISIBLE or ord(character) in SELECTORS:
        return ""
    return character if _path(character) or _has(FAMILY_PATH, character) else UNKNOWN


@lru_cache(maxsize=8192)
def _path(character: str) -> str | None:
    """The path of the font that has the character; None for FAMILY, or where no font has it."""
    if _has(FAMILY_PATH, character):
        return None
    return next((path for path in OTHERS if _has(path, character)), None)


def _has(path: str, character: str) -> bool:
    return bool(get_font(path).get_char_index(ord(character)))
