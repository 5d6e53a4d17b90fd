"""Reads accounts and posts from CSV or JSON."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from sandbox.x.accounts import LoadedAccount
from sandbox.x.records import METRICS, SNOWFLAKE_LOW_BITS, Kind, Post, Reference, State

POST_COLUMNS = ("post_id", "created_at")
CSV_COLUMNS = ("username", *POST_COLUMNS)
OPTIONAL_COLUMNS = ("is_repost", *METRICS, "is_reply", "text")
ACCOUNT_FIELDS = ("username", "id", "name", "state", "posts")

USERNAME = re.compile(r"[A-Za-z0-9_]{1,15}")
WHOLE_NUMBER = re.compile(r"[0-9]{1,18}|[1-8][0-9]{18}")  # below 2**63
FLAGS = {"0": False, "1": True, "false": False, "true": True}


T = TypeVar("T")


class LoadError(ValueError):
    """The text names the row and the column that are wrong."""


def read_csv(data: bytes) -> list[LoadedAccount]:
    """Accounts with their posts, from a row for each post; a count without a column is unknown. Raises LoadError."""
    try:
        reader = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        _check_columns("row 1", reader.fieldnames or (), CSV_COLUMNS)
        return list(_by_account(reader))
    except UnicodeDecodeError as error:
        raise LoadError(f"the text is not UTF-8: {error.reason} at byte {error.start}") from None
    except csv.Error as error:
        raise LoadError(f"row {reader.line_num}: {error}") from None


def read_json(data: bytes) -> list[LoadedAccount]:
    """Accounts from {"accounts": [{username, id?, name?, state?, posts?}]}, posts as in CSV. Raises LoadError."""
    try:
        body = json.loads(data)
    except ValueError as error:
        raise LoadError(f"the body is not JSON: {error}") from None
    if not isinstance(body, dict) or set(body) != {"accounts"} or not isinstance(body["accounts"], list):
        raise LoadError('the body must be {"accounts": [...]} and nothing else')
    return [_read_account(f"accounts[{index}]", account) for index, account in enumerate(body["accounts"])]


def _by_account(reader: "csv.DictReader[str]") -> Iterator[LoadedAccount]:
    posts: dict[str, list[Post]] = {}
    spellings: dict[str, str] = {}
    for row in reader:
        location = f"row {reader.line_num}"
        if None in row or None in row.values():
            raise LoadError(f"{location}: it has not as many columns as the first row")
        username = _cell(location, row, "username", _username)
        spellings.setdefault(username.lower(), username)
        posts.setdefault(username.lower(), []).append(_read_post(location, row))
    for handle, written in posts.items():
        yield LoadedAccount(spellings[handle], posts=tuple(written))


def _read_account(location: str, account: Any) -> LoadedAccount:
    if not isinstance(account, dict):
        raise LoadError(f"{location}: must be an object")
    _check_columns(location, account, ("username",), ACCOUNT_FIELDS)
    posts = account.get("posts")
    if posts is not None and not isinstance(posts, list):
        raise LoadError(f"{location}, column posts: must be a list")
    return LoadedAccount(
        username=_cell(location, account, "username", _username),
        id=_cell(location, account, "id", _optional(_whole_number)),
        name=_cell(location, account, "name", _optional(_some_text)),
        state=_cell(location, account, "state", _optional(_state)),
        posts=None if posts is None else tuple(_read_posts(f"{location}.posts", posts)),
    )


def _read_posts(location: str, posts: list[Any]) -> Iterator[Post]:
    for index, post in enumerate(posts):
        if not isinstance(post, dict):
            raise LoadError(f"{location}[{index}]: must be an object")
        _check_columns(f"{location}[{index}]", post, POST_COLUMNS)
        yield _read_post(f"{location}[{index}]", post)


def _check_columns(location: str, given: Iterable[str], required: tuple[str, ...], known: tuple[str, ...] = ()) -> None:
    given, known = list(given), known or (*required, *OPTIONAL_COLUMNS)
    if missing := [name for name in required if name not in given]:
        raise LoadError(f"{location}: missing column {', '.join(missing)}")
    if unknown := [str(name) for name in given if name not in known]:
        raise LoadError(f"{location}: unknown column {', '.join(unknown)}; known are {', '.join(known)}")


def _read_post(location: str, row: Mapping[str, Any]) -> Post:
    post_id = _cell(location, row, "post_id", _whole_number)
    created_at = _cell(location, row, "created_at", _moment)
    kind = _kind(location, row)
    return Post(
        id=post_id,
        author_id=0,
        created_at=created_at,
        kind=kind,
        text=_cell(location, row, "text", _optional(_some_text)) or _text(kind, created_at),
        counts={name: _cell(location, row, name, _optional(_whole_number)) for name in METRICS},
        reference=None if kind is Kind.POST else _reference(post_id),
    )


def _kind(location: str, row: Mapping[str, Any]) -> Kind:
    if _cell(location, row, "is_repost", _optional(_flag)):
        return Kind.REPOST
    return Kind.REPLY if _cell(location, row, "is_reply", _optional(_flag)) else Kind.POST


def _text(kind: Kind, created_at: datetime) -> str:
    opening = {Kind.POST: "", Kind.REPLY: "@somebody ", Kind.REPOST: "RT @somebody: "}[kind]
    return f"{opening}Written on {created_at:%Y-%m-%d at %H:%M}."


def _reference(post_id: int) -> Reference:
    """A made-up post of a second before, since files do not name the post that is reposted or answered."""
    return Reference(max(1, post_id - (1000 << SNOWFLAKE_LOW_BITS)), author_id=12)


def _cell(location: str, row: Mapping[str, Any], column: str, read: Callable[[Any], T]) -> T:
    try:
        return read(row.get(column))
    except ValueError as error:
        raise LoadError(f"{location}, column {column}: {row.get(column)!r} {error}") from None


def _optional(read: Callable[[Any], T]) -> Callable[[Any], T | None]:
    """An empty cell, a null and a missing column are None."""
    return lambda value: None if value is None or value == "" else read(value)


def _username(value: Any) -> str:
    if not isinstance(value, str) or not USERNAME.fullmatch(value):
        raise ValueError("is not a username (1 to 15 letters, digits and underscores)")
    return value


def _some_text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("is not text")  # noqa: TRY004 - every fault of a cell is a ValueError
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
