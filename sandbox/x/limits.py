"""X's request limits: for each app, a number of requests to each endpoint in 15 minutes."""

from dataclasses import dataclass
from datetime import datetime, timedelta

WINDOW = timedelta(minutes=15)


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
    """override: one limit for all endpoints instead of their own, as X agrees on with enterprises."""

    def __init__(self, override: int | None = None) -> None:
        self._windows: dict[tuple[str, str], Window] = {}
        self._override = override

    def take(self, endpoint: str, bearer: str, limit: int, now: datetime) -> Window:
        """Count a request; returns its window, whose limit it may exceed."""
        window = self._windows.get((endpoint, bearer))
        if window is None or window.ends_at <= now:
            window = self._windows[endpoint, bearer] = Window(
                self._override or limit, now.replace(microsecond=0) + WINDOW
            )
        window.used += 1
        return window
