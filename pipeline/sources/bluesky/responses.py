"""What Bluesky's answers say. Any JSON may come: what is not as it should be is left out, and nothing here raises.

A count is what Bluesky told, also where it is less than before: likes are taken back, and the public API answers from
copies, of which one may be older than another. So a 0 is a 0, and only a count that is missing is unknown.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.i18n import lazy_gettext
from pipeline.records import Counts, LazyString, Post, Profile, State
from pipeline.sources.bluesky.facts import DID, NAME, is_handle, original_of
from pipeline.sources.json_values import as_count, as_moment, as_object

POST_URI = re.compile(r"at://(?P<did>did:[^/]{1,2040})/app\.bsky\.feed\.post/(?P<id>[A-Za-z0-9._:~-]{1,512})")
"""Source: atproto.com, specs/at-uri-scheme and specs/record-key."""
CURSOR = re.compile(r"[!-~]{1,512}")
REPOST = "app.bsky.feed.defs#reasonRepost"
SIGNED_IN_ONLY = "!no-unauthenticated"
"""The label by which people ask that only those who are signed in see their account. They put it on it themselves."""
TAKEN_DOWN = {"!hide", "!takedown"}
"""The labels by which moderators hide an account from everybody."""
SUSPENDED, DEACTIVATED, NOT_FOUND = "AccountTakedown", "AccountDeactivated", "Profile not found"
"""The kinds of two errors; and the text of the third, whose kind is that of all wrong requests."""
LONGEST_MESSAGE = 60


@dataclass(frozen=True, slots=True)
class Page:
    """A page of an account's feed. state: what its labels say of the account, where they say something.

    partial: some of its items could not be read, so that posts that are missing may still exist.
    """

    posts: list[Post]
    partial: bool
    cursor: str | None
    state: State | None


def page(body: dict[str, Any], did: str) -> Page | None:
    """The page of this account's feed, or None where the answer holds none.

    Reposts are left out, also of own posts.
    """
    items = body.get("feed")
    if not isinstance(items, list):
        return None
    shown = [as_object(as_object(item).get("post")) for item in items if not _is_repost(item)]
    posts = [post for each in shown if (post := _post(each, did)) is not None]
    states = [state for each in shown if (state := _state_by_labels(as_object(each.get("author")), did)) is not None]
    cursor = body.get("cursor")
    is_cursor = isinstance(cursor, str) and CURSOR.fullmatch(cursor) is not None
    partial = len(posts) < len(shown) or not (is_cursor or cursor is None)
    return Page(posts, partial, cursor if is_cursor else None, states[0] if states else None)


def profile(body: Any, asked: str | None = None) -> Profile | None:
    """The profile; None where it cannot be read. asked: what goes for the handle of an account that has none now."""
    shown = as_object(body)
    did, handle = shown.get("did"), shown.get("handle")
    if not isinstance(did, str) or not re.fullmatch(DID, did) or not isinstance(handle, str):
        return None
    name = handle.lower() if is_handle(handle) else asked
    if name is None:
        return None
    return Profile(
        name,
        _state_by_labels(shown, did) or State.ACTIVE,
        did,
        posts=as_count(shown.get("postsCount")),
        joined_at=as_moment(shown.get("createdAt")),
        followers=as_count(shown.get("followersCount")),
        note=_note(name),
    )


def profiles(body: dict[str, Any], asked: Sequence[str]) -> Iterator[Profile]:
    """Those in the answer that can be read. asked: the ids that stand for handles that are no account's now."""
    shown = body.get("profiles")
    for each in shown if isinstance(shown, list) else []:
        did = as_object(each).get("did")
        if (read := profile(each, did if did in asked else None)) is not None:
            yield read


def state(body: dict[str, Any]) -> State | None:
    """What the refusal to show a profile says of the account, or None where it says nothing of it."""
    if body.get("error") == SUSPENDED:
        return State.SUSPENDED
    if body.get("error") == DEACTIVATED:
        return State.DEACTIVATED
    return State.MISSING if body.get("message") == NOT_FOUND else None


def reason(body: dict[str, Any]) -> LazyString:
    """Why there is nothing, by a refusal."""
    message = str(body.get("message") or body.get("error") or "")
    title = message.encode("ascii", "replace").decode()[:LONGEST_MESSAGE]
    if title and title.isprintable():
        return lazy_gettext("{network} says: {title}", network=NAME, title=title)
    return lazy_gettext("{network} sent an answer that I can't read", network=NAME)


def _is_repost(item: Any) -> bool:
    return as_object(as_object(item).get("reason")).get("$type") == REPOST


def _answers_others(shown: dict[str, Any], did: str) -> bool:
    """Whether it is of no thread of the account's own: what it answers, or how that began, is somebody else's."""
    reply = as_object(as_object(shown.get("record")).get("reply"))
    answered = [as_object(reply.get(name)).get("uri") for name in ("root", "parent")] if reply else []
    return any(not str(uri).startswith(f"at://{did}/") for uri in answered)


def _note(handle: str) -> LazyString | None:
    original = original_of(handle)
    if original is None:
        return None
    return lazy_gettext(
        "a copy of {original}: {network} counts only what happens there. Track the original to count everything",
        original=original,
        network=NAME,
    )


def _state_by_labels(shown: dict[str, Any], did: str) -> State | None:
    """The state that the labels on an account say. What others ask for in its name does not count."""
    labels = shown.get("labels")
    if shown.get("did") != did or not isinstance(labels, list):
        return None
    given = [each for each in map(as_object, labels) if not each.get("neg")]
    if any(str(each.get("val")) in TAKEN_DOWN for each in given):
        return State.SUSPENDED
    is_asked = any(each.get("val") == SIGNED_IN_ONLY and each.get("src") == did for each in given)
    return State.WITHHELD if is_asked else None


def _post(shown: dict[str, Any], did: str) -> Post | None:
    uri = POST_URI.fullmatch(str(shown.get("uri")))
    record = as_object(shown.get("record"))
    claimed_at, indexed_at = as_moment(record.get("createdAt")), as_moment(shown.get("indexedAt"))
    times = [at for at in (claimed_at, indexed_at) if at is not None]
    if uri is None or uri["did"] != did or not times:
        return None
    # Bluesky sorts by the earlier of the two, since the first is what the author's app claims.
    return Post(uri["id"], min(times), _counts(shown), is_reply=_answers_others(shown, did))


def _counts(shown: dict[str, Any]) -> Counts:
    return Counts(
        reposts=as_count(shown.get("repostCount")),
        likes=as_count(shown.get("likeCount")),
        replies=as_count(shown.get("replyCount")),
        quotes=as_count(shown.get("quoteCount")),
        bookmarks=as_count(shown.get("bookmarkCount")),
    )
