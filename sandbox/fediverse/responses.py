"""Accounts and statuses as a server shows them to guests."""

from datetime import datetime
from html import escape
from typing import Any
from urllib.parse import urlsplit

from sandbox.fediverse import ids
from sandbox.fediverse.invented import invent
from sandbox.fediverse.records import Account, Counts, Kind, Post, State
from sandbox.fediverse.servers import Server

COUNT_NAMES = {
    "boosts": "reblogs_count",
    "favourites": "favourites_count",
    "replies": "replies_count",
    "quotes": "quotes_count",
}
NO_COUNTS: Counts = dict.fromkeys(COUNT_NAMES, 0)
"""A boost's own; the boosted post's are in its `reblog`."""


def show_account(server: Server, account: Account, posts: list[Post], moved: Account | None) -> dict[str, Any]:
    """posts: all of the account's, boosts among them. moved: the account that it has become."""
    picture = f"https://{server.host}/avatars/original/missing.png"
    is_open = account.state is not State.SUSPENDED
    return {
        "id": write_id(server, account.id),
        "username": account.username,
        "acct": account.username if account.host == server.host else account.handle,
        "display_name": account.name if is_open else "",
        "locked": account.state is State.PRIVATE,
        "bot": False,
        "discoverable": is_open,
        "indexable": False,
        "group": False,
        "created_at": f"{account.created_at:%Y-%m-%d}T00:00:00.000{server.software.zone}",
        "note": f"<p>{escape(account.name)}, as the sandbox imagines it.</p>" if is_open else "",
        "url": account.address,
        "uri": account.uri,
        "avatar": picture,
        "avatar_static": picture,
        "header": picture,
        "header_static": picture,
        "followers_count": account.followers,
        "following_count": account.followers // 7,
        "statuses_count": len(posts),
        "last_status_at": f"{posts[0].created_at:%Y-%m-%d}" if posts else None,
        "hide_collections": False,
        **_show_marks(account),
        **({"moved": show_account(server, moved, [], None)} if moved else {}),
        "emojis": [],
        "roles": [],
        "fields": [],
    }


def _show_marks(account: Account) -> dict[str, bool]:
    """Mastodon tells whether an account is suspended, limited or a memorial only where it is."""
    marks = {
        "suspended": account.state is State.SUSPENDED,
        "limited": account.limited,
        "memorial": account.memorial,
    }
    return {name: True for name, is_so in marks.items() if is_so} | {"noindex": account.noindex}


def show_status(server: Server, shown: dict[str, Any], post: Post, counts: Counts) -> dict[str, Any]:
    """shown: the author's account as it is shown."""
    if post.kind is not Kind.BOOST or post.stranger is None:
        return _show_own(server, shown, post, counts)
    author = invent(server, post.stranger)
    original = _show_own(server, show_account(server, author, [], None), post, counts)
    boost = _show_own(server, shown, post, NO_COUNTS) | {"reblog": original}
    boost["uri"], boost["content"] = f"{shown['uri']}/statuses/{boost['id']}/activity", original["content"]
    original["id"] = write_id(server, max(1, post.id - 1))
    return boost


def _show_own(server: Server, shown: dict[str, Any], post: Post, counts: Counts) -> dict[str, Any]:
    post_id = write_id(server, post.id)
    return {
        "id": post_id,
        "created_at": _time(server, post.created_at),
        "in_reply_to_id": None if post.answers is None else write_id(server, post.answers),
        "in_reply_to_account_id": _answered_account(server, shown, post),
        "sensitive": False,
        "spoiler_text": "",
        "visibility": post.visibility,
        "language": "en",
        "uri": f"{shown['uri']}/statuses/{post_id}",
        "url": f"{shown['url']}/{post_id}",
        **_show_counts(server, counts),
        "edited_at": None,
        "content": f"<p>{escape(post.text)}</p>",
        "reblog": None,
        "application": None,
        "account": shown,
        "media_attachments": [],
        "mentions": [],
        "tags": [],
        "emojis": [],
        "card": None,
        "poll": None,
    }


def _show_counts(server: Server, counts: Counts) -> dict[str, int | None]:
    told = {COUNT_NAMES[name]: count for name, count in counts.items() if count is not None}
    if not server.software.has_quotes:
        told.pop("quotes_count", None)
        return dict(told)
    return {**told, "quote": None}


def _answered_account(server: Server, shown: dict[str, Any], post: Post) -> str | None:
    if post.kind is Kind.THREAD:
        return str(shown["id"])
    return write_id(server, invent(server, post.stranger or "").id) if post.kind is Kind.REPLY else None


def show_instance(server: Server) -> dict[str, Any]:
    """As /api/v2/instance does."""
    return {
        "domain": server.domain,
        "title": server.domain,
        "version": server.software.version,
        "source_url": "https://github.com/mastodon/mastodon",
        "description": "A server that the sandbox imagines.",
        "usage": {"users": {"active_month": 120}},
        "languages": ["en"],
        "configuration": {"statuses": {"max_characters": 500}, "accounts": {"max_pinned_statuses": 5}},
        "registrations": {"enabled": False, "approval_required": False, "message": None},
        "rules": [],
    }


def show_webfinger(account: Account) -> dict[str, Any]:
    return {
        "subject": f"acct:{account.handle}",
        "aliases": [account.address, account.uri],
        "links": [
            {"rel": "http://webfinger.net/rel/profile-page", "type": "text/html", "href": account.address},
            {"rel": "self", "type": "application/activity+json", "href": account.uri},
            {
                "rel": "http://ostatus.org/schema/1.0/subscribe",
                "template": f"https://{account.host}/authorize_interaction?uri={{uri}}",
            },
        ],
    }


def user_in_resource(server: Server, resource: str) -> str | None:
    """The username in acct:user@domain, or in the address of a profile; None where that is of no account here."""
    if resource.startswith("https://"):
        parts = urlsplit(resource)
        return parts.path.rpartition("/")[2].removeprefix("@") or None if parts.hostname == server.host else None
    username, _, domain = resource.removeprefix("acct:").removeprefix("@").partition("@")
    return username or None if domain.lower() in {server.domain, server.host} else None


def write_id(server: Server, number: int) -> str:
    return ids.write(number, is_flake=server.software.flakes)


def _time(server: Server, at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}{server.software.zone}"
