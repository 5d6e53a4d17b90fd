"""Reads the cells of what the control API loads, from CSV or JSON, and says which one is wrong."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

WHOLE_NUMBER = re.compile(r"[0-9]{1,18}|[1-8][0-9]{18}")  # below 2**63
FLAGS = {"0": False, "1": True, "false": False, "true": True}
T = TypeVar("T")


class LoadError(ValueError):
    """The text names the row and the column that are wrong."""


def read_rows(data: bytes, required: tuple[str, ...], more: tuple[str, ...]) -> Iterator[tuple[str, dict[str, str]]]:
    """The rows of a CSV file, each with what to call it. required, more: the columns it has, and may have.

    Raises LoadError.
    """
    try:
        reader = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        check_columns("row 1", reader.fieldnames or (), required, (*required, *more))
        for row in reader:
            location = f"row {reader.line_num}"
            if None in row or None in row.values():
                raise LoadError(f"{location}: it has not as many columns as the first row")
            yield location, row
    except UnicodeDecodeError as error:
        raise LoadError(f"the text is not UTF-8: {error.reason} at byte {error.start}") from None
    except csv.Error as error:
        raise LoadError(f"row {reader.line_num}: {error}") from None


def read_accounts(data: bytes) -> Iterator[tuple[str, dict[str, Any]]]:
    """The accounts of {"accounts": [...]}, each with what to call it. Raises LoadError."""
    try:
        body = json.loads(data)
    except ValueError as error:
        raise LoadError(f"the body is not JSON: {error}") from None
    if not isinstance(body, dict) or set(body) != {"accounts"} or not isinstance(body["accounts"], list):
        raise LoadError('the body must be {"accounts": [...]} and nothing else')
    return objects("accounts", body["accounts"])


def objects(location: str, items: list[Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each object of a list, with what to call it. Raises LoadError where one is none."""
    for index, item in enumerate(items):
        if not isinstance(item, dict):
            raise LoadError(f"{location}[{index}]: must be an object")
        yield f"{location}[{index}]", item


def check_columns(location: str, given: Iterable[str], required: tuple[str, ...], known: tuple[str, ...]) -> None:
    given = list(given)
    if missing := [name for name in required if name not in given]:
        raise LoadError(f"{location}: missing column {', '.join(missing)}")
    if unknown := [str(name) for name in given if name not in known]:
        raise LoadError(f"{location}: unknown column {', '.join(unknown)}; known are {', '.join(known)}")


def cell(location: str, row: Mapping[str, Any], column: str, read: Callable[[Any], T]) -> T:
    try:
        return read(row.get(column))
    except ValueError as error:
        raise LoadError(f"{location}, column {column}: {row.get(column)!r} {error}") from None


def optional(read: Callable[[Any], T]) -> Callable[[Any], T | None]:
    """An empty cell, a null and a missing column are None."""
    return lambda value: None if value is None or value == "" else read(value)


def some_text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("is not text")  # noqa: TRY004 - every fault of a cell is a ValueError
    return value


def whole_number(value: Any) -> int:
    if isinstance(value, bool) or not WHOLE_NUMBER.fullmatch(str(value)):
        raise ValueError("is not a whole number, zero or above")
    return int(value)


def flag(value: Any) -> bool:
    try:
        return FLAGS[str(value).lower()]
    except KeyError:
        raise ValueError("is neither 0 nor 1") from None


def moment(value: Any) -> datetime:
    try:
        at = datetime.fromisoformat(value)
    except (ValueError, TypeError):
        raise ValueError("is not a time such as 2026-11-23T09:30:00Z") from None
    if at.utcoffset() is None:
        raise ValueError("has no time zone; write UTC with a Z at the end")
    return at.astimezone(UTC)
