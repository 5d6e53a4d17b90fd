"""Processes are killed, stopped or frozen while they work."""

import random
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from itertools import pairwise
from pathlib import Path

import psutil
import pytest
from redis import Redis
from sqlalchemy import func, select

from pipeline.steps import upload
from pipeline.store.comparisons import CLAIM_DURATION
from pipeline.store.tables import Comparison
from tests.chaos.conftest import Report
from tests.chaos.data_loss import open_store
from tests.chaos.subscribers import (
    READY,
    START_S,
    TICK_S,
    TIMELINE,
    Restarts,
    Subscribers,
    charts,
    fresh_again,
    nothing_lost_or_repeated,
    pause,
    slow_answers,
    subscribe_chats,
)
from tests.conftest import until
from tests.e2e.chat import Sandbox
from tests.e2e.deployment import Deployment, environment_of, running

pytestmark = pytest.mark.timeout(240)
KILLS = 15


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory, timelines: Path) -> Iterator[Deployment]:
    """Shared by all tests, so that each also shows that the one before has done no lasting harm."""
    with running(tmp_path_factory.mktemp("deployment"), timelines, tick_s=TICK_S) as started:
        yield started


@pytest.fixture(scope="module")
def subscribers(deployment: Deployment, timelines: Path) -> Subscribers:
    return subscribe_chats(deployment, timelines)


def processes(deployment: Deployment, name: str, part: str) -> list[psutil.Process]:
    """The process with this name in the Procfile ("parent"), one that it forked ("child"), or both ("all")."""
    parent = deployment.process(name)
    parts = {"parent": [parent], "child": parent.children()[:1], "all": [parent, *parent.children()]}
    return parts[part]


def has_ended(process: psutil.Process) -> bool:
    """The process is gone, or a zombie."""
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize("part", ["parent", "child"])
def test_a_worker_killed_while_it_fetches(
    deployment: Deployment, subscribers: Subscribers, part: str, report: Report
) -> None:
    with nothing_lost_or_repeated(subscribers):
        figure = subscribers.raise_count()
        with slow_answers(deployment, "x", TIMELINE, seconds=2) as all_waiting:
            until(all_waiting)
            restarts = Restarts(deployment, "worker") if part == "parent" else None
            processes(deployment, "worker", part)[0].kill()
        report(f"worker's {part} killed while it fetches", fresh_s=fresh_again(subscribers, figure, restarts))


@pytest.mark.parametrize("part", ["parent", "child"])
def test_a_worker_killed_between_dataset_and_chart(
    deployment: Deployment, subscribers: Subscribers, part: str, report: Report
) -> None:
    with nothing_lost_or_repeated(subscribers):
        for _ in range(10):
            figure = subscribers.raise_count()
            until(partial(is_in_dataset, deployment, figure), within_s=3 * TICK_S, every_s=0.002)
            restarts = Restarts(deployment, "worker") if part == "parent" else None
            processes(deployment, "worker", part)[0].kill()
            if charts_under_way(deployment):
                break
            fresh_again(subscribers, figure, restarts)
        else:
            pytest.fail("the worker was never killed in time")
        report(f"worker's {part} killed between dataset and chart", fresh_s=fresh_again(subscribers, figure, restarts))


def is_in_dataset(deployment: Deployment, figure: str) -> bool:
    count = figure.replace(",", "")
    return any(f",{count}," in path.read_text() for path in (deployment.folder / "data/datasets").glob("*-last-*.csv"))


def charts_under_way(deployment: Deployment) -> bool:
    with open_store(deployment) as store, store.read_session() as db:
        return bool(db.scalar(select(func.count()).where(Comparison.requested_version > Comparison.rendered_version)))


def test_an_uploader_killed_while_it_uploads(deployment: Deployment, subscribers: Subscribers, report: Report) -> None:
    with nothing_lost_or_repeated(subscribers):
        restarts = Restarts(deployment, "slow")
        with slow_answers(deployment, "dropbox", "files/upload", seconds=3) as all_waiting:
            subscribers.raise_count()
            until(all_waiting)
            deployment.process("slow").kill()
        figure = subscribers.raise_count()
        report("uploader killed while it uploads", fresh_s=fresh_again(subscribers, figure))
        restarts.wait()
        # Until the claim expires, the killed upload may still arrive, so the file is not written again.
        until(lambda: subscribers.is_uploaded(figure), within_s=upload.CLAIM.seconds + 3 * TICK_S)


