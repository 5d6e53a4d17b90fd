"""Posts, users and problems as X returns them: only the requested fields, under their old or new names."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from sandbox import lives
from sandbox.lives import Kind, seeded_random
from sandbox.x.records import METRICS, Account, Counts, Post, State, moment

PROBLEMS = "https://api.twitter.com/2/problems/"
DEFAULT_POST_FIELDS = frozenset({"id", "text", "edit_history_tweet_ids", "edit_history_post_ids"})
DEFAULT_USER_FIELDS = frozenset({"id", "name", "username"})
COUNT_NAMES = dict(
    zip(
        METRICS,
        ("retweet_count", "reply_count", "like_count", "quote_count", "bookmark_count", "impression_count"),
        strict=True,
    )
)
REFERENCE_TYPES = {Kind.REPLY: "replied_to", Kind.REPOST: "retweeted"}


@dataclass(frozen=True)
class RequestedFields:
    """The fields that a request asks for.

    new_names: X has two names for many fields, as in tweet_count and post_count; the request chooses.
    """

    post_fields: frozenset[str]
    user_fields: frozenset[str]
    new_names: bool
    with_authors: bool

    @classmethod
    def of(cls, query: Mapping[str, Any]) -> "RequestedFields":
        return cls(
            DEFAULT_POST_FIELDS | query.get("post.fields", query.get("tweet.fields", frozenset())),
            DEFAULT_USER_FIELDS | query.get("user.fields", frozenset()),
            new_names="post.fields" in query,
            with_authors="author_id" in query.get("expansions", ()),
        )

    def name(self, old: str) -> str:
        return old.replace("retweet", "repost").replace("tweet", "post") if self.new_names else old


def show_post(post: Post, counts: Counts, fields: RequestedFields) -> dict[str, Any]:
    shown = {
        "id": str(post.id),
        "text": post.text,
        fields.name("edit_history_tweet_ids"): [str(post.id)],
        "created_at": _time(post.created_at),
        "author_id": str(post.author_id),
        "conversation_id": str(post.reference.post_id if post.reference and post.kind is Kind.REPLY else post.id),
        "lang": "en",
        "possibly_sensitive": False,
        "reply_settings": "everyone",
        "edit_controls": _edit_controls(post.created_at) if "edit_controls" in fields.post_fields else None,
        "public_metrics": _show_counts(post, counts, fields),
        **_show_reference(post, fields),
    }
    return {name: value for name, value in shown.items() if name in fields.post_fields}


def _show_counts(post: Post, counts: Counts, fields: RequestedFields) -> dict[str, int]:
    loaded = {name: count for name, count in counts.items() if count is not None}
    if post.kind is Kind.REPOST:  # a repost carries the original's count of reposts and nothing of its own
        loaded = {name: count if name == "retweets" else 0 for name, count in loaded.items()}
    return {fields.name(wire): loaded[name] for name, wire in COUNT_NAMES.items() if name in loaded}


def _show_reference(post: Post, fields: RequestedFields) -> dict[str, Any]:
    if post.reference is None:
        return {}
    reference = {"type": REFERENCE_TYPES[post.kind], "id": str(post.reference.post_id)}
    shown: dict[str, Any] = {fields.name("referenced_tweets"): [reference]}
    if post.kind is Kind.REPLY:
        shown["in_reply_to_user_id"] = str(post.reference.author_id)
    return shown


def _edit_controls(created_at: datetime) -> dict[str, Any]:
    return {
        "edits_remaining": 5,
        "is_edit_eligible": True,
        "editable_until": _time(created_at + timedelta(minutes=30)),
    }


def show_user(account: Account, posts: int, fields: RequestedFields) -> dict[str, Any]:
    chance = seeded_random("user", account.id)
    shown = {
        "id": str(account.id),
        "name": account.name,
        "username": account.username,
        "created_at": _time(_joined(account)),
        "description": f"{account.name}, as the sandbox imagines it.",
        "location": chance.choice(("Lisbon", "Nairobi", "Oslo", "Quito", "Hanoi")),
        "profile_image_url": "https://abs.twimg.com/sticky/default_profile_images/default_profile_normal.png",
        "protected": account.state is State.PROTECTED,
        "public_metrics": {
            "followers_count": lives.followers(account.id) if account.followers is None else account.followers,
            "following_count": chance.randint(20, 2000),
            fields.name("tweet_count"): posts,
            "listed_count": chance.randint(0, 500),
            "like_count": chance.randint(0, 20_000),
            "media_count": chance.randint(0, 900),
        },
        "url": "",
        "verified": False,
        "verified_type": "none",
    }
    return {name: value for name, value in shown.items() if name in fields.user_fields}


def _joined(account: Account) -> datetime:
    """A snowflake id holds the time; older ids are small numbers, and made-up ids hold none."""
    if account.invented or account.id < 1 << 50:
        return datetime(2009, 3, 1, tzinfo=UTC) + timedelta(hours=account.id % 50_000)
    return moment(account.id)


Refusal = Callable[[str, str], dict[str, Any]]
"""Makes the error object from a parameter's name and value."""


def user_not_found(parameter: str, value: str) -> dict[str, Any]:
    detail = f"Could not find user with {parameter}: [{value}]."
    return _refusal("Not Found Error", detail, "resource-not-found", "user", parameter, value)


def user_suspended(parameter: str, value: str) -> dict[str, Any]:
    return _refusal("Forbidden", f"User has been suspended: [{value}].", "resource-not-found", "user", parameter, value)


def user_protected(parameter: str, value: str) -> dict[str, Any]:
    detail = f"Sorry, you are not authorized to see the user with {parameter}: [{value}]."
    return _refusal("Authorization Error", detail, "not-authorized-for-resource", "user", parameter, value)


def post_not_found(parameter: str, value: str) -> dict[str, Any]:
    detail = f"Could not find tweet with {parameter}: [{value}]."
    return _refusal("Not Found Error", detail, "resource-not-found", "tweet", parameter, value)


def post_protected(parameter: str, value: str) -> dict[str, Any]:
    detail = f"Sorry, you are not authorized to see the Tweet with {parameter}: [{value}]."
    return _refusal("Authorization Error", detail, "not-authorized-for-resource", "tweet", parameter, value)


def _refusal(title: str, detail: str, problem: str, resource: str, *searched: str) -> dict[str, Any]:
    """searched: the parameter's name and its value."""
    parameter, value = searched
    return {
        "value": value,
        "detail": detail,
        "title": title,
        "resource_type": resource,
        "parameter": parameter,
        "resource_id": value,
        "type": PROBLEMS + problem,
    }


def invalid_request(errors: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "errors": errors,
        "title": "Invalid Request",
        "detail": "One or more parameters to your request was invalid.",
        "type": PROBLEMS + "invalid-request",
    }


def plain_problem(status: int, title: str) -> dict[str, Any]:
    return {"title": title, "detail": title, "type": "about:blank", "status": status}


@lru_cache(maxsize=50_000)  # the same posts are requested again and again
def _time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
