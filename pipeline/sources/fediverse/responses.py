"""What a server's answers say. Any JSON may come: what is not as Mastodon documents it is left out, nothing raises."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from pipeline.i18n import lazy_gettext
from pipeline.records import Counts, LazyString, Post
from pipeline.sources.fediverse.facts import HANDLE, LONGEST_HANDLE, POSTS_PER_REQUEST, USER
from pipeline.sources.json_values import as_count, as_moment, as_object

ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
"""Of a post or an account, on its server. Mastodon's are numbers; other software has words of letters."""
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
CLOCKS_DIFFER = timedelta(minutes=10)
"""No post is older than the web, or younger than now by more than clocks may differ."""
COUNTS = ("reblogs_count", "favourites_count", "replies_count", "quotes_count")
"""In the order of Counts. Quotes are counted since Mastodon 4.5."""
SHOWN = {"public", "unlisted"}
"""The visibility of posts that guests may see."""


@dataclass(frozen=True, slots=True)
class Account:
    """What a server says of an account.

    uri: its actor's address, which servers tell since Mastodon 4.2. page: the address of its profile for people.
    """

    id: str
    user: str
    uri: str | None
    page: str | None
    followers: int | None
    posts: int | None
    joined_at: datetime | None
    is_suspended: bool
    note: LazyString | None

    def is_at(self, uri: str, page: str | None) -> bool:
        """Whether it is the account with this actor's address, or this page where the server tells no address."""
        return self.uri == uri if self.uri is not None else self.page is not None and self.page in {uri, page}

    def may_be(self, uri: str) -> bool:
        """Whether it is not the account of another actor, as after a server's name was sold; its id is known."""
        return self.uri in {uri, None}


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a timeline.

    posts: of the account's own, in the server's order. size: of all entries. partial: some could not be read, are by
    somebody else or not in the order of their times, so that a post that is not among these may still exist.
    last_id: from which the next page goes on. account: the author, as the newest post names it.
    """

    posts: list[Post]
    size: int
    partial: bool
    last_id: str | None
    account: Account | None


def account(item: Any) -> Account | None:
    """None where it is no account that could be asked for."""
    shown = as_object(item)
    user, account_id = _text(shown.get("username")), _text(shown.get("id"))
    if not re.fullmatch(USER, user) or not is_id(account_id):
        return None
    return Account(
        account_id,
        user,
        _text(shown.get("uri")) or None,
        _text(shown.get("url")) or None,
        followers=as_count(shown.get("followers_count")),
        posts=as_count(shown.get("statuses_count")),
        joined_at=as_moment(shown.get("created_at")),
        is_suspended=shown.get("suspended") is True,
        note=_note(shown),
    )


def page(body: Any, account_id: str, now: datetime) -> Page | None:
    """The page of an account's timeline; None where the answer is no list."""
    if not isinstance(body, list):
        return None
    items = [as_object(item) for item in body[:POSTS_PER_REQUEST]]
    own = [item for item in items if as_object(item.get("account")).get("id") == account_id and _is_entry(item)]
    shown = [item for item in own if _is_post(item, account_id)]
    posts = [post for item in shown if (post := _post(item, now)) is not None]
    times = [post.created_at for post in posts]
    is_whole = len(own) == len(items) and len(posts) == len(shown) and times == sorted(times, reverse=True)
    author = account(own[0].get("account")) if own else None
    return Page(posts, len(items), not is_whole, own[-1]["id"] if own else None, author)


def is_id(text: str) -> bool:
    """Whether it is an id that is safe in the path of an address."""
    return ID.fullmatch(text) is not None and text.strip(".") != ""


def notes(found: Sequence[LazyString]) -> LazyString | None:
    """One note of several."""
    if len(found) > 1:
        return lazy_gettext("{notes}", notes=list(found))
    return found[0] if found else None


def _is_entry(item: dict[str, Any]) -> bool:
    return is_id(_text(item.get("id")))


def _is_post(item: dict[str, Any], account_id: str) -> bool:
    """Whether it is a post that guests may see: no boost, and no reply to others.

    The server is asked to leave these out; software other than Mastodon may not.
    """
    is_to_others = item.get("in_reply_to_id") is not None and item.get("in_reply_to_account_id") != account_id
    return _text(item.get("visibility", "public")) in SHOWN and not is_to_others and item.get("reblog") is None


def _post(item: dict[str, Any], now: datetime) -> Post | None:
    created_at = as_moment(item.get("created_at"))
    if created_at is None or not EARLIEST <= created_at <= now + CLOCKS_DIFFER:
        return None
    counts = (as_count(item.get(name)) for name in COUNTS)
    return Post(item["id"], created_at, Counts(*counts), is_reply=False)


def _note(shown: dict[str, Any]) -> LazyString | None:
    """What a person should know who tracks the account."""
    found = [_moved(shown)] if isinstance(shown.get("moved"), dict) else []
    if shown.get("limited") is True:
        found.append(lazy_gettext("limited by the moderators of its server"))
    if shown.get("noindex") is True:
        found.append(lazy_gettext("asks search engines to leave it out"))
    if shown.get("memorial") is True:
        found.append(lazy_gettext("kept in memory of its owner"))
    return notes(found)


def _moved(shown: dict[str, Any]) -> LazyString:
    """The new handle, where that can be one; an account on the same server has no host in it."""
    moved = as_object(shown.get("moved"))
    name, address = _text(moved.get("acct")), _text(moved.get("url"))
    try:
        handle = name if "@" in name else f"{name}@{urlsplit(address).hostname}"
    except ValueError:
        handle = ""
    if len(handle) <= LONGEST_HANDLE and re.fullmatch(HANDLE, handle):
        return lazy_gettext("moved to @{handle}", handle=handle)
    return lazy_gettext("moved to another account")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
