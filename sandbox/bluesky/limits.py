"""Bluesky's request limit: a number of requests in a window, for all of an IP address together."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass
class Limits:
    """requests: in each window; None: the answers tell of no limit, as the public API's do. used: in this window."""

    requests: int | None = None
    window: timedelta = timedelta(minutes=5)
    used: int = 0
    ends_at: datetime | None = None

    def take(self, now: datetime) -> dict[str, str] | None:
        """Count a request; returns the headers that tell of the limit, None without one."""
        if self.requests is None:
            return None
        if self.ends_at is None or self.ends_at <= now:
            self.used, self.ends_at = 0, now.replace(microsecond=0) + self.window
        self.used += 1
        return {
            "RateLimit-Limit": str(self.requests),
            "RateLimit-Remaining": str(max(0, self.requests - self.used)),
            "RateLimit-Reset": str(int(self.ends_at.timestamp())),
            "RateLimit-Policy": f"{self.requests};w={self.window.total_seconds():.0f}",
        }

    @property
    def exceeded(self) -> bool:
        return self.requests is not None and self.used > self.requests
