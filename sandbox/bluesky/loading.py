"""Reads accounts and posts from CSV or JSON."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.bluesky import invented
from sandbox.bluesky.accounts import LoadedAccount
from sandbox.bluesky.parameters import DID, HANDLE
from sandbox.bluesky.records import METRICS, Post, Reference, State, tid
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

POST_COLUMNS = ("post_id", "created_at")
OPTIONAL_COLUMNS = ("indexed_at", "is_repost", "is_reply", "of_post", "text", *METRICS)
CSV_COLUMNS = ("handle", *POST_COLUMNS)
ACCOUNT_FIELDS = ("handle", "did", "name", "state", "labels", "followers", "valid_handle", "pinned", "posts")
RKEY = re.compile(r"[A-Za-z0-9._:~-]{1,512}")


def read_csv(data: bytes) -> list[LoadedAccount]:
    """Accounts with their posts, from a row for each post; a count without a column is unknown. Raises LoadError.

    of_post: the id of the account's own post that a repost repeats, or a reply answers; else it is somebody else's.
    """
    posts: dict[str, list[Post]] = {}
    for location, row in read_rows(data, CSV_COLUMNS, OPTIONAL_COLUMNS):
        posts.setdefault(cell(location, row, "handle", _handle), []).append(_read_post(location, row))
    return [LoadedAccount(handle, None, {}, tuple(written)) for handle, written in posts.items()]


def read_json(data: bytes) -> list[LoadedAccount]:
    """Accounts from {"accounts": [...]} with ACCOUNT_FIELDS, of which only the handle is needed. Raises LoadError.

    posts have the columns of CSV but the handle. labels: "!no-unauthenticated" is the account's own, others are of
    moderators.
    """
    return [_read_account(location, account) for location, account in read_accounts(data)]


def _read_account(location: str, account: Mapping[str, Any]) -> LoadedAccount:
    check_columns(location, account, ("handle",), ACCOUNT_FIELDS)
    changes = {
        "name": cell(location, account, "name", optional(some_text)),
        "state": cell(location, account, "state", optional(_state)),
        "labels": cell(location, account, "labels", optional(_labels)),
        "followers": cell(location, account, "followers", optional(whole_number)),
        "valid_handle": cell(location, account, "valid_handle", optional(flag)),
        "pinned": cell(location, account, "pinned", optional(_rkey)),
    }
    posts = account.get("posts")
    if posts is not None and not isinstance(posts, list):
        raise LoadError(f"{location}, column posts: must be a list")
    return LoadedAccount(
        cell(location, account, "handle", _handle),
        cell(location, account, "did", optional(_did)),
        {name: value for name, value in changes.items() if value is not None},
        None if posts is None else tuple(_read_posts(f"{location}.posts", posts)),
    )


def _read_posts(location: str, posts: list[Any]) -> Iterator[Post]:
    for where, post in objects(location, posts):
        check_columns(where, post, POST_COLUMNS, (*POST_COLUMNS, *OPTIONAL_COLUMNS))
        yield _read_post(where, post)


def _read_post(location: str, row: Mapping[str, Any]) -> Post:
    created_at = cell(location, row, "created_at", moment)
    kind, own = _kind(location, row), cell(location, row, "of_post", optional(_rkey))
    strange = Reference(invented.invent(invented.SOMEBODY).did, tid(created_at, 1))
    return Post(
        rkey=cell(location, row, "post_id", _rkey),
        did="",
        created_at=created_at,
        indexed_at=cell(location, row, "indexed_at", optional(moment)) or created_at,
        kind=kind,
        text=cell(location, row, "text", optional(some_text)) or f"Written on {created_at:%Y-%m-%d at %H:%M}.",
        counts={name: cell(location, row, name, optional(whole_number)) for name in METRICS},
        reference=None if kind is Kind.POST else Reference("", own) if own else strange,
    )


def _kind(location: str, row: Mapping[str, Any]) -> Kind:
    if cell(location, row, "is_repost", optional(flag)):
        return Kind.REPOST
    return Kind.REPLY if cell(location, row, "is_reply", optional(flag)) else Kind.POST


def _handle(value: Any) -> str:
    if not isinstance(value, str) or not HANDLE.fullmatch(value):
        raise ValueError("is not a handle such as name.bsky.social")
    return value.lower()


def _did(value: Any) -> str:
    if not isinstance(value, str) or not DID.fullmatch(value):
        raise ValueError("is not an id such as did:plc:abcdefghijklmnopqrstuvwx")
    return value


def _rkey(value: Any) -> str:
    if not isinstance(value, str) or not RKEY.fullmatch(value):
        raise ValueError("is not the id of a post: text of letters, digits and . _ : ~ -")
    return value


def _labels(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ValueError("is not a list of texts")
    return tuple(value)


def _state(value: Any) -> State:
    try:
        return State(value)
    except ValueError:
        raise ValueError(f"is none of {', '.join(State)}") from None
