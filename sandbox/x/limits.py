"""X's request limits: for each app, a number of requests to each endpoint in 15 minutes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

WINDOW = timedelta(minutes=15)
OF_AN_APP = {"timelines": 10_000, "posts": 3_500, "profiles": 300, "usage": 50}
"""With an app's token. Source: docs.x.com, x-api/fundamentals/rate-limits."""


@dataclass
class Window:
    limit: int
    ends_at: datetime
    used: int = 0

    @property
    def exceeded(self) -> bool:
        return self.used > self.limit

    def headers(self) -> dict[str, str]:
        return {
            "x-rate-limit-limit": str(self.limit),
            "x-rate-limit-remaining": str(max(0, self.limit - self.used)),
            "x-rate-limit-reset": str(int(self.ends_at.timestamp())),
        }


class Limits:
    """The requests in each window. allowed: how many, by kind of endpoint, where that is not what an app may send."""

    def __init__(self, allowed: Mapping[str, int] | None = None) -> None:
        self._windows: dict[tuple[str, str], Window] = {}
        self.allowed = {**OF_AN_APP, **(allowed or {})}

    def take(self, endpoint: str, bearer: str, kind: str, now: datetime) -> Window:
        """Count a request; returns its window, whose limit it may exceed. kind: of the endpoint."""
        window = self._windows.get((endpoint, bearer))
        if window is None or window.ends_at <= now:
            window = Window(self.allowed[kind], now.replace(microsecond=0) + WINDOW)
            self._windows[endpoint, bearer] = window
        window.used += 1
        return window