def test_a_frozen_uploader(deployment: Deployment, subscribers: Subscribers, report: Report) -> None:
    with nothing_lost_or_repeated(subscribers):
        uploader = deployment.process("slow")
        uploader.suspend()
        fresh_s = max(fresh_again(subscribers, subscribers.raise_count()) for _ in range(5))
        uploader.resume()
        last, figure = deployment.sandbox.last_call(), subscribers.raise_count()
        until(lambda: subscribers.is_uploaded(figure), within_s=4 + 3 * TICK_S)
        uploads = [call for call in deployment.sandbox.calls("dropbox", last) if call["method"] == "files/upload"]
        assert len(uploads) <= 2
        report(f"uploader frozen for {5 * TICK_S} s", fresh_s=fresh_s)


def test_a_bot_killed_before_it_stores_that_telegram_has_its_message(
    deployment: Deployment, subscribers: Subscribers, report: Report
) -> None:
    with nothing_lost_or_repeated(subscribers):
        restarts = Restarts(deployment, "bot")
        with slow_answers(deployment, "telegram", "sendPhoto", "editMessageMedia", seconds=4) as all_waiting:
            figure = subscribers.raise_count()
            until(all_waiting)
            deployment.process("bot").kill()
        assert subscribers.see(figure)
        report(
            "bot killed before it hears of its message",
            fresh_s=fresh_again(subscribers, subscribers.raise_count(), restarts),
        )


@pytest.mark.parametrize("mode", ["live", "new 1m"])
def test_a_subscription_that_was_confirmed_to_the_chat_outlasts_the_bot(
    deployment: Deployment, subscribers: Subscribers, mode: str, report: Report
) -> None:
    person = deployment.chat(501 if mode == "live" else 502)
    person.ask(f"/track {subscribers.handles[0]}")
    with nothing_lost_or_repeated(subscribers):
        restarts = Restarts(deployment, "bot")
        with slow_answers(deployment, "telegram", "sendMessage", seconds=3):
            person.answer_to(person.send(f"/subscribe {mode}"))
            deployment.process("bot").kill()
        since = time.monotonic()
        restarts.wait()
        until(lambda: charts(person), within_s=3 * TICK_S)
        report(f"bot killed while it answers /subscribe {mode}", fresh_s=time.monotonic() - since)
    person.ask("/unsubscribe")


def test_a_killed_beat(deployment: Deployment, subscribers: Subscribers, report: Report) -> None:
    with nothing_lost_or_repeated(subscribers):
        restarts = Restarts(deployment, "beat")
        deployment.process("beat").kill()
        report("beat killed", fresh_s=fresh_again(subscribers, subscribers.raise_count(), restarts))


@pytest.mark.parametrize("name", list(READY))
def test_a_process_that_ends_is_restarted(
    deployment: Deployment, subscribers: Subscribers, name: str, report: Report
) -> None:
    with nothing_lost_or_repeated(subscribers):
        restarts = Restarts(deployment, name)
        figure = subscribers.raise_count()
        deployment.process(name).terminate()
        report(f"{name} ended", fresh_s=fresh_again(subscribers, figure, restarts))


def test_a_power_cut(deployment: Deployment, subscribers: Subscribers, report: Report) -> None:
    with nothing_lost_or_repeated(subscribers):
        restarts = Restarts(deployment, *READY)
        with slow_answers(deployment, "x", TIMELINE, seconds=2) as all_waiting:
            figure = subscribers.raise_count()
            until(all_waiting)
            deployment.kill_everything()
        deployment.start()
        report("everything killed at once (power cut)", fresh_s=fresh_again(subscribers, figure, restarts))


def test_everything_is_stopped_and_started_again(
    deployment: Deployment, subscribers: Subscribers, report: Report
) -> None:
    with nothing_lost_or_repeated(subscribers):
        restarts = Restarts(deployment, *READY)
        with slow_answers(deployment, "x", TIMELINE, seconds=2) as all_waiting:
            figure = subscribers.raise_count()
            until(all_waiting)
            deployment.stop()
        deployment.start()
        report("everything ended and started again", fresh_s=fresh_again(subscribers, figure, restarts))


@pytest.mark.parametrize("part", ["all", "child"])
def test_a_frozen_worker(deployment: Deployment, subscribers: Subscribers, part: str, report: Report) -> None:
    with nothing_lost_or_repeated(subscribers):
        with slow_answers(deployment, "x", TIMELINE, seconds=2) as all_waiting:
            until(all_waiting)
            frozen = processes(deployment, "worker", part)
            for process in frozen:
                process.suspend()
        figure = subscribers.raise_count()
        pause(2 * TICK_S)
        for process in frozen:
            process.resume()
        report(f"worker ({part}) frozen for {2 * TICK_S} s", fresh_s=fresh_again(subscribers, figure))


