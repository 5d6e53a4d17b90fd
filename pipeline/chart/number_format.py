"""Writes figures, in the picture and in the caption."""

from functools import lru_cache
from math import floor, log10

from babel.numbers import format_decimal

from pipeline.i18n import LOCALES, lazy_gettext, translator
from pipeline.records import Language, LazyString

UNITS = (
    (1_000, lazy_gettext("{number}k")),
    (1_000_000, lazy_gettext("{number}M")),
    (1_000_000_000, lazy_gettext("{number}B")),
)
EXACT_BELOW = 10_000
DIGITS = 1_000
"""Figures of a unit have at most three digits: 12.3k, 123k, 1.2M."""
SMALL = 1
"""Figures below this have two decimals."""
MOST_DECIMALS = 20
EXACT = "#,##0." + "#" * MOST_DECIMALS
TINY = 0.1
"""Figures below this have two digits that are not zero, so that no low rate is written as 0."""


@lru_cache(maxsize=1024)
def short(value: float, language: Language = Language.ENGLISH) -> str:
    """A figure in short: 0.0025, 0.25, 37.5, 1,234, 9,999, 12.3k, 123k, 1.2M. Halves are rounded away from zero."""
    if value < 0:
        return _below_zero(short(-value, language))
    if value < EXACT_BELOW:
        return _decimal(_rounded(value, _decimals(value)), language)
    for size, unit in UNITS:
        tenths = floor(value * 10 / size + 0.5)
        if tenths < DIGITS:
            return _in_unit(tenths / 10, unit, language)
        whole = floor(value / size + 0.5)
        if whole < DIGITS:
            return _in_unit(whole, unit, language)
    size, unit = UNITS[-1]
    return _in_unit(floor(value / size + 0.5), unit, language)


def tick(value: float, language: Language = Language.ENGLISH) -> str:
    """A round number on an axis: 0, 0.1, 100, 1k, 1.5k, 30k, 1M."""
    if value < 0:
        return _below_zero(tick(-value, language))
    size, unit = UNITS[0]
    return _in_unit(value / size, unit, language) if size <= value < EXACT_BELOW else short(value, language)


def _in_unit(value: float, unit: LazyString, language: Language) -> str:
    return translator(language).gettext(unit, number=_decimal(value, language))


def _below_zero(written: str) -> str:
    return "0" if written == "0" else f"-{written}"


def _decimals(value: float) -> int:
    """How many decimals a figure has at most."""
    if 0 < value < TINY:
        return min(1 - floor(log10(value)), MOST_DECIMALS)
    return 2 if value < SMALL else 1


def _rounded(value: float, decimals: int) -> float:
    scale = 10.0**decimals
    return floor(value * scale + 0.5) / scale


def _decimal(value: float, language: Language) -> str:
    return format_decimal(value, "#,##0.##" if value >= TINY else EXACT, locale=LOCALES[language])
