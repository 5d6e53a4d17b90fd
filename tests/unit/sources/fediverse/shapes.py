"""Answers in the shapes that Mastodon documents."""

from datetime import UTC, datetime, timedelta
from typing import Any

NEWEST = datetime(2026, 11, 28, 10, tzinfo=UTC)


def account(user: str, **changed: Any) -> dict[str, Any]:
    """An account of social.example, whose id is 109."""
    return {
        "id": "109",
        "username": user,
        "acct": user,
        "display_name": "Ada <b>\u202e",
        "locked": False,
        "bot": False,
        "discoverable": None,
        "noindex": False,
        "created_at": "2019-03-04T00:00:00.000Z",
        "url": f"https://social.example/@{user}",
        "uri": f"https://social.example/users/{user}",
        "followers_count": 1234,
        "following_count": 5,
        "statuses_count": 678,
        **changed,
    }


def status(post_id: Any, *, minutes: float = 0, **changed: Any) -> dict[str, Any]:
    """A post of ada, made so many minutes before the newest."""
    return {
        "id": post_id,
        "created_at": (NEWEST - timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z"),
        "in_reply_to_id": None,
        "in_reply_to_account_id": None,
        "visibility": "public",
        "replies_count": 3,
        "reblogs_count": 5,
        "favourites_count": 10,
        "quotes_count": 1,
        "content": "<p>Hello</p>",
        "reblog": None,
        "account": account("ada"),
        **changed,
    }


def jrd(actor: str, subject: str | None = None, page: str | None = None) -> dict[str, Any]:
    """A WebFinger answer."""
    links = [{"rel": "self", "type": "application/activity+json", "href": actor}]
    links += [{"rel": "http://webfinger.net/rel/profile-page", "type": "text/html", "href": page}] if page else []
    return {"aliases": [actor], "links": links, **({"subject": subject} if subject else {})}
