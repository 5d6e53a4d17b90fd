"""Reads accounts and posts from CSV or JSON."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
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
from sandbox.lives import Kind
from sandbox.x.accounts import LoadedAccount
from sandbox.x.records import METRICS, SNOWFLAKE_LOW_BITS, Post, Reference, State

POST_COLUMNS = ("post_id", "created_at")
CSV_COLUMNS = ("username", *POST_COLUMNS)
OPTIONAL_COLUMNS = ("is_repost", *METRICS, "is_reply", "text")
ACCOUNT_FIELDS = ("username", "id", "name", "state", "followers", "posts")

USERNAME = re.compile(r"[A-Za-z0-9_]{1,15}")


def read_csv(data: bytes) -> list[LoadedAccount]:
    """Accounts with their posts, from a row for each post; a count without a column is unknown. Raises LoadError."""
    posts: dict[str, list[Post]] = {}
    spellings: dict[str, str] = {}
    for location, row in read_rows(data, CSV_COLUMNS, OPTIONAL_COLUMNS):
        username = cell(location, row, "username", _username)
        spellings.setdefault(username.lower(), username)
        posts.setdefault(username.lower(), []).append(_read_post(location, row))
    return [LoadedAccount(spellings[handle], posts=tuple(written)) for handle, written in posts.items()]


def read_json(data: bytes) -> list[LoadedAccount]:
    """Accounts from {"accounts": [{username, id?, name?, state?, followers?, posts?}]}, posts as in CSV.

    Raises LoadError.
    """
    return [_read_account(location, account) for location, account in read_accounts(data)]


def _read_account(location: str, account: Mapping[str, Any]) -> LoadedAccount:
    check_columns(location, account, ("username",), ACCOUNT_FIELDS)
    posts = account.get("posts")
    if posts is not None and not isinstance(posts, list):
        raise LoadError(f"{location}, column posts: must be a list")
    return LoadedAccount(
        username=cell(location, account, "username", _username),
        id=cell(location, account, "id", optional(whole_number)),
        name=cell(location, account, "name", optional(some_text)),
        state=cell(location, account, "state", optional(_state)),
        followers=cell(location, account, "followers", optional(whole_number)),
        posts=None if posts is None else tuple(_read_posts(f"{location}.posts", posts)),
    )


def _read_posts(location: str, posts: list[Any]) -> Iterator[Post]:
    for where, post in objects(location, posts):
        check_columns(where, post, POST_COLUMNS, (*POST_COLUMNS, *OPTIONAL_COLUMNS))
        yield _read_post(where, post)


def _read_post(location: str, row: Mapping[str, Any]) -> Post:
    post_id = cell(location, row, "post_id", whole_number)
    created_at = cell(location, row, "created_at", moment)
    kind = _kind(location, row)
    return Post(
        id=post_id,
        author_id=0,
        created_at=created_at,
        kind=kind,
        text=cell(location, row, "text", optional(some_text)) or _text(kind, created_at),
        counts={name: cell(location, row, name, optional(whole_number)) for name in METRICS},
        reference=None if kind is Kind.POST else _reference(post_id),
    )


def _kind(location: str, row: Mapping[str, Any]) -> Kind:
    if cell(location, row, "is_repost", optional(flag)):
        return Kind.REPOST
    return Kind.REPLY if cell(location, row, "is_reply", optional(flag)) else Kind.POST


def _text(kind: Kind, created_at: datetime) -> str:
    opening = {Kind.POST: "", Kind.REPLY: "@somebody ", Kind.REPOST: "RT @somebody: "}[kind]
    return f"{opening}Written on {created_at:%Y-%m-%d at %H:%M}."


def _reference(post_id: int) -> Reference:
    """A made-up post of a second before, since files do not name the post that is reposted or answered."""
    return Reference(max(1, post_id - (1000 << SNOWFLAKE_LOW_BITS)), author_id=12)


def _username(value: Any) -> str:
    if not isinstance(value, str) or not USERNAME.fullmatch(value):
        raise ValueError("is not a username (1 to 15 letters, digits and underscores)")
    return value


def _state(value: Any) -> State:
    try:
        return State(value)
    except ValueError:
        raise ValueError(f"is none of {', '.join(State)}") from None
