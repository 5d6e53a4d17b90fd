"""The clock that all processes share: that of Redis. The machines' own clocks differ, and jump."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

log = logging.getLogger(__name__)

MEASURE_EVERY_S = 2
"""How old a measurement may be while Redis answers."""
TIMEOUT_S = 1
SLOW_ANSWER_S = 0.5
"""The time in a slower answer is less exact than an earlier measurement."""
JUMP_S = 0.5
"""The machine's clock has been set if it moved this far against the monotonic one."""
TOLERATED_S = 5
"""How far a machine's clock may differ from Redis' without a warning."""
steady: Callable[[], float] = (
    (lambda: time.clock_gettime(time.CLOCK_BOOTTIME)) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic
)
"""Seconds of a clock that never jumps, and on Linux also runs while the machine sleeps."""


def _own() -> float:
    """This machine's clock, in seconds ahead of the steady one."""
    return time.time() - steady()


class _Clock:
    """Redis' clock and the machine's own, each in seconds ahead of the steady one, as measured last.

    logged_s: how far the machine's clock was ahead of Redis' when that was logged last.
    """

    def __init__(self, ask: Callable[[], Any] | None = None, *, automatic: bool = False) -> None:
        self.ask, self.automatic = ask, automatic
        self.shared = self.own = _own()
        self.is_measured = False
        self.attempted_at = -float("inf")
        self.failed = False
        self.logged_s = 0.0

    def is_old(self) -> bool:
        return steady() - self.attempted_at > MEASURE_EVERY_S or (not self.failed and abs(_own() - self.own) > JUMP_S)

    def measure(self) -> None:
        if self.ask is None or (self.failed and steady() - self.attempted_at <= MEASURE_EVERY_S):
            return
        self.own, self.attempted_at = _own(), steady()
        try:
            seconds, microseconds = self.ask()  # the answer to Redis' TIME
        except RedisError:  # the last measurement stays
            self.failed = True
            return
        self.failed = False
        took = steady() - self.attempted_at
        if took <= SLOW_ANSWER_S or not self.is_measured:
            self.shared = seconds + microseconds / 1e6 - self.attempted_at - took / 2
            self.is_measured = True
            self._compare()

    def _compare(self) -> None:
        ahead = self.own - self.shared
        if abs(ahead - self.logged_s) <= TOLERATED_S:
            return
        self.logged_s = ahead
        if abs(ahead) > TOLERATED_S:
            side = "ahead of" if ahead > 0 else "behind"
            log.warning("this machine's clock is %.0f s %s Redis', by which Tallybird goes: set it", abs(ahead), side)
        else:
            log.info("this machine's clock goes with Redis' again")


_clock = _Clock()


def now() -> datetime:
    """The time, aware, in UTC; the machine's own as long as `follow` was not called."""
    if _clock.ask is None:
        return datetime.now(UTC)
    if _clock.automatic and _clock.is_old():
        _clock.measure()
    return datetime.fromtimestamp(_clock.shared + steady(), UTC)


def follow(address: str, *, automatic: bool = True) -> None:
    """Use this Redis' clock from now on, in this process and in those that it forks.

    automatic: `now` measures again when that is due, and may block for a second; otherwise `measure` must be called.
    """
    global _clock  # noqa: PLW0603 a process has one clock
    redis = Redis.from_url(
        address, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S, retry=Retry(NoBackoff(), 0)
    )
    _clock = _Clock(redis.time, automatic=automatic)
    _clock.measure()


def measure() -> None:
    """Ask Redis for the time. If it does not answer, its last answer stays in use."""
    _clock.measure()
