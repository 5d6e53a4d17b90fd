"""Compares two answers to one question: the status, the error, the shape, who and what is listed, and all counts."""

from collections.abc import Iterator
from typing import Any

from tests.contract.bluesky.questions import Answer
from tests.contract.shapes import differences

QUOTES = ("feed[].post.embed", "feed[].post.record.embed", "posts[].embed", "posts[].record.embed")
"""What posts hold; the stand-in's hold nothing."""
COUNTS = ("repostCount", "likeCount", "replyCount", "quoteCount", "bookmarkCount", "followersCount", "postsCount")
SAME = ("request", "status", "content_type")


def unlike(real: Answer, ours: Answer, ignored: tuple[str, ...] = QUOTES) -> dict[str, Any]:
    """What differs between Bluesky's answer and the stand-in's, by what it is; empty if nothing does."""
    pairs = [(name, real[name], ours[name]) for name in SAME]
    pairs += [(name, real["json"].get(name), ours["json"].get(name)) for name in ("error", "message")]
    pairs += [("listed", list(_listed(real)), list(_listed(ours)))]
    found = {name: (of_real, of_ours) for name, of_real, of_ours in pairs if of_real != of_ours}
    return found | differences(real["json"], ours["json"], ignored)


def _listed(answer: Answer) -> Iterator[tuple[object, ...]]:
    """Each profile or post in its order: its id, why it is there, and its counts. Others' posts have no id here, and
    no counts, since the stand-in makes them up.
    """
    asked, body = str(answer["params"]), answer["json"]
    for item in body.get("feed", []):
        yield item.get("reason", {}).get("$type"), *_of(item["post"], asked)
    for each in [*body.get("posts", []), *body.get("profiles", []), *([body] if "did" in body else [])]:
        yield _of(each, asked)


def _of(shown: dict[str, Any], asked: str) -> tuple[object, ...]:
    did = shown["did"] if "did" in shown else shown["author"]["did"]
    if "author" in shown and did not in asked:
        return ()
    return did, shown.get("uri"), shown.get("handle"), [shown[name] for name in COUNTS if name in shown]
