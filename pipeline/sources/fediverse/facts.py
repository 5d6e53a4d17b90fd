"""The fediverse: what its servers count and call it, handles and addresses, and how much a server may be asked."""

import re
from datetime import timedelta
from urllib.parse import urlsplit

import idna

from pipeline.i18n import lazy_gettext
from pipeline.records import LazyString, Metric
from pipeline.settings import Settings
from pipeline.sources.problems import switched_off
from pipeline.sources.source import Limits, Network

KEY, NAME, SHORT_NAME = "fediverse", lazy_gettext("the fediverse"), "Fediverse"
POSTS_PER_REQUEST = 40
"""The most that GET /api/v1/accounts/:id/statuses returns. Source: docs.joinmastodon.org, methods/accounts."""
PROFILES_PER_REQUEST = 5
"""Each is asked for apart, on its own server."""
USER = r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,62}[A-Za-z0-9_])?"
LABEL = r"[^\W_](?:[^\W_]|-){0,62}"
HOST = rf"(?:{LABEL}\.)+(?:xn--[A-Za-z0-9-]{{1,59}}|[^\W\d_]{{2,63}})"
"""A server's name. Letters of other scripts stand for their punycode; pipeline.sources.fediverse.hosts says more."""
HANDLE = f"{USER}@{HOST}"
LONGEST_HANDLE = 150
"""Letters of a handle: 64 of a name, as long as any software allows, and those of a server's name that people type."""
ADDRESS = re.compile(
    rf"(?:(?:https?:)?//)?(?P<host>{HOST})(?::443)?/(?:(?:web|deck)/)?"
    rf"(?:@|%40|users/)(?P<user>{USER})(?:(?:@|%40)(?P<home>{HOST}))?(?:[/?#].*)?",
    re.IGNORECASE,
)
"""An address on a server: of a profile, a tab of it, or a post. With a second host the first one only shows it."""
ACCT = re.compile(rf"acct:@?(?P<handle>{HANDLE})", re.IGNORECASE)
"""An account as servers name it to each other: RFC 7565."""
OTHER_SITES = re.compile(r"(?:[a-z]+\.)?(?:youtube|tiktok|medium|threads)\.(?:com|net)|t\.me", re.IGNORECASE)
"""Sites whose profiles have addresses of the same shape, and that Mastodon's API does not show."""


def is_address(text: str) -> bool:
    return handle_in_address(text) is not None


def handle_in_address(text: str) -> str | None:
    if acct := ACCT.fullmatch(text):
        return acct["handle"]
    address = ADDRESS.fullmatch(text)
    if address is None or OTHER_SITES.fullmatch(address["host"]):
        return None
    return f"{address['user']}@{address['home'] or address['host']}"


def other_names(handle: str, remote_id: str) -> list[str]:
    """With its server's own name in place of a domain that only stands for it, and with the letters of a punycode."""
    user, _, host = handle.partition("@")
    hosts = {server(remote_id) or host, _in_letters(host)} - {host}
    return [f"{user}@{each}" for each in sorted(hosts)]


def _in_letters(host: str) -> str:
    try:
        return idna.decode(host)
    except (idna.IDNAError, UnicodeError):
        return host


def profile_address(handle: str) -> str:
    user, _, host = handle.partition("@")
    return f"https://{host}/@{user}"


def post_address(handle: str, remote_id: str, post_id: str) -> str:
    """Where the account's own server shows the post, as Mastodon has it."""
    return f"https://{server(remote_id)}/@{handle.partition('@')[0]}/{post_id}"


def server(remote_id: str) -> str | None:
    """The host that the account is read on, which may be another than its handle names."""
    return urlsplit(remote_id).hostname


def handle_server(handle: str) -> str | None:
    return handle.partition("@")[2].lower()


def limits(_settings: Settings) -> Limits:
    """Half of what Mastodon allows an IP address, for each server: 300 requests in 5 minutes, and 300 of those for
    further pages in 15 minutes. A guest's answer may come out of a cache for 15 seconds.

    Sources: docs.joinmastodon.org, api/rate-limits; Mastodon's rack_attack.rb and caching_concern.rb.
    """  # noqa: D205 one sentence
    return Limits(
        requests=150,
        window=timedelta(minutes=5),
        older_requests=50,
        every=timedelta(seconds=15),
        older_every=timedelta(minutes=5),
    )


def is_on(settings: Settings) -> bool:
    return KEY in settings.networks


def why_off(_settings: Settings) -> LazyString:
    return switched_off(SHORT_NAME)


FEDIVERSE = Network(
    key=KEY,
    name=NAME,
    posts="own posts and threads, without reposts and replies to others",
    reads_replies=False,
    label=SHORT_NAME,
    package=__package__,
    nouns={Metric.REPOSTS: lazy_gettext("boosts"), Metric.LIKES: lazy_gettext("favourites")},
    synonyms={
        **dict.fromkeys(("boost", "boosts", "reblog", "reblogs"), Metric.REPOSTS),
        **dict.fromkeys(("favourite", "favourites", "favorite", "favorites"), Metric.LIKES),
    },
    lacks=frozenset({Metric.VIEWS, Metric.BOOKMARKS}),
    varies=frozenset({Metric.QUOTES}),
    unknown_notes={Metric.QUOTES: "of servers older than Mastodon 4.5"},
    handle=HANDLE,
    longest_handle=LONGEST_HANDLE,
    is_address=is_address,
    handle_in_address=handle_in_address,
    address_example="https://mastodon.social/@Mastodon",
    other_names=other_names,
    profile_address=profile_address,
    post_address=post_address,
    server=server,
    handle_server=handle_server,
    limits=limits,
    posts_per_request=POSTS_PER_REQUEST,
    profiles_per_request=PROFILES_PER_REQUEST,
    is_on=is_on,
    why_off=why_off,
)
