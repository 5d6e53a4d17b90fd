"""The clock that everything goes by: that of Redis, which all machines reach. Their own differ, and jump."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

log = logging.getLogger(__name__)

AGAIN_S = 2
"""A measurement is as old as that at most, where Redis answers."""
WITHIN_S = 1
SLOW_S = 0.5
"""An answer that took longer tells the time less exactly than what was measured before."""
JUMP_S = 0.5
OFF_S = 5
"""So far a machine's clock may differ from Redis' without a word."""
steady: Callable[[], float] = (
    (lambda: time.clock_gettime(time.CLOCK_BOOTTIME)) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic
)
"""Seconds since some moment, by what never jumps; on Linux also through a machine's sleep."""


def _own() -> float:
    """This machine's clock, as its distance to the steady one."""
    return time.time() - steady()


class _Clock:
    """All as distances to the steady clock. ahead: how far the machine's clock was when that was said last."""

    def __init__(self, ask: Callable[[], Any] | None = None, *, by_itself: bool = False) -> None:
        self.ask, self.by_itself = ask, by_itself
        self.shared = self.own = _own()
        self.is_measured = False
        self.tried_at = -float("inf")
        self.failed = False
        self.ahead = 0.0

    def is_old(self) -> bool:
        return steady() - self.tried_at > AGAIN_S or (not self.failed and abs(_own() - self.own) > JUMP_S)

    def measure(self) -> None:
        if self.ask is None or (self.failed and steady() - self.tried_at <= AGAIN_S):
            return
        self.own, self.tried_at = _own(), steady()
        try:
            seconds, microseconds = self.ask()  # as Redis' TIME tells it
        except RedisError:  # the last measurement goes on
            self.failed = True
            return
        self.failed = False
        took = steady() - self.tried_at
        if took <= SLOW_S or not self.is_measured:
            self.shared = seconds + microseconds / 1e6 - self.tried_at - took / 2
            self.is_measured = True
            self._compare()

    def _compare(self) -> None:
        ahead = self.own - self.shared
        if abs(ahead - self.ahead) <= OFF_S:
            return
        self.ahead = ahead
        if abs(ahead) > OFF_S:
            side = "ahead of" if ahead > 0 else "behind"
            log.warning("this machine's clock is %.0f s %s Redis', by which Tallybird goes: set it", abs(ahead), side)
        else:
            log.info("this machine's clock goes with Redis' again")


_clock = _Clock()


def now() -> datetime:
    """The time, aware, in UTC; by the machine's own clock as long as no Redis is followed."""
    if _clock.ask is None:
        return datetime.now(UTC)
    if _clock.by_itself and _clock.is_old():
        _clock.measure()
    return datetime.fromtimestamp(_clock.shared + steady(), UTC)


def follow(address: str, *, by_itself: bool = True) -> None:
    """Go by this Redis' clock from now on, in this process and those it forks.

    by_itself: `now` measures again where that is due, and may wait a second for Redis; else somebody calls `measure`.
    """
    global _clock  # noqa: PLW0603 a process has one clock
    redis = Redis.from_url(
        address, socket_timeout=WITHIN_S, socket_connect_timeout=WITHIN_S, retry=Retry(NoBackoff(), 0)
    )
    _clock = _Clock(redis.time, by_itself=by_itself)
    _clock.measure()


def measure() -> None:
    """Ask Redis for the time. While it does not answer, what it said last goes on."""
    _clock.measure()
