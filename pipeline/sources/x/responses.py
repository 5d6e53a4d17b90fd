"""What X's answers say. Any JSON may come: what is not as X documents it is left out, and nothing here raises."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pipeline.i18n import lazy_gettext
from pipeline.records import Counts, LazyString, Post, Profile, State
from pipeline.sources.x.facts import HANDLE, NAME, views_are_counted

NUMBER = re.compile(r"[0-9]{1,20}")
TOKEN = re.compile(r"[!-~]{1,512}")
LARGEST_COUNT = 2**63 - 1
LONGEST_TITLE = 60
DOCUMENTED = {"data", "errors", "includes", "meta"}
"""What an answer may hold: docs.x.com, x-api/fundamentals/response-codes."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a timeline. partial: X did not show all of it, so that what is missing may still exist."""

    posts: list[Post]
    partial: bool
    next_token: str | None


def page(answer: dict[str, Any]) -> Page | None:
    """The page, or None where the answer holds none: then `problems` may say why."""
    items = _items(answer.get("data"))
    posts = [post for item in items if (post := _post(item)) is not None]
    meta = _object(answer.get("meta"))
    if not posts and (items or problems(answer) or meta.get("result_count") != 0):
        return None
    token = meta.get("next_token")
    is_token = isinstance(token, str) and TOKEN.fullmatch(token) is not None
    partial = len(posts) < len(items) or bool(problems(answer)) or not (is_token or token is None)
    return Page(posts, partial, token if is_token else None)


def profiles(answer: dict[str, Any], handles: Sequence[str]) -> list[Profile]:
    """What the answer says of each handle, in their order."""
    found = {profile.handle.lower(): profile for profile in people(answer)}
    gone = {str(each.get("value")).lower(): state(each) for each in problems(answer)}
    return [found.get(name.lower()) or Profile(name, gone.get(name.lower()) or State.MISSING, None) for name in handles]


def people(answer: dict[str, Any]) -> list[Profile]:
    """The profiles in the answer."""
    return [profile for item in _items(answer.get("data")) if (profile := _profile(item)) is not None]


def names_all(answer: dict[str, Any], handles: Sequence[str]) -> bool:
    """Whether the answer says of each handle that there is such an account, or lets it be taken for missing.

    X answers with an empty 200 where none exists. A profile that cannot be read, or a problem of X's own, may be one
    of them.
    """
    told = {profile.handle.lower() for profile in people(answer)}
    told |= {str(each.get("value")).lower() for each in problems(answer) if state(each) is not None}
    if told.issuperset(name.lower() for name in handles):
        return True
    data, errors = answer.get("data") or [], answer.get("errors") or []
    is_read = isinstance(data, list) and len(people(answer)) == len(data)
    is_clear = isinstance(errors, list) and len(errors) == sum(state(each) is not None for each in problems(answer))
    return is_read and is_clear and answer.keys() <= DOCUMENTED


def problems(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The problems that a 200 names, beside what it shows or instead of it."""
    return [each for each in _items(answer.get("errors")) if isinstance(each, dict)]


def refusal(body: Any) -> dict[str, Any]:
    """The problem that the body of a refusal is, or the first of those that it lists."""
    whole = _object(body)
    return whole if whole.keys() & {"type", "title"} else (problems(whole) or [whole])[0]


def kind(problem: dict[str, Any]) -> str:
    """The last part of a problem's type: its host is api.x.com or api.twitter.com."""
    return str(problem.get("type", "")).rpartition("/")[2]


def state(problem: dict[str, Any]) -> State | None:
    """What a problem says of an account, or None where it says nothing of it.

    Suspended and missing accounts share a type; only the detail tells them apart.
    """
    if problem.get("resource_type", "user") != "user":
        return None
    if kind(problem) == "not-authorized-for-resource":
        return State.PROTECTED
    if kind(problem) != "resource-not-found":
        return None
    return State.SUSPENDED if "suspended" in str(problem.get("detail", "")).lower() else State.MISSING


def reason(problems: Sequence[dict[str, Any]]) -> LazyString:
    """Why there is nothing, by the first of these problems."""
    title = str(problems[0].get("title", "")).encode("ascii", "replace").decode()[:LONGEST_TITLE] if problems else ""
    if title and title.isprintable():
        return lazy_gettext("{network} answered: {title}", network=NAME, title=title)
    return lazy_gettext("{network} did not answer properly", network=NAME)


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _profile(item: Any) -> Profile | None:
    user = _object(item)
    handle, remote_id = user.get("username"), user.get("id")
    if not isinstance(handle, str) or not re.fullmatch(HANDLE, handle) or not NUMBER.fullmatch(str(remote_id)):
        return None
    return Profile(handle, State.PROTECTED if user.get("protected") else State.ACTIVE, str(remote_id))


def _post(item: Any) -> Post | None:
    shown = _object(item)
    post_id, created_at = str(shown.get("id")), _moment(shown.get("created_at"))
    if created_at is None or not NUMBER.fullmatch(post_id):
        return None
    counts = _counts(_object(shown.get("public_metrics")))
    return Post(
        post_id, created_at, counts if views_are_counted(created_at, counts.views) else counts._replace(views=None)
    )


def _counts(metrics: dict[str, Any]) -> Counts:
    """X is renaming retweet_count to repost_count; both are read."""
    reposts = _count(metrics.get("repost_count"))
    return Counts(
        reposts=_count(metrics.get("retweet_count")) if reposts is None else reposts,
        likes=_count(metrics.get("like_count")),
        replies=_count(metrics.get("reply_count")),
        quotes=_count(metrics.get("quote_count")),
        bookmarks=_count(metrics.get("bookmark_count")),
        views=_count(metrics.get("impression_count")),
    )


def _count(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value <= LARGEST_COUNT else None


def _moment(value: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(value)
        return at.astimezone(UTC) if at.tzinfo else None
    except (TypeError, ValueError, OverflowError):
        return None
