"""How counts are written, in the picture and in its caption alike."""

from math import floor

UNITS = ((1_000, "k"), (1_000_000, "M"), (1_000_000_000, "B"))
EXACT_BELOW = 10_000
DIGITS = 1_000
"""Three digits are kept: 12.3k, 123k, 1.2M."""


def short(value: float) -> str:
    """A count or a median: 37.5, 1,234, 9,999, then 12.3k, 123k, 1.2M; halves are rounded up."""
    if value < EXACT_BELOW:
        return f"{value:,.1f}".removesuffix(".0")
    for size, letter in UNITS:
        tenths = floor(value * 10 / size + 0.5)
        if tenths < DIGITS:
            return f"{tenths / 10:.1f}".removesuffix(".0") + letter
        whole = floor(value / size + 0.5)
        if whole < DIGITS:
            return f"{whole}{letter}"
    size, letter = UNITS[-1]
    return f"{floor(value / size + 0.5):,}{letter}"


def tick(value: int) -> str:
    """A round number on an axis: 0, 100, 1k, 30k, 1M."""
    size, letter = UNITS[0]
    return f"{value // size}{letter}" if size <= value < EXACT_BELOW else short(value)
