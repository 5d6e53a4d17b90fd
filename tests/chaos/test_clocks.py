"""Clocks that jump or differ, a machine that sleeps, and a second beat or bot."""

import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from pipeline.store import subscriptions
from pipeline.store.tables import Account
from tests.chaos.conftest import Report
from tests.chaos.data_loss import open_store
from tests.chaos.shifted_clock import Clock
from tests.chaos.subscribers import (
    TICK_S,
    TIMELINE,
    Restarts,
    Subscribers,
    charts,
    fresh_again,
    nothing_lost_or_repeated,
    pause,
    subscribe_chats,
)
from tests.conftest import until
from tests.e2e.chat import Chat, Json
from tests.e2e.deployment import Deployment, running

pytestmark = pytest.mark.timeout(240)
HOUR = timedelta(hours=1)
TAKEN_OVER_WITHIN_S = 15


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> Clock:
    return Clock(tmp_path_factory.mktemp("clock"))


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory, timelines: Path, clock: Clock) -> Iterator[Deployment]:
    with running(tmp_path_factory.mktemp("deployment"), timelines, clock.environment, tick_s=TICK_S) as started:
        yield started


@pytest.fixture(scope="module")
def subscribers(deployment: Deployment, timelines: Path) -> Subscribers:
    return subscribe_chats(deployment, timelines)


@dataclass
class Traffic:
    """Counts the services' calls since some call; a timeline counts once, however many pages it has."""

    deployment: Deployment
    since: int

    @classmethod
    def from_now(cls, deployment: Deployment) -> "Traffic":
        return cls(deployment, deployment.sandbox.last_call())

    def counts(self) -> Counter[str]:
        calls = [
            call for name in ("telegram", "x", "dropbox") for call in self.deployment.sandbox.calls(name, self.since)
        ]
        return Counter(call["method"] for call in calls if "pagination_token" not in call["params"])


def assert_no_burst(traffic: Traffic, ticks: int, changes: int) -> None:
    """Each service has no more calls than so many ticks and changes need.

    There are two accounts, one chat with a live chart, one with new messages, and one dataset.
    """
    counts = traffic.counts()
    assert counts[TIMELINE] <= 2 * ticks, counts
    assert counts["editMessageMedia"] <= changes, counts
    assert counts["sendPhoto"] <= changes, counts
    assert counts["files/upload"] <= changes + 1, counts  # an earlier change may have been uploaded now


def ticks_in(seconds: float) -> int:
    return int(seconds / TICK_S) + 1


@pytest.mark.parametrize("jump", [HOUR, -HOUR], ids=["forward", "back"])
def test_a_clock_that_jumps_an_hour(
    deployment: Deployment, subscribers: Subscribers, clock: Clock, jump: timedelta, report: Report
) -> None:
    with nothing_lost_or_repeated(subscribers):
        subscribers.wait_for(subscribers.raise_count(), within_s=3 * TICK_S)
        started, traffic = time.monotonic(), Traffic.from_now(deployment)
        clock.jump(jump)
        figure = subscribers.raise_count()
        fresh_s = fresh_again(subscribers, figure)
        pause(3 * TICK_S)
        assert_no_burst(traffic, ticks_in(time.monotonic() - started) + 1, changes=1)
        fresh_again(subscribers, subscribers.raise_count())
        report(f"the clock jumps {'forward' if jump > timedelta(0) else 'back'} by an hour", fresh_s=fresh_s)


APART_S = {"worker": 600, "second_worker": -30, "slow": -3600, "beat": -45, "bot": 180}
"""The seconds by which each process's clock is ahead of Redis'."""


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory, timelines: Path) -> Iterator[Subscribers]:
    """Of a deployment whose processes have different clocks, as if each ran on another machine."""
    folder = tmp_path_factory.mktemp("apart")
    lines = []
    for name, ahead_s in APART_S.items():
        folder_of_name = tmp_path_factory.mktemp(name)
        (clock := Clock(folder_of_name)).jump(timedelta(seconds=ahead_s))
        given = " ".join(f"{key}={value}" for key, value in clock.environment.items())
        module = "bot" if name == "bot" else f"pipeline {name.removeprefix('second_')}"
        lines.append(f"{name}: env {given} python -m {module}\n")
    (folder / "Procfile").write_text("".join(lines))
    with running(folder, timelines, tick_s=TICK_S, procfile=folder / "Procfile") as started:
        yield subscribe_chats(started, timelines)


