"""What one process keeps of each server: whose turn it is, whether it is to be asked, and how much it allows."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from weakref import WeakValueDictionary

from pipeline import clock
from pipeline.errors import ServiceError
from pipeline.records import LazyString, RequestWindow
from pipeline.sources.fediverse import refusals, windows
from pipeline.sources.problems import not_in_time

KEPT = 0.25
"""The part of a server's requests that names that people look up leave to the accounts that are tracked."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A server that is not asked until a moment, and why."""

    until: datetime
    reason: LazyString


class Servers:
    """By their hosts; threads share it."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._locks: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()
        self._stops: dict[str, Stop] = {}
        self._windows: dict[str, RequestWindow] = {}

    def stop_of(self, host: str) -> Stop | None:
        """Why the server is not asked now, and until when."""
        stop = self._stops.get(host)
        return stop if stop and stop.until > clock.now() else None

    def refuse(self, error: ServiceError, host: str) -> ServiceError:
        """Note that the server is not to be asked for the error's time; returns the error."""
        now = clock.now()
        with self._guard:
            for name in [name for name, stop in self._stops.items() if stop.until <= now]:
                del self._stops[name]
            if error.retry_after is not None:
                self._stops[host] = Stop(now + error.retry_after, error.text)
        return error

    @contextmanager
    def turn(self, host: str, ends_at: float) -> Iterator[None]:
        """Wait until no other request to the server is under way. Raises NotAskedError."""
        with self._guard:
            lock = self._locks.setdefault(host, threading.Lock())
        left_s = ends_at - time.monotonic()
        if not lock.acquire(timeout=max(0.0, min(left_s, threading.TIMEOUT_MAX))):
            raise refusals.not_asked(host, not_in_time(host))
        try:
            if stop := self.stop_of(host):
                raise refusals.not_asked(host, stop.reason)
            yield
        finally:
            lock.release()

    def observe(self, host: str, headers: windows.Headers) -> None:
        """Note what the server allows; where that is nothing more, it is not asked until its window ends."""
        now = clock.now()
        window = windows.request_window(headers, host, now)
        if window is None:
            return
        with self._guard:
            self._windows[host] = window
        if window.remaining == 0 and window.resets_at > now:
            self.refuse(refusals.too_many(host, window.resets_at - now), host)

    def check_spare(self, host: str) -> None:
        """Raises NotAskedError where the server allows so few more requests that timelines need them."""
        window = self._windows.get(host)
        if window is not None and window.resets_at > clock.now() and window.remaining < KEPT * window.limit:
            raise refusals.not_asked(host, refusals.too_many(host, refusals.PAUSE).text)

    def windows(self) -> tuple[RequestWindow, ...]:
        """How much each server may be asked, as its last answer told; without those that have ended."""
        now = clock.now()
        with self._guard:
            self._windows = {host: window for host, window in self._windows.items() if window.resets_at > now}
            return tuple(self._windows.values())
