"""Selects the posts of an account that a request returns, and the addresses of the pages before and after."""

import re
from collections.abc import Mapping
from urllib.parse import urlencode

from sandbox.fediverse import ids
from sandbox.fediverse.records import Account, Kind, Post
from sandbox.fediverse.servers import Server

DEFAULT_LIMIT, HIGHEST_LIMIT = 20, 40
FILTERS = ("pinned", "tagged", "only_media", "exclude_replies", "exclude_reblogs")
PAGING = ("max_id", "since_id", "min_id")
FALSE = {"", "0", "f", "F", "false", "FALSE", "off", "OFF"}
"""What Rails takes for false; any other text is true."""

Query = Mapping[str, str]


def select(server: Server, posts: list[Post], query: Query) -> list[Post]:
    """The page's posts, newest first. posts: all that a guest sees, newest first.

    Like Mastodon, this cuts the page after it has removed excluded posts, so that only the last page is short.
    """
    matching = [post for post in posts if _matches(server, post, query) and _is_in_range(server, post, query)]
    count = limit(query)
    return (
        matching[len(matching) - count :] if _is_true(query, "min_id") and count < len(matching) else matching[:count]
    )


def limit(query: Query) -> int:
    """How many posts a page has. Rails reads the digits that a text begins with, and takes 0 for a text with none."""
    if "limit" not in query:
        return DEFAULT_LIMIT
    digits = re.match(r"\s*[+-]?([0-9]{1,9})", query["limit"])
    return min(int(digits[1]) if digits else 0, HIGHEST_LIMIT)


def links(server: Server, account: Account, page: list[Post], query: Query) -> dict[str, str]:
    """The Link header: a full page has a next one, though that may be empty; none for an empty page."""
    if not page:
        return {}
    kept = {name: query[name] for name in ("limit", *FILTERS) if name in query}
    flakes = server.software.flakes
    path = f"https://{server.host}/api/v1/accounts/{ids.write(account.id, is_flake=flakes)}/statuses"
    pages = {"prev": {"min_id": ids.write(page[0].id, is_flake=flakes)}}
    if len(page) == limit(query):
        pages = {"next": {"max_id": ids.write(page[-1].id, is_flake=flakes)}, **pages}
    each = (f'<{path}?{urlencode({**kept, **ends})}>; rel="{name}"' for name, ends in pages.items())
    return {"Link": ", ".join(each)}


def _matches(server: Server, post: Post, query: Query) -> bool:
    if _is_true(query, "exclude_reblogs") and post.kind is Kind.BOOST and server.software.honours_exclusions:
        return False
    if _is_true(query, "exclude_replies") and post.kind is Kind.REPLY:
        return False
    if _is_true(query, "pinned") and not post.is_pinned:
        return False
    if query.get("tagged") and f"#{query['tagged'].lower()}" not in post.text.lower().split():
        return False
    return not _is_true(query, "only_media")  # no post here has a picture


def _is_in_range(server: Server, post: Post, query: Query) -> bool:
    """Whether the post is between the request's ids. since_id counts only without min_id."""
    lowest = query.get("min_id") or query.get("since_id")
    if lowest and post.id <= _number(server, lowest):
        return False
    return not (query.get("max_id") and post.id >= _number(server, query["max_id"]))


def _number(server: Server, text: str) -> int:
    """What is no id is 0, as a database takes it."""
    return ids.read(text, is_flake=server.software.flakes) or 0


def _is_true(query: Query, name: str) -> bool:
    return query.get(name, "") not in FALSE