def test_machines_with_different_clocks_work_like_one_machine(apart: Subscribers, report: Report) -> None:
    deployment, person = apart.deployment, apart.deployment.chat(504)
    person.ask(f"/track {' '.join(apart.handles)}")
    person.ask("/subscribe new 1h")
    until(lambda: charts(person), within_s=3 * TICK_S)
    waits_until = next_at(deployment, person)
    with nothing_lost_or_repeated(apart):
        apart.wait_for(apart.raise_count(), within_s=3 * TICK_S)
        started, traffic = time.monotonic(), Traffic.from_now(deployment)
        fresh_s = [fresh_again(apart, apart.raise_count()) for _ in range(4)]
        person.send("/compare")
        until(lambda: len(charts(person)) == 2, within_s=3 * TICK_S)
        assert traffic.counts()[TIMELINE] <= 2 * (ticks_in(time.monotonic() - started) + 1)
    assert next_at(deployment, person) == waits_until
    off = timedelta(hours=1) - (waits_until - datetime.now(UTC))
    assert timedelta(0) < off < timedelta(minutes=1)
    assert fetched_at(deployment) > datetime.now(UTC) - timedelta(seconds=5 * TICK_S)
    assert fetched_at(deployment) < datetime.now(UTC) + timedelta(seconds=1)
    report("machines' clocks up to an hour apart", fresh_s=max(fresh_s))


def test_each_machine_with_a_wrong_clock_logs_it_once(apart: Subscribers) -> None:
    log = apart.deployment.log.read_text(errors="replace")
    lines = re.findall(r"WARNING (\w+) .*this machine's clock is (\d+) s (ahead|behind)", log)
    seconds_off = {(name, side): int(seconds) for name, seconds, side in lines}
    assert len(lines) == len(APART_S)
    assert seconds_off.keys() == {
        *(("worker", "ahead"), ("worker", "behind")),
        *(("slow", "behind"), ("beat", "behind"), ("bot", "ahead")),
    }
    assert seconds_off["worker", "ahead"] == pytest.approx(600, abs=2)
    assert "set back" not in log


def next_at(deployment: Deployment, person: Chat) -> datetime:
    """The time of the chat's next message."""
    with open_store(deployment) as store, store.read_session() as db:
        [subscription] = subscriptions.list_of_chat(db, person.id)
        return subscription.next_at


def fetched_at(deployment: Deployment) -> datetime:
    """The time of the latest fetch of an account."""
    with open_store(deployment) as store, store.read_session() as db:
        return max(filter(None, db.scalars(select(Account.fetched_at))))


def test_a_machine_that_sleeps_for_ten_minutes(
    deployment: Deployment, subscribers: Subscribers, clock: Clock, report: Report
) -> None:
    with nothing_lost_or_repeated(subscribers):
        subscribers.wait_for(subscribers.raise_count(), within_s=3 * TICK_S)
        everything = [deployment.supervisor, *deployment.supervisor.children(recursive=True)]
        traffic = Traffic.from_now(deployment)
        for process in everything:
            process.suspend()
        clock.jump(timedelta(minutes=10))
        figure = subscribers.raise_count()
        pause(3 * TICK_S)
        for process in everything:
            process.resume()
        woken = time.monotonic()
        fresh_s = fresh_again(subscribers, figure)
        pause(3 * TICK_S)
        assert_no_burst(traffic, ticks_in(time.monotonic() - woken) + 1, changes=1)
        report("machine asleep for 10 minutes", fresh_s=fresh_s)


def test_two_beats_fetch_no_more_than_one(deployment: Deployment, subscribers: Subscribers, report: Report) -> None:
    restarts = Restarts(deployment, "beat")
    with nothing_lost_or_repeated(subscribers), deployment.extra_process("pipeline", "beat"):
        restarts.wait()
        started, traffic = time.monotonic(), Traffic.from_now(deployment)
        fresh_s = fresh_again(subscribers, subscribers.raise_count())
        pause(5 * TICK_S)
        assert_no_burst(traffic, ticks_in(time.monotonic() - started) + 1, changes=1)
        report("two beats at once", fresh_s=fresh_s)


def test_of_two_bots_one_waits_and_takes_over(deployment: Deployment, subscribers: Subscribers, report: Report) -> None:
    person = deployment.chat(503)
    with nothing_lost_or_repeated(subscribers), deployment.extra_process("bot"):
        until(lambda: logged(deployment, "waits as its standby"))
        fresh_s = [fresh_again(subscribers, subscribers.raise_count()) for _ in range(3)]
        sent = [person.send("/id") for _ in range(3)]
        until(lambda: len(answers(person, sent[0])) >= len(sent))
        pause(2 * TICK_S)
        assert len(answers(person, sent[0])) == len(sent)
        report("a second bot waits", fresh_s=max(fresh_s))
        bot, since = deployment.process("bot"), time.monotonic()
        bot.suspend()
        person.send("/id")
        until(lambda: len(answers(person, sent[0])) > len(sent))
        answered_s = time.monotonic() - since
        bot.resume()
        until(lambda: logged(deployment, "has taken over"))
        assert len(answers(person, sent[0])) == len(sent) + 1
        fresh_again(subscribers, subscribers.raise_count())
        assert answered_s < TAKEN_OVER_WITHIN_S
        report(f"of two bots one is frozen: the other answers after {answered_s:.0f} s")
    assert not logged(deployment, "Conflict")


def answers(person: Chat, after: int) -> list[Json]:
    return [message for message in person.messages(after) if "/id" not in message["text"]]


def logged(deployment: Deployment, text: str) -> bool:
    return text in deployment.log.read_text(errors="replace")
