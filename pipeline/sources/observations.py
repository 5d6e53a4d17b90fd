"""What the headers of a network's answers tell: its clock, and how many requests it allows."""

import re
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from pipeline import clock
from pipeline.records import Observed, RequestWindow

HALF_A_SECOND = timedelta(seconds=0.5)
"""A Date header has whole seconds: on average, the network's clock is half a second further."""
LONGEST_WINDOW = timedelta(hours=24)
"""A header that tells of a longer one is not relied on."""
COUNT = re.compile(r"[0-9]{1,9}")
MOMENT = re.compile(r"[0-9]{1,10}")
Headers = Mapping[str, str]


class Observations:
    """What the answers of one process told; its threads share it.

    prefix: what the names of the headers begin with that tell of the limits.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._lock = threading.Lock()
        self._observed = Observed()
        self._windows: dict[str, RequestWindow] = {}

    def add(self, kind: str, headers: Headers) -> None:
        """An answer has just come. kind: of its request, as in a RequestWindow."""
        now, answered_at = clock.now(), date(headers)
        with self._lock:
            if answered_at is not None:
                ahead_s = (answered_at + HALF_A_SECOND - now).total_seconds()
                self._observed = Observed(at=now, clock_ahead_s=ahead_s)
            window = request_window(self._prefix, kind, headers, answered_at or now)
            if window is not None:
                self._windows[kind] = _later(window, self._windows.get(kind))

    def observed(self) -> Observed:
        with self._lock:
            return replace(self._observed, windows=tuple(self._windows.values()))


def date(headers: Headers) -> datetime | None:
    """When the network answered, by its own clock, in UTC; None where the header is missing or is no moment."""
    try:
        at = parsedate_to_datetime(headers.get("date", ""))
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def request_window(prefix: str, kind: str, headers: Headers, now: datetime) -> RequestWindow | None:
    """The window that the headers tell of; None where one is missing or nonsense. now: by the network's clock."""
    limit, remaining = (headers.get(f"{prefix}{name}", "") for name in ("limit", "remaining"))
    reset = headers.get(f"{prefix}reset", "")
    if not (COUNT.fullmatch(limit) and COUNT.fullmatch(remaining) and MOMENT.fullmatch(reset)):
        return None
    resets_at = datetime.fromtimestamp(int(reset), UTC)
    if resets_at > now + LONGEST_WINDOW:
        return None
    return RequestWindow(kind, int(limit), int(remaining), resets_at)


def _later(new: RequestWindow, known: RequestWindow | None) -> RequestWindow:
    """Answers of one window may come in another order than they were given: after the later one fewer remain."""
    if known and (known.limit, known.resets_at) == (new.limit, new.resets_at) and known.remaining < new.remaining:
        return known
    return new
