"""X's request limits: so many calls of one endpoint in 15 minutes, for each app."""

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
    """agreed: what an enterprise has agreed on with X, instead of each endpoint's usual limit."""

    def __init__(self, agreed: int | None = None) -> None:
        self._windows: dict[tuple[str, str], Window] = {}
        self._agreed = agreed

    def take(self, endpoint: str, bearer: str, limit: int, now: datetime) -> Window:
        """Counts one call and returns its window, which may be exceeded now."""
        window = self._windows.get((endpoint, bearer))
        if window is None or window.ends_at <= now:
            window = self._windows[endpoint, bearer] = Window(
                self._agreed or limit, now.replace(microsecond=0) + WINDOW
            )
        window.used += 1
        return window
