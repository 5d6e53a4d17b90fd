"""What X's answers say. Any JSON may come: what is not as X documents it is left out, and nothing here raises."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.i18n import lazy_gettext
from pipeline.records import Counts, LazyString, Post, Profile, State
from pipeline.sources.json_values import as_count, as_moment, as_object
from pipeline.sources.x.facts import HANDLE, NAME, views_are_counted

NUMBER = re.compile(r"[0-9]{1,20}")
TOKEN = re.compile(r"[!-~]{1,512}")
LONGEST_TITLE = 60
DOCUMENTED = {"data", "errors", "includes", "meta"}
"""What an answer may hold: docs.x.com, x-api/fundamentals/response-codes."""
NOT_FOUND, NOT_AUTHORIZED = "resource-not-found", "not-authorized-for-resource"
NOT_SHOWN = {NOT_FOUND, NOT_AUTHORIZED, "disallowed-resource", "resource-unavailable"}
"""Kinds of problems that are what X says of a post, and no trouble of its own. Source: X's OpenAPI document."""
POST_TYPES = {"tweet", "post"}
"""What resource_type calls a post: X is renaming its posts."""


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
    meta = as_object(answer.get("meta"))
    if not posts and (items or problems(answer) or meta.get("result_count") != 0):
        return None
    token = meta.get("next_token")
    is_token = isinstance(token, str) and TOKEN.fullmatch(token) is not None
    partial = len(posts) < len(items) or bool(problems(answer)) or not (is_token or token is None)
    return Page(posts, partial, token if is_token else None)


def count(answer: dict[str, Any]) -> int:
    """How many posts the answer holds, also those that cannot be read: X bills each."""
    return len(_items(answer.get("data")))


def is_refusal(answer: dict[str, Any]) -> bool:
    """Whether the answer says why there is nothing, so that nothing is billed."""
    return not answer.get("data") and bool(problems(answer))


def posts(answer: dict[str, Any], post_ids: Sequence[str]) -> list[Post] | None:
    """The posts in the answer to a request for these; None where it says nothing of any, so that it is no answer."""
    found = [post for item in _items(answer.get("data")) if (post := _post(item)) is not None]
    return found if found or _named(answer, post_ids, NOT_SHOWN) else None


def gone(answer: dict[str, Any], post_ids: Sequence[str]) -> list[str]:
    """Those of these posts that do not exist any more."""
    return _named(answer, post_ids, {NOT_FOUND})


def _named(answer: dict[str, Any], post_ids: Sequence[str], kinds: Collection[str]) -> list[str]:
    """Those of these posts of which the answer names a problem of these kinds."""
    about_posts = [each for each in problems(answer) if each.get("resource_type") in POST_TYPES]
    named = {str(each.get("resource_id", each.get("value"))) for each in about_posts if kind(each) in kinds}
    return [each for each in post_ids if each in named]


def usage(answer: dict[str, Any]) -> int | None:
    """How many posts X has counted in its billing month, which it writes as text; None where that is no number."""
    used = str(as_object(answer.get("data")).get("project_usage"))
    return int(used) if NUMBER.fullmatch(used) else None


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
    whole = as_object(body)
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
    if kind(problem) == NOT_AUTHORIZED:
        return State.PROTECTED
    if kind(problem) != NOT_FOUND:
        return None
    return State.SUSPENDED if "suspended" in str(problem.get("detail", "")).lower() else State.MISSING


def reason(problems: Sequence[dict[str, Any]]) -> LazyString:
    """Why there is nothing, by the first of these problems."""
    title = str(problems[0].get("title", "")).encode("ascii", "replace").decode()[:LONGEST_TITLE] if problems else ""
    if title and title.isprintable():
        return lazy_gettext("{network} says: {title}", network=NAME, title=title)
    return lazy_gettext("{network} sent an answer that I can't read", network=NAME)


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _profile(item: Any) -> Profile | None:
    user = as_object(item)
    handle, remote_id = user.get("username"), user.get("id")
    if not isinstance(handle, str) or not re.fullmatch(HANDLE, handle) or not NUMBER.fullmatch(str(remote_id)):
        return None
    state = State.PROTECTED if user.get("protected") else State.ACTIVE
    followers = as_count(as_object(user.get("public_metrics")).get("followers_count"))
    return Profile(handle, state, str(remote_id), _post_count(user), as_moment(user.get("created_at")), followers)


def _post_count(user: dict[str, Any]) -> int | None:
    """How many posts the account has made, reposts too. X is renaming tweet_count to post_count; both are read."""
    metrics = as_object(user.get("public_metrics"))
    posts = as_count(metrics.get("post_count"))
    return as_count(metrics.get("tweet_count")) if posts is None else posts


def _post(item: Any) -> Post | None:
    shown = as_object(item)
    post_id, created_at = str(shown.get("id")), as_moment(shown.get("created_at"))
    if created_at is None or not NUMBER.fullmatch(post_id):
        return None
    counts = _counts(as_object(shown.get("public_metrics")))
    if not views_are_counted(created_at, counts.views):
        counts = counts._replace(views=None)
    return Post(post_id, created_at, counts, is_reply=_is_reply(shown))


def _is_reply(shown: dict[str, Any]) -> bool | None:
    """Whether it answers somebody else. X names whom a post answers, and leaves that out where it answers nobody."""
    author, answered = shown.get("author_id"), shown.get("in_reply_to_user_id")
    return None if author is None else answered is not None and answered != author


def _counts(metrics: dict[str, Any]) -> Counts:
    """X is renaming retweet_count to repost_count; both are read."""
    reposts = as_count(metrics.get("repost_count"))
    return Counts(
        reposts=as_count(metrics.get("retweet_count")) if reposts is None else reposts,
        likes=as_count(metrics.get("like_count")),
        replies=as_count(metrics.get("reply_count")),
        quotes=as_count(metrics.get("quote_count")),
        bookmarks=as_count(metrics.get("bookmark_count")),
        views=as_count(metrics.get("impression_count")),
    )
