"""What the headers of an answer tell of how much its server may be asked."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from pipeline.records import RequestWindow

COUNT = re.compile(r"[0-9]{1,9}")
SECONDS = re.compile(r"[0-9]{1,10}")
LONGEST_WINDOW = timedelta(hours=1)
"""Mastodon's longest for reading is 15 minutes; whatever else a server says, it is tried again after this time."""
WINDOW = timedelta(minutes=5)
"""Mastodon's, where an answer does not tell. Source: docs.joinmastodon.org, api/rate-limits."""
Headers = Mapping[str, str]


def request_window(headers: Headers, server: str, now: datetime) -> RequestWindow | None:
    """The window that the headers tell of, of the tightest of the server's limits; None where they tell of none."""
    limit, remaining = (headers.get(f"x-ratelimit-{name}", "") for name in ("limit", "remaining"))
    resets_at = _moment(headers.get("x-ratelimit-reset", ""))
    if not (COUNT.fullmatch(limit) and COUNT.fullmatch(remaining)) or resets_at is None:
        return None
    return RequestWindow("timelines", int(limit), int(remaining), min(resets_at, now + LONGEST_WINDOW), server)


def wait(headers: Headers, server: str, now: datetime) -> timedelta:
    """How long to wait after a refusal for too many requests. Mastodon tells it by its window alone."""
    after, window = headers.get("retry-after", ""), request_window(headers, server, now)
    if SECONDS.fullmatch(after):
        return min(timedelta(seconds=max(1, int(after))), LONGEST_WINDOW)
    return max(timedelta(seconds=1), window.resets_at - now) if window else WINDOW


def _moment(text: str) -> datetime | None:
    """Mastodon writes a time as in ISO 8601, other software seconds since 1970."""
    try:
        at = datetime.fromtimestamp(int(text), UTC) if SECONDS.fullmatch(text) else datetime.fromisoformat(text)
        return at.astimezone(UTC) if at.tzinfo else None
    except (ValueError, OverflowError):
        return None
