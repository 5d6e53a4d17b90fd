"""Reads accounts and posts from CSV or JSON."""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from sandbox.cells import (
    LoadError,
    cell,
    check_columns,
    flag,
    moment,
    objects,
    optional,
    read_accounts,
    read_rows,
    some_text,
    whole_number,
)
from sandbox.fediverse.accounts import LoadedAccount
from sandbox.fediverse.records import METRICS, Kind, Post, State, Visibility
from sandbox.fediverse.servers import HOST

POST_COLUMNS = ("post_id", "created_at")
OPTIONAL_COLUMNS = ("is_repost", *METRICS, "is_reply", "is_thread", "is_pinned", "visibility", "text")
USERNAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?")
STRANGER = "somebody"


def read_handle(value: Any) -> tuple[str, str]:
    """The username and the domain of a handle. Raises ValueError."""
    username, _, domain = str(value).removeprefix("@").partition("@")
    if not USERNAME.fullmatch(username) or not HOST.fullmatch(domain.lower()):
        raise ValueError("is not a handle such as ada@social.example")
    return username, domain.lower()


def one_of(choices: type[StrEnum]) -> Callable[[Any], Any]:
    def read(value: Any) -> StrEnum:
        try:
            return choices(value)
        except ValueError:
            raise ValueError(f"is none of {', '.join(choices)}") from None

    return read


def _handle(value: Any) -> str:
    return "@".join(read_handle(value))


ACCOUNT_FIELDS: Mapping[str, Callable[[Any], Any]] = {
    "name": some_text,
    "state": one_of(State),
    "uri": some_text,
    "created_at": moment,
    "followers": whole_number,
    "limited": flag,
    "noindex": flag,
    "memorial": flag,
    "moved_to": optional(_handle),
}
"""The fields of an account that can be loaded, beside its handle, id and posts."""


def read_csv(data: bytes) -> list[LoadedAccount]:
    """Accounts with their posts, from a row for each post; a count without a column is unknown. Raises LoadError."""
    posts: dict[str, list[Post]] = {}
    spellings: dict[str, tuple[str, str]] = {}
    for location, row in read_rows(data, ("handle", *POST_COLUMNS), OPTIONAL_COLUMNS):
        handle = cell(location, row, "handle", read_handle)
        key = "@".join(handle).lower()
        spellings.setdefault(key, handle)
        posts.setdefault(key, []).append(_read_post(location, row))
    return [LoadedAccount(*spellings[key], posts=tuple(written)) for key, written in posts.items()]


def read_json(data: bytes) -> list[LoadedAccount]:
    """Accounts from {"accounts": [{handle, id?, posts?, ...}]}, posts as in CSV. Raises LoadError."""
    return [_read_account(location, account) for location, account in read_accounts(data)]


def _read_account(location: str, account: Mapping[str, Any]) -> LoadedAccount:
    check_columns(location, account, ("handle",), ("handle", "id", *ACCOUNT_FIELDS, "posts"))
    posts = account.get("posts")
    if posts is not None and not isinstance(posts, list):
        raise LoadError(f"{location}, column posts: must be a list")
    username, domain = cell(location, account, "handle", read_handle)
    return LoadedAccount(
        username,
        domain,
        id=cell(location, account, "id", optional(whole_number)),
        changes={
            name: cell(location, account, name, ACCOUNT_FIELDS[name]) for name in ACCOUNT_FIELDS if name in account
        },
        posts=None if posts is None else tuple(_read_posts(f"{location}.posts", posts)),
    )


def _read_posts(location: str, posts: list[Any]) -> list[Post]:
    rows = list(objects(location, posts))
    for where, post in rows:
        check_columns(where, post, POST_COLUMNS, (*POST_COLUMNS, *OPTIONAL_COLUMNS))
    return [_read_post(where, post) for where, post in rows]


def _read_post(location: str, row: Mapping[str, Any]) -> Post:
    post_id = cell(location, row, "post_id", whole_number)
    created_at = cell(location, row, "created_at", moment)
    kind = _kind(location, row)
    return Post(
        id=post_id,
        created_at=created_at,
        kind=kind,
        text=cell(location, row, "text", optional(some_text)) or f"Written on {created_at:%Y-%m-%d at %H:%M}.",
        counts={name: cell(location, row, name, optional(whole_number)) for name in METRICS},
        visibility=cell(location, row, "visibility", optional(one_of(Visibility))) or Visibility.PUBLIC,
        is_pinned=cell(location, row, "is_pinned", optional(flag)) or False,
        answers=max(1, post_id - 1) if kind in {Kind.REPLY, Kind.THREAD} else None,
        stranger=STRANGER if kind in {Kind.REPLY, Kind.BOOST} else None,
    )


def _kind(location: str, row: Mapping[str, Any]) -> Kind:
    flags = {"is_repost": Kind.BOOST, "is_thread": Kind.THREAD, "is_reply": Kind.REPLY}
    return next((kind for name, kind in flags.items() if cell(location, row, name, optional(flag))), Kind.POST)
