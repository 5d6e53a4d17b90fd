"""X: what it counts and calls it, its handles and addresses, its prices and limits."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qs, unquote, urlsplit

from pipeline.i18n import lazy_gettext
from pipeline.records import LazyString, Metric, Post
from pipeline.settings import Settings
from pipeline.sources.problems import switched_off
from pipeline.sources.source import Limits, Network, Price

KEY, NAME = "x", "X"
POSTS_PER_REQUEST = 100  # GET /2/users/:id/tweets and /2/tweets
PROFILES_PER_REQUEST = 100  # GET /2/users and /2/users/by
RATE_LIMIT_WINDOW = timedelta(minutes=15)
RATE_LIMIT_HEADERS = "x-rate-limit-"
LOOK_UPS = 3_500
"""Requests to GET /2/tweets in each window, with an app's token. Source: docs.x.com, x-api/fundamentals/rate-limits."""
PRICE = Price(post_usd=Decimal("0.005"), profile_usd=Decimal("0.010"))
"""Source: docs.x.com, getting-started/pricing."""
VIEWS_SINCE = datetime(2022, 12, 15, tzinfo=UTC)
"""X counts views since that day, in the course of which it began; of older posts it says 0."""
HANDLE = "[A-Za-z0-9_]{1,50}"
"""Some old handles are longer than the 15 letters that X allows today."""
LONGEST_HANDLE = 15
"""X refuses a whole look-up with a longer handle in it. Source: X's OpenAPI document."""
ADDRESS = re.compile(
    r"(?:(?:https?:)?//)?(?:(?:www|mobile|m)\.)?"
    r"(?:(?:x|twitter|fxtwitter|vxtwitter|fixupx|fixvx|xcancel)\.com|nitter\.net)(?::\d{1,5})?(?P<rest>[/?#].*)?",
    re.IGNORECASE,
)
"""An address on X, or on a site that shows X's posts under the same paths."""
PAGES = frozenset(
    (
        *("about", "account", "bookmarks", "communities", "compose", "download", "explore", "followers", "following"),
        *("hashtag", "home", "i", "intent", "jobs", "lists", "login", "logout", "messages", "notifications", "oauth"),
        *("privacy", "search", "search-advanced", "settings", "share", "signup", "topics", "tos", "who_to_follow"),
    )
)
"""Paths on X that are no account's."""


def views_are_counted(created_at: datetime, views: int | None) -> bool:
    """Whether this is how often the post was seen. A 0 of the first day says that the count had not begun."""
    if views is None or created_at < VIEWS_SINCE:
        return False
    return views > 0 or created_at >= VIEWS_SINCE + timedelta(days=1)


def why_unknown(metric: Metric, posts: Sequence[Post]) -> LazyString | None:
    """Why X told this metric of none of these posts, where it is their age."""
    if metric is Metric.VIEWS and not any(views_are_counted(post.created_at, 1) for post in posts):
        return lazy_gettext("views not counted before 15 Dec 2022")
    return None


def is_address(text: str) -> bool:
    return ADDRESS.fullmatch(text) is not None


def handle_in_address(text: str) -> str | None:
    """The account of an address on X: of its profile, a tab of it, or a post. None for a page of X's own."""
    address = ADDRESS.fullmatch(text)
    if address is None:
        return None
    parts = urlsplit(f"https://x.com{(address['rest'] or '').replace('/#!/', '/', 1)}")
    names = [unquote(part).removeprefix("@") for part in parts.path.split("/") if part]
    if names[:1] == ["intent"]:
        names = parse_qs(parts.query).get("screen_name", [])
    first = names[0] if names else ""
    return first if re.fullmatch(HANDLE, first) and first.lower() not in PAGES else None


def profile_address(handle: str) -> str:
    return f"https://x.com/{handle}"


def post_address(_handle: str, _remote_id: str, post_id: str) -> str:
    return f"https://x.com/i/status/{post_id}"


def limits(settings: Settings) -> Limits:
    """X counts an app's requests in windows of 15 minutes, those for timelines and those for posts apart."""
    return Limits(
        requests=settings.x_requests_per_15_min,
        window=RATE_LIMIT_WINDOW,
        look_ups=LOOK_UPS,
        daily_usd=settings.x_daily_usd,
        monthly_usd=settings.x_monthly_usd,
    )


def is_on(settings: Settings) -> bool:
    return KEY in settings.networks and settings.x_bearer_token is not None


def why_off(settings: Settings) -> LazyString:
    if KEY not in settings.networks:
        return switched_off(NAME)
    return lazy_gettext(
        "{network} is off: it costs money, and the bot's owner has not set X_BEARER_TOKEN.", network=NAME
    )


X = Network(
    key=KEY,
    name=NAME,
    posts="own posts, threads and replies to others, without retweets",
    package=__package__,
    nouns={Metric.REPOSTS: lazy_gettext("retweets")},
    synonyms={"retweet": Metric.REPOSTS},
    why_unknown=why_unknown,
    unknown_notes={Metric.VIEWS: "of posts made before 15 December 2022"},
    handle=HANDLE,
    longest_handle=LONGEST_HANDLE,
    is_address=is_address,
    handle_in_address=handle_in_address,
    address_example="https://x.com/spacex",
    profile_address=profile_address,
    post_address=post_address,
    page_title=r"(?<=\))\s*/\s*(?:X|Twitter)(?!\S)",
    price=PRICE,
    limits=limits,
    posts_per_request=POSTS_PER_REQUEST,
    profiles_per_request=PROFILES_PER_REQUEST,
    is_on=is_on,
    why_off=why_off,
)
