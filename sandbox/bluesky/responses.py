"""Profiles, posts and errors as Bluesky returns them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sandbox.bluesky.records import METRICS, SIGNED_IN_ONLY, Account, Counts, Post, Reference, cid
from sandbox.lives import Kind

POST, PROFILE = "app.bsky.feed.post", "app.bsky.actor.profile"
COUNT_NAMES = dict(zip(METRICS, ("repostCount", "replyCount", "likeCount", "quoteCount", "bookmarkCount"), strict=True))
MODERATION = "did:plc:ar7c4by46qjdydhdevvrndac"
"""The id of Bluesky's own moderators."""
NO_HANDLE = "handle.invalid"
JOINED = "2023-05-01T00:00:00.000Z"
"""When each account joined."""


def error(kind: str, message: str) -> dict[str, Any]:
    return {"error": kind, "message": message}


def profile(account: Account, posts: int) -> dict[str, Any]:
    shown = {
        "did": account.did,
        "handle": _handle(account),
        "displayName": account.name,
        "associated": {"lists": 0, "feedgens": 0, "starterPacks": 0, "labeler": False, **_subscriptions()},
        "labels": _labels(account),
        "createdAt": JOINED,
        "indexedAt": JOINED,
        "followersCount": account.followers,
        "followsCount": 20,
        "postsCount": posts,
    }
    if account.pinned is not None:
        shown["pinnedPost"] = {"cid": cid(account.did, account.pinned), "uri": uri(account.did, account.pinned)}
    return shown if account.name else _without(shown, "displayName")


def post(post: Post, author: Account, counts: Counts) -> dict[str, Any]:
    """The view of a post, or of the post that a repost repeats."""
    record: dict[str, Any] = {"text": post.text, "$type": POST, "langs": ["en"], "createdAt": time(post.created_at)}
    if post.kind is Kind.REPLY and post.reference is not None:
        parent = _name(post.reference)
        record["reply"] = {"root": parent, "parent": parent}
    return {
        "uri": uri(post.did, post.rkey),
        "cid": cid(post.did, post.rkey),
        "author": _author(author),
        "record": record,
        **{wire: counts[name] for name, wire in COUNT_NAMES.items() if counts.get(name) is not None},
        "indexedAt": time(post.indexed_at),
        "labels": [],
    }


def repost_reason(repost: Post, by: Account) -> dict[str, Any]:
    return {
        "$type": "app.bsky.feed.defs#reasonRepost",
        "by": _author(by),
        "uri": f"at://{repost.did}/app.bsky.feed.repost/{repost.rkey}",
        "cid": cid("repost", repost.did, repost.rkey),
        "indexedAt": time(repost.indexed_at),
    }


def pin_reason() -> dict[str, Any]:
    return {"$type": "app.bsky.feed.defs#reasonPin"}


def answered(parent: Mapping[str, Any] | None, did: str, rkey: str) -> dict[str, Any]:
    """What a feed tells of the post that a reply answers. parent: its view, None where it is not shown."""
    if parent is None:
        gone = {"$type": "app.bsky.feed.defs#notFoundPost", "uri": uri(did, rkey), "notFound": True}
        return {"root": gone, "parent": gone}
    shown = {**parent, "$type": "app.bsky.feed.defs#postView"}
    return {"root": shown, "parent": shown}


def _name(reference: Reference) -> dict[str, str]:
    return {"cid": cid(reference.did, reference.rkey), "uri": uri(reference.did, reference.rkey)}


def uri(did: str, rkey: str) -> str:
    return f"at://{did}/{POST}/{rkey}"


def time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _author(account: Account) -> dict[str, Any]:
    shown = {
        "did": account.did,
        "handle": _handle(account),
        "displayName": account.name,
        "associated": _subscriptions(),
        "labels": _labels(account),
        "createdAt": JOINED,
    }
    return shown if account.name else _without(shown, "displayName")


def _handle(account: Account) -> str:
    return account.handle if account.valid_handle else NO_HANDLE


def _labels(account: Account) -> list[dict[str, Any]]:
    """People label their own profile; moderators label an account."""
    return [
        {
            "src": account.did,
            "uri": f"at://{account.did}/{PROFILE}/self",
            "cid": cid("profile", account.did),
            "val": value,
            "cts": "1970-01-01T00:00:00.000Z",
        }
        if value == SIGNED_IN_ONLY
        else {"src": MODERATION, "uri": account.did, "val": value, "cts": "2026-11-01T00:00:00.000Z"}
        for value in account.labels
    ]


def _subscriptions() -> dict[str, Any]:
    return {"activitySubscription": {"allowSubscriptions": "followers"}}


def _without(shown: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in shown.items() if key != name}
