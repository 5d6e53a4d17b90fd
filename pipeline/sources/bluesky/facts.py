"""Bluesky: what it counts and calls it, its handles and addresses, its limits."""

import re
from datetime import timedelta
from urllib.parse import unquote, urlsplit

from pipeline.i18n import lazy_gettext
from pipeline.records import LazyString, Metric
from pipeline.settings import Settings
from pipeline.sources.problems import switched_off
from pipeline.sources.source import Limits, Network

KEY, NAME = "bluesky", "Bluesky"
POSTS_PER_REQUEST = 100  # app.bsky.feed.getAuthorFeed
PROFILES_PER_REQUEST = 25  # app.bsky.actor.getProfiles
REQUESTS, RATE_LIMIT_WINDOW = 3000, timedelta(minutes=5)
"""What the hosts of accounts allow each IP address. The public API is on other hosts, whose limits are said to be
generous, without a figure. Source: docs.bsky.app, advanced-guides/rate-limits.
"""
RATE_LIMIT_HEADERS = "ratelimit-"
LABEL, LAST_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", "[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"
RESERVED = "local|arpa|invalid|localhost|internal|example|alt|onion"
"""No handle ends so. Source: atproto.com, specs/handle; handle.invalid stands for one that is not its account's."""
DOMAIN = rf"(?:{LABEL}\.)+(?!(?:{RESERVED})(?![a-z0-9-])){LAST_LABEL}"
DID = rf"did:(?:plc:[a-z2-7]{{24}}|web:(?:{LABEL}\.)+{LAST_LABEL})"
"""What an account keeps when its handle changes. Source: atproto.com, specs/did."""
HANDLE = f"(?i:{DID}|{DOMAIN})"
"""Bluesky takes an account's id for a handle."""
LONGEST_HANDLE = 253
"""Source: atproto.com, specs/handle."""
ADDRESS = re.compile(
    r"(?:(?:https?:)?//(?:www\.)?(?:bsky\.app|fxbsky\.app|bskyx\.app)(?::\d{1,5})?(?=[/?#]|$)"
    r"|(?:www\.)?(?:bsky\.app|fxbsky\.app|bskyx\.app)(?=/)"
    r"|at://)(?P<rest>.*)",
    re.IGNORECASE,
)
"""An address on Bluesky's site, or on one that shows its posts under the same paths, or in the protocol's own form.

bsky.app alone is the handle of an account.
"""
BRIDGE = ".ap.brid.gy"
"""The end of the handles of copies that Bridgy Fed makes: alice.social.example.ap.brid.gy is @alice@social.example."""


def is_address(text: str) -> bool:
    return ADDRESS.fullmatch(text) is not None


def handle_in_address(text: str) -> str | None:
    """The account of an address: of its profile, a tab of it, or a post. None for a page of Bluesky's own."""
    address = ADDRESS.fullmatch(text)
    if address is None:
        return None
    if text[:5].lower() == "at://":
        name = address["rest"].partition("/")[0]
    else:
        parts = [unquote(part) for part in urlsplit(address["rest"]).path.split("/") if part]
        name = parts[1].removeprefix("@") if len(parts) > 1 and parts[0] == "profile" else ""
    return name.lower() if is_handle(name) else None


def is_handle(text: str) -> bool:
    return len(text) <= LONGEST_HANDLE and re.fullmatch(HANDLE, text) is not None


def other_names(_handle: str, remote_id: str) -> list[str]:
    return [remote_id]


def original_of(handle: str) -> str | None:
    """The account that this one is a copy of, as its own network calls it; None for one that is no copy."""
    user, _, host = handle.lower().removesuffix(BRIDGE).partition(".")
    return f"@{user}@{host}" if handle.lower().endswith(BRIDGE) and "." in host else None


def profile_address(handle: str) -> str:
    return f"https://bsky.app/profile/{handle}"


def post_address(_handle: str, remote_id: str, post_id: str) -> str:
    return f"https://bsky.app/profile/{remote_id}/post/{post_id}"


def limits(_settings: Settings) -> Limits:
    """One budget for all requests, since they are counted by the IP address that they come from."""
    return Limits(requests=REQUESTS, window=RATE_LIMIT_WINDOW)


def is_on(settings: Settings) -> bool:
    return KEY in settings.networks


def why_off(_settings: Settings) -> LazyString:
    return switched_off(NAME)


BLUESKY = Network(
    key=KEY,
    name=NAME,
    posts="own posts, threads and replies to others, without reposts",
    package=__package__,
    nouns={Metric.REPOSTS: lazy_gettext("reposts")},
    lacks=frozenset({Metric.VIEWS}),
    handle=HANDLE,
    longest_handle=LONGEST_HANDLE,
    is_address=is_address,
    handle_in_address=handle_in_address,
    address_example="https://bsky.app/profile/bsky.app",
    other_names=other_names,
    profile_address=profile_address,
    post_address=post_address,
    page_title=r"(?<=\))\s*[\u2014\u2013-]\s*Bluesky(?!\S)",
    limits=limits,
    posts_per_request=POSTS_PER_REQUEST,
    profiles_per_request=PROFILES_PER_REQUEST,
    is_on=is_on,
    why_off=why_off,
)
