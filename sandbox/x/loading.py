"""Accounts and posts for the X stand-in, from CSV or JSON. What is wrong is named by row and column."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from sandbox.x.backend import LoadedAccount
from sandbox.x.records import METRICS, SNOWFLAKE_LOW_BITS, Kind, Post, Reference, State

POST_COLUMNS = ("post_id", "created_at")
CSV_COLUMNS = ("username", *POST_COLUMNS)
OPTIONAL_COLUMNS = ("is_repost", *METRICS, "is_reply", "text")  # a count that is left out is not told
ACCOUNT_FIELDS = ("username", "id", "name", "state", "posts")

USERNAME = re.compile(r"[A-Za-z0-9_]{1,15}")
WHOLE_NUMBER = re.compile(r"[0-9]{1,18}|[1-8][0-9]{18}")  # below 2**63
FLAGS = {"0": False, "1": True, "false": False, "true": True}


T = TypeVar("T")


class LoadError(ValueError):
    """The text names row and column."""


def read_csv(data: bytes) -> list[LoadedAccount]:
    """Raises LoadError."""
    try:
        reader = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        _check_columns("row 1", reader.fieldnames or (), CSV_COLUMNS)
        return list(_by_account(reader))
    except UnicodeDecodeError as error:
        raise LoadError(f"the text is not UTF-8: {error.reason} at byte {error.start}") from None
    except csv.Error as error:
        raise LoadError(f"row {reader.line_num}: {error}") from None


def read_json(data: bytes) -> list[LoadedAccount]:
    """Raises LoadError."""
    try:
        body = json.loads(data)
    except ValueError as error:
        raise LoadError(f"the body is not JSON: {error}") from None
    if not isinstance(body, dict) or set(body) != {"accounts"} or not isinstance(body["accounts"], list):
        raise LoadError('the body must be {"accounts": [...]} and nothing else')
    return [_read_account(f"accounts[{index}]", account) for index, account in enumerate(body["accounts"])]


def _by_account(reader: "csv.DictReader[str]") -> Iterator[LoadedAccount]:
    posts: dict[str, list[Post]] = {}
    spelled: dict[str, str] = {}
    for row in reader:
        place = f"row {reader.line_num}"
        if None in row or None in row.values():
            raise LoadError(f"{place}: it has not as many columns as the first row")
        username = _cell(place, row, "username", _username)
        spelled.setdefault(username.lower(), username)
        posts.setdefault(username.lower(), []).append(_read_post(place, row))
    for handle, written in posts.items():
        yield LoadedAccount(spelled[handle], posts=tuple(written))


def _read_account(place: str, account: Any) -> LoadedAccount:
    if not isinstance(account, dict):
        raise LoadError(f"{place}: must be an object")
    _check_columns(place, account, ("username",), ACCOUNT_FIELDS)
    posts = account.get("posts")
    if posts is not None and not isinstance(posts, list):
        raise LoadError(f"{place}, column posts: must be a list")
    return LoadedAccount(
        username=_cell(place, account, "username", _username),
        id=_cell(place, account, "id", _optional(_whole_number)),
        name=_cell(place, account, "name", _optional(_some_text)),
        state=_cell(place, account, "state", _optional(_state)),
        posts=None if posts is None else tuple(_read_posts(f"{place}.posts", posts)),
    )


def _read_posts(place: str, posts: list[Any]) -> Iterator[Post]:
    for index, post in enumerate(posts):
        if not isinstance(post, dict):
            raise LoadError(f"{place}[{index}]: must be an object")
        _check_columns(f"{place}[{index}]", post, POST_COLUMNS)
        yield _read_post(f"{place}[{index}]", post)


def _check_columns(place: str, given: Iterable[str], required: tuple[str, ...], known: tuple[str, ...] = ()) -> None:
    given, known = list(given), known or (*required, *OPTIONAL_COLUMNS)
    if missing := [name for name in required if name not in given]:
        raise LoadError(f"{place}: missing column {', '.join(missing)}")
    if unknown := [str(name) for name in given if name not in known]:
        raise LoadError(f"{place}: unknown column {', '.join(unknown)}; known are {', '.join(known)}")


def _read_post(place: str, row: Mapping[str, Any]) -> Post:
    post_id = _cell(place, row, "post_id", _whole_number)
    created_at = _cell(place, row, "created_at", _moment)
    kind = _kind(place, row)
    return Post(
        id=post_id,
        author_id=0,
        created_at=created_at,
        kind=kind,
        text=_cell(place, row, "text", _optional(_some_text)) or _text(kind, created_at),
        counts={name: _cell(place, row, name, _optional(_whole_number)) for name in METRICS},
        reference=None if kind is Kind.POST else _reference(post_id),
    )


def _kind(place: str, row: Mapping[str, Any]) -> Kind:
    if _cell(place, row, "is_repost", _optional(_flag)):
        return Kind.REPOST
    return Kind.REPLY if _cell(place, row, "is_reply", _optional(_flag)) else Kind.POST


def _text(kind: Kind, created_at: datetime) -> str:
    opening = {Kind.POST: "", Kind.REPLY: "@somebody ", Kind.REPOST: "RT @somebody: "}[kind]
    return f"{opening}Written on {created_at:%Y-%m-%d at %H:%M}."


def _reference(post_id: int) -> Reference:
    """Files do not tell what was reposted or answered: some post of a second before."""
    return Reference(max(1, post_id - (1000 << SNOWFLAKE_LOW_BITS)), author_id=12)


def _cell(place: str, row: Mapping[str, Any], column: str, read: Callable[[Any], T]) -> T:
    try:
        return read(row.get(column))
    except ValueError as error:
        raise LoadError(f"{place}, column {column}: {row.get(column)!r} {error}") from None


def _optional(read: Callable[[Any], T]) -> Callable[[Any], T | None]:
    """An empty cell, a null and a missing column say nothing."""
    return lambda value: None if value is None or value == "" else read(value)


def _username(value: Any) -> str:
    if not isinstance(value, str) or not USERNAME.fullmatch(value):
        raise ValueError("is not a username (1 to 15 letters, digits and underscores)")
    return value


def _some_text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("is not text")  # noqa: TRY004 - one kind of error, whatever is wrong with a cell
    return value


def _whole_number(value: Any) -> int:
    if isinstance(value, bool) or not WHOLE_NUMBER.fullmatch(str(value)):
        raise ValueError("is not a whole number, zero or above")
    return int(value)


def _flag(value: Any) -> bool:
    try:
        return FLAGS[str(value).lower()]
    except KeyError:
        raise ValueError("is neither 0 nor 1") from None


def _state(value: Any) -> State:
    try:
        return State(value)
    except ValueError:
        raise ValueError(f"is none of {', '.join(State)}") from None


def _moment(value: Any) -> datetime:
    try:
        at = datetime.fromisoformat(value)
    except (ValueError, TypeError):
        raise ValueError("is not a time such as 2026-11-23T09:30:00Z") from None
    if at.utcoffset() is None:
        raise ValueError("has no time zone; write UTC with a Z at the end")
    return at.astimezone(UTC)
