"""Reads the values of a network's JSON answers, which may be of any type: what is not as it should be is left out."""

from datetime import UTC, datetime
from typing import Any

LARGEST_COUNT = 2**53
"""The largest whole number that every reader of JSON knows."""


def as_object(value: Any) -> dict[str, Any]:
    """The object, empty where it is none."""
    return value if isinstance(value, dict) else {}


def as_count(value: Any) -> int | None:
    """The count, None where it is none."""
    return value if type(value) is int and 0 <= value <= LARGEST_COUNT else None


def as_moment(value: Any) -> datetime | None:
    """The UTC datetime of a text in ISO 8601, None where it is none or names no zone."""
    try:
        at = datetime.fromisoformat(value)
        return at.astimezone(UTC) if at.tzinfo else None
    except (TypeError, ValueError, OverflowError):
        return None
