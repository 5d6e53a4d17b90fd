"""Ids as servers write them: Mastodon's are decimal numbers, those of other software flakes in base 62."""

from datetime import UTC, datetime, timedelta
from string import ascii_lowercase, ascii_uppercase, digits

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LOW_BITS = 16
DIGITS = digits + ascii_uppercase + ascii_lowercase
FLAKE_TIME_SHIFT = 64
WORKER = 0x5EED << LOW_BITS
LOW_MASK = (1 << LOW_BITS) - 1
LONGEST_FLAKE = 22  # letters of 128 bits in base 62
HIGHEST = 1 << 63


def id_at(at: datetime, low: int = 0) -> int:
    """The id of what was made at this moment, as Mastodon numbers it. low: tells apart those of one millisecond."""
    return (at - EPOCH) // timedelta(milliseconds=1) << LOW_BITS | low & LOW_MASK


def moment(number: int) -> datetime:
    """The time in an id."""
    return EPOCH + timedelta(milliseconds=number >> LOW_BITS)


def write(number: int, *, is_flake: bool) -> str:
    return _flake(number) if is_flake else str(number)


def read(text: str, *, is_flake: bool) -> int | None:
    """The number of an id; None for what is none."""
    if is_flake:
        return _number(text)
    return _below_highest(int(text)) if text.isascii() and text.isdigit() and len(text) < LONGEST_FLAKE else None


def _flake(number: int) -> str:
    """128 bits: the milliseconds, then the worker that wrote it, then what tells apart those of one millisecond."""
    rest, letters = number >> LOW_BITS << FLAKE_TIME_SHIFT | WORKER | number & LOW_MASK, ""
    while rest:
        rest, digit = divmod(rest, len(DIGITS))
        letters = DIGITS[digit] + letters
    return letters


def _number(text: str) -> int | None:
    if not 0 < len(text) <= LONGEST_FLAKE or not set(text) <= set(DIGITS):
        return None
    value = 0
    for letter in text:
        value = value * len(DIGITS) + DIGITS.index(letter)
    number = value >> FLAKE_TIME_SHIFT << LOW_BITS | value & LOW_MASK
    return _below_highest(number) if _flake(number) == text else None


def _below_highest(number: int) -> int | None:
    return number if number < HIGHEST else None
