"""X's bill equals the ledger to the post, and passes no limit, whatever happens in between."""

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from tests.conftest import until
from tests.e2e.authors import (
    POSTS,
    TIMELINE,
    USAGE,
    Author,
    authors,
    clock_of,
    set_clock,
    stored_of,
    stored_posts,
    ticks,
    track,
    wait_for_ticks,
)
from tests.e2e.books import billed, by_day, is_balanced, read_books, uncounted
from tests.e2e.chat import Json
from tests.e2e.deployment import Deployment, running

TICKS = 200
CHAT = 4901
GUARD = timedelta(minutes=1)
UNDER_WAY = timedelta(seconds=2)
"""How long before the guard a request may have been planned that begins in it."""


def kill_in_flight(deployment: Deployment, victims: Sequence[psutil.Process], method: str, **fault: object) -> None:
    """Kill these processes once X has billed a call of this method and not yet answered it."""
    deployment.sandbox.post("faults", service="x", method=method, delay=0.7, **fault)
    until(lambda: not deployment.sandbox.get("faults"), within_s=30, every_s=0.02)
    for victim in victims:
        victim.kill()


def forked(*workers: psutil.Process) -> list[psutil.Process]:
    return [child for worker in workers for child in worker.children()]


@pytest.mark.timeout(600)
def test_the_bill_equals_the_ledger_over_many_ticks_a_midnight_two_workers_and_kills(tmp_path: Path) -> None:
    settings = {"X_DAILY_USD": "20", "X_MONTHLY_USD": "600"}
    with (
        running(tmp_path, None, settings, tick_s=1) as deployment,
        deployment.extra_process("pipeline", "worker") as second,
    ):
        sandbox = deployment.sandbox
        ahead_s = set_clock(sandbox, 23, 57, 50)
        midnight = clock_of(sandbox).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        made = authors(sandbox, [130, 100, 40, 25, 8, 1])
        made[1].write(30, is_repost=True)
        track(deployment, 4001, made[:4])
        kill_in_flight(deployment, forked(deployment.process("worker"), second), TIMELINE)
        track(deployment, 4002, made[2:])
        until(lambda: is_balanced(deployment) and stored_posts(deployment) >= 100 + 100 + 40 + 25 + 8 + 1, 60)
        until(lambda: clock_of(sandbox) > midnight - GUARD - timedelta(seconds=8), within_s=90)
        kill_in_flight(deployment, [deployment.process("worker"), *forked(deployment.process("worker"))], POSTS)
        until(lambda: clock_of(sandbox) > midnight - GUARD + UNDER_WAY)
        assert "a new day is about to begin" in track(deployment, 4001, authors(sandbox, [3]))
        for step in itertools.count():
            live(made, step)
            if step % 8 == 4:
                lost = {"status": 503, "accepted": True} if step % 16 == 4 else {}
                kill_in_flight(deployment, forked(deployment.process("worker"), second), TIMELINE, **lost)
            assert not uncounted(deployment)
            wait_for_ticks(deployment, 3)
            if ticks(deployment) >= TICKS and clock_of(sandbox) > midnight + GUARD + timedelta(seconds=20):
                break
        until(lambda: is_balanced(deployment), within_s=60)
        assert {day for day, _ in billed(deployment)} == {f"{midnight - GUARD:%Y-%m-%d}", f"{midnight:%Y-%m-%d}"}
        assert max(by_day(billed(deployment)).values()) <= 20
        check_the_guard(deployment, midnight, ahead_s)


def live(made: Sequence[Author], step: int) -> None:
    """Make a post, or more than a request for new posts asks for at first; sometimes delete an older one."""
    made[step % len(made)].write(12 if step % 9 == 8 else 1)
    if step % 5 == 0:
        author = made[step // 5 % 4]
        author.delete(author.posts[-20])


def check_the_guard(deployment: Deployment, midnight: datetime, ahead_s: float) -> None:
    """Only requests that cost nothing for posts known were sent around midnight, and the new day's list after it."""
    calls = [(datetime.fromtimestamp(call["at"] + ahead_s, UTC), call) for call in deployment.sandbox.calls("x")]
    around = [call for at, call in calls if midnight - GUARD + UNDER_WAY <= at < midnight + GUARD]
    assert len(around) > 2 * 60
    assert [call for call in around if not (is_for_new_posts(call) or call["method"] == USAGE)] == []
    assert [call for at, call in calls if at < midnight - GUARD and call["method"] == POSTS]
    assert [call for at, call in calls if at >= midnight + GUARD and call["method"] == POSTS]
    assert read_books(deployment).planned_on == f"{midnight:%Y-%m-%d}"


def is_for_new_posts(call: Json) -> bool:
    return call["method"] == TIMELINE and "since_id" in call["params"]


def test_more_posts_of_each_account_are_read_after_the_setting_was_raised_within_the_limit(tmp_path: Path) -> None:
    settings = {"X_DAILY_USD": "3", "X_MONTHLY_USD": "90", "POSTS_PER_ACCOUNT": "100"}
    with running(tmp_path, None, settings, tick_s=1) as deployment:
        set_clock(deployment.sandbox, 12, 0)
        deep, deeper = authors(deployment.sandbox, [150, 1100], hours_apart=1)
        track(deployment, CHAT, [deep, deeper])
        until(lambda: stored_of(deployment, deep) == stored_of(deployment, deeper) == 100, within_s=60)
        deployment.stop()
        deployment.environment["POSTS_PER_ACCOUNT"] = "1000"
        deployment.start()
        until(lambda: stored_of(deployment, deep) == 150, within_s=60)
        wait_for_ticks(deployment, 8)
        assert 100 < stored_of(deployment, deeper) < 1000
        [spent] = by_day(read_books(deployment).spent).values()
        assert deployment.sandbox.get("x/bill")["usd"] <= spent <= 3