def test_a_worker_takes_over_from_a_frozen_one_and_from_a_killed_one(
    deployment: Deployment, subscribers: Subscribers, report: Report
) -> None:
    restarts = Restarts(deployment, "worker")
    with nothing_lost_or_repeated(subscribers), deployment.extra_process("pipeline", "worker") as other:
        restarts.wait()
        with slow_answers(deployment, "x", TIMELINE, seconds=2) as all_waiting:
            until(all_waiting)
            frozen = processes(deployment, "worker", "all")
            for process in frozen:
                process.suspend()
        figure = subscribers.raise_count()
        report(
            "one of two workers frozen",
            fresh_s=subscribers.wait_for(figure, within_s=CLAIM_DURATION.seconds + 3 * TICK_S),
        )
        with slow_answers(deployment, "x", TIMELINE, seconds=2) as all_waiting:
            until(all_waiting)
            other.kill()
        gone_at = time.time()
        assert held_since_before(deployment, gone_at)
        for process in frozen:
            process.resume()
        report("the other worker killed for good", fresh_s=fresh_again(subscribers, subscribers.raise_count()))
        until(lambda: not held_since_before(deployment, gone_at), within_s=45)
        report(f"its tasks redelivered after {time.time() - gone_at:.0f} s")


def held_since_before(deployment: Deployment, moment: float) -> list[bytes]:
    """The tasks that a worker took before this time and has not acknowledged."""
    with Redis.from_url(deployment.redis) as redis:
        return list(redis.zrangebyscore("unacked_index", 0, moment))


def test_no_child_outlives_its_parent(deployment: Deployment, subscribers: Subscribers, report: Report) -> None:
    restarts = Restarts(deployment, "worker")
    with slow_answers(deployment, "x", TIMELINE, seconds=2) as all_waiting:
        until(all_waiting)
        parent = deployment.process("worker")
        children = parent.children()
        parent.kill()
        until(lambda: all(has_ended(child) for child in children), within_s=2)
    report("worker killed, its children watched", fresh_s=fresh_again(subscribers, subscribers.raise_count(), restarts))


def test_a_process_that_keeps_dying_is_restarted_less_and_less_often(tmp_path: Path, report: Report) -> None:
    procfile = tmp_path / "Procfile"
    procfile.write_text("at_once: sh -c 'date +%s.%N >> at_once; exit 1'\nsoon: sh -c 'date +%s.%N >> soon; sleep 2'\n")
    deployment = Deployment(Sandbox(""), tmp_path, 2, environment_of("http://127.0.0.1:1", tmp_path, 2), procfile)
    deployment.start()
    try:
        until(
            lambda: len(start_times(tmp_path / "at_once")) >= 5 and len(start_times(tmp_path / "soon")) >= 4,
            within_s=60,
        )
    finally:
        deployment.stop()
    for name in ("at_once", "soon"):
        waits = [after - before for before, after in pairwise(start_times(tmp_path / name))]
        assert all(wait >= number for number, wait in enumerate(waits, start=1)), (name, waits)
        report(f"a process dies {name.replace('_', ' ')}, again and again: waits {[round(wait) for wait in waits]} s")


def start_times(path: Path) -> list[float]:
    return [float(line) for line in path.read_text().split()] if path.exists() else []


def test_forty_chats_under_repeated_kills(tmp_path: Path, timelines: Path, report: Report) -> None:
    chance = random.Random(7)
    with running(tmp_path, timelines, tick_s=TICK_S) as deployment:
        subscribers = subscribe_chats(deployment, timelines, live=20, new=20)
        with nothing_lost_or_repeated(subscribers):
            killed = [name for _ in range(KILLS) if (name := kill_any(deployment, subscribers, chance))]
            fresh_s = subscribers.wait_for(
                subscribers.raise_count(), within_s=3 * START_S
            )  # a process that died often restarts later
        report(f"{len(killed)} processes killed in {KILLS * 4} s, 40 chats", fresh_s=fresh_s)
    assert {"worker", "bot"} <= set(killed)


def kill_any(deployment: Deployment, subscribers: Subscribers, chance: random.Random) -> str | None:
    """Kill a random process or pool child while every chat is to get a chart; returns its name in the Procfile."""
    subscribers.raise_count()
    pause(chance.uniform(1, 5))
    victims = {
        each: arguments[-1]
        for each in deployment.supervisor.children(recursive=True)
        if "-m" in (arguments := command_of(each))
    }
    if not victims:
        return None
    victim = chance.choice(list(victims))
    victim.kill()
    return victims[victim]


def command_of(process: psutil.Process) -> list[str]:
    """The arguments of the command; none if the process has ended."""
    with suppress(psutil.NoSuchProcess):
        return process.cmdline()
    return []
