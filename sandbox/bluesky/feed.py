"""Selects the items of an account's feed that a request returns, page by page."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sandbox.bluesky.records import EPOCH, Post, cid
from sandbox.lives import Kind

DEFAULT_PAGE = 50
NO_REPLIES, OWN_THREADS = "posts_no_replies", "posts_and_author_threads"
MEDIA = {"posts_with_media", "posts_with_video"}
CURSOR = re.compile(r"(?P<ms>[0-9]{1,15})__(?P<cid>[a-z0-9]+)")


def select(posts: list[Post], query: Mapping[str, Any]) -> tuple[list[Post], str | None]:
    """The items of the page, and the cursor of the next one; None for the last.

    Like Bluesky, this cuts the page before it leaves out what is not shown, so that a page may be short: in own threads
    also answers to what is on another page. A filter that it does not know leaves nothing out.
    """
    listed = sorted((post for post in posts if _passes(post, query.get("filter"))), key=_place, reverse=True)
    before = CURSOR.fullmatch(query.get("cursor", ""))
    if before is not None:
        listed = [post for post in listed if _place(post) < (int(before["ms"]), before["cid"])]
    size = query.get("limit", DEFAULT_PAGE)
    page = listed[:size]
    shown = _with_whole_threads(page) if query.get("filter") == OWN_THREADS else page
    return shown, "__".join(map(str, _place(page[-1]))) if len(listed) > size else None


def _passes(post: Post, chosen: str | None) -> bool:
    if chosen in MEDIA:  # no post here has a picture or a film
        return False
    if post.kind is not Kind.REPLY or chosen not in {NO_REPLIES, OWN_THREADS}:
        return True
    return chosen == OWN_THREADS and post.is_in_own_thread


def _with_whole_threads(page: list[Post]) -> list[Post]:
    """The page without the answers to what is not on it."""
    there: set[str] = set()
    for post in reversed(page):
        if post.kind is not Kind.REPLY or (post.reference is not None and post.reference.rkey in there):
            there.add(post.rkey)
    return [post for post in page if post.rkey in there]


def _place(post: Post) -> tuple[int, str]:
    """Where it stands: newest first, by milliseconds."""
    return (post.sort_at - EPOCH) // timedelta(milliseconds=1), cid(post.did, post.rkey)
