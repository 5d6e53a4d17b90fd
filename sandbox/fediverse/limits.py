"""The request limits of a Mastodon server: each guest's address has a number of requests in each period."""

from dataclasses import dataclass
from datetime import datetime, timedelta

REQUESTS, PERIOD = 300, timedelta(minutes=5)
"""Of one who is not signed in. Source: docs.joinmastodon.org, api/rate-limits."""
PAGES, PAGES_PERIOD = 300, timedelta(minutes=15)
"""Requests with max_id, since_id, min_id or page. Source: Mastodon's config/initializers/rack_attack.rb."""


@dataclass
class Window:
    """The requests of one guest within one period.

    Periods begin at the multiples of their length since 1970, whenever the first request comes.
    """

    limit: int
    period: timedelta
    number: int
    used: int = 0

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.used)

    @property
    def exceeded(self) -> bool:
        return self.used > self.limit

    def headers(self, now: datetime) -> dict[str, str]:
        """As Mastodon computes the end of the period: it keeps the microseconds of now."""
        seconds = int(self.period.total_seconds())
        resets_at = now + timedelta(seconds=seconds - int(now.timestamp()) % seconds)
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": resets_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        }


class Limits:
    """Each guest's windows on one server. requests, pages: how many it allows in a period."""

    def __init__(self, requests: int = REQUESTS, pages: int = PAGES) -> None:
        self.requests, self.pages = requests, pages
        self._windows: dict[tuple[str, timedelta], Window] = {}

    def take(self, guest: str, now: datetime, *, is_page: bool) -> Window:
        """Count a request; returns the window that has the fewest requests left, whose limit it may exceed."""
        windows = [self._count(guest, now, self.requests, PERIOD)]
        if is_page:
            windows.append(self._count(guest, now, self.pages, PAGES_PERIOD))
        return min(windows, key=lambda window: window.limit - window.used)

    def _count(self, guest: str, now: datetime, limit: int, period: timedelta) -> Window:
        number = int(now.timestamp()) // int(period.total_seconds())
        window = self._windows.get((guest, period))
        if window is None or window.number != number:
            window = self._windows[guest, period] = Window(limit, period, number)
        window.used += 1
        return window
