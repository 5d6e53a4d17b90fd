"""Selects the posts of an account that a timeline request returns, page by page."""

from collections.abc import Mapping
from typing import Any

from sandbox.lives import Kind
from sandbox.x.parameters import Token
from sandbox.x.records import Post

DEPTH, DEPTH_WITHOUT_REPLIES = 3200, 800
DEFAULT_PAGE = 10
EXCLUDED = {"retweets": Kind.REPOST, "replies": Kind.REPLY}


def select(posts: list[Post], query: Mapping[str, Any]) -> tuple[list[Post], dict[str, Any]]:
    """The page's posts and its `meta` object. posts: all of the account, newest first.

    Like X, this removes excluded posts after it has cut the page. So a page may have fewer posts than max_results, even
    none, and still have a next page.
    """
    excluded = {EXCLUDED[name] for name in query.get("exclude", ())}
    depth = DEPTH_WITHOUT_REPLIES if Kind.REPLY in excluded else DEPTH
    reachable = [post for post in posts[:depth] if _is_in_range(post, query)]
    start, end = _bounds(reachable, query.get("pagination_token"), query.get("max_results", DEFAULT_PAGE))
    page = [post for post in reachable[start:end] if post.kind not in excluded]
    return page, {**_ends(page), **_tokens(reachable, start, end)}


def _is_in_range(post: Post, query: Mapping[str, Any]) -> bool:
    """Whether the post is within the request's ids and times. Ids override times; times include their second."""
    if "since_id" in query and post.id <= query["since_id"]:
        return False
    if "until_id" in query and post.id >= query["until_id"]:
        return False
    written_at = post.created_at.replace(microsecond=0)
    if "start_time" in query and "since_id" not in query and written_at < query["start_time"]:
        return False
    return not ("end_time" in query and "until_id" not in query and written_at > query["end_time"])


def _bounds(posts: list[Post], token: Token | None, size: int) -> tuple[int, int]:
    if token is None:
        return 0, size
    if token.older:
        start = sum(post.id >= token.post_id for post in posts)
        return start, start + size
    end = sum(post.id > token.post_id for post in posts)
    return max(0, end - size), end


def _ends(page: list[Post]) -> dict[str, Any]:
    if not page:
        return {"result_count": 0}
    return {"result_count": len(page), "newest_id": str(page[0].id), "oldest_id": str(page[-1].id)}


def _tokens(posts: list[Post], start: int, end: int) -> dict[str, str]:
    tokens = {}
    if end < len(posts):
        tokens["next_token"] = str(Token(older=True, post_id=posts[end - 1].id))
    if 0 < start < len(posts):
        tokens["previous_token"] = str(Token(older=False, post_id=posts[start].id))
    return tokens
