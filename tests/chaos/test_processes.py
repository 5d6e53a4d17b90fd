"""Processes are killed, stopped and frozen, in the midst of what they do."""

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
from pipeline.store.comparisons import CLAIM
from pipeline.store.tables import Comparison
from tests.chaos.audience import (
    READY,
    START_S,
    TICK_S,
    TIMELINE,
    Audience,
    Starts,
    charts,
    fresh_again,
    gather,
    late_answers,
    let_pass,
    unharmed,
)
from tests.chaos.conftest import Tell
from tests.chaos.watch import database
from tests.conftest import until
from tests.e2e.chat import Sandbox
from tests.e2e.house import House, running, settings_of

pytestmark = pytest.mark.timeout(240)
KILLS = 15


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, timelines: Path) -> Iterator[House]:
    """One house for all: what a case did to it, the next one must not feel."""
    with running(tmp_path_factory.mktemp("house"), timelines, tick_s=TICK_S) as started:
        yield started


@pytest.fixture(scope="module")
def audience(house: House, timelines: Path) -> Audience:
    return gather(house, timelines)


def processes(house: House, name: str, part: str) -> list[psutil.Process]:
    """A process of the Procfile, or one that it forked, or all of both."""
    parent = house.process(name)
    parts = {"parent": [parent], "child": parent.children()[:1], "all": [parent, *parent.children()]}
    return parts[part]


def is_over(process: psutil.Process) -> bool:
    """It is gone, or only waits for whoever adopted it to notice its end."""
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize("part", ["parent", "child"])
def test_a_worker_killed_while_it_fetches(house: House, audience: Audience, part: str, tell: Tell) -> None:
    with unharmed(audience):
        figure = audience.raise_count()
        with late_answers(house, "x", TIMELINE, seconds=2) as waited_for:
            until(waited_for)
            starts = Starts(house, "worker") if part == "parent" else None
            processes(house, "worker", part)[0].kill()
        tell(f"worker's {part} killed while it fetches", fresh_s=fresh_again(audience, figure, starts))


@pytest.mark.parametrize("part", ["parent", "child"])
def test_a_worker_killed_between_dataset_and_chart(house: House, audience: Audience, part: str, tell: Tell) -> None:
    with unharmed(audience):
        for _ in range(10):
            figure = audience.raise_count()
            until(partial(stands_in_a_dataset, house, figure), within_s=3 * TICK_S, every_s=0.002)
            starts = Starts(house, "worker") if part == "parent" else None
            processes(house, "worker", part)[0].kill()
            if charts_under_way(house):
                break
            fresh_again(audience, figure, starts)
        else:
            pytest.fail("the worker was never killed in time")
        tell(f"worker's {part} killed between dataset and chart", fresh_s=fresh_again(audience, figure, starts))


def stands_in_a_dataset(house: House, figure: str) -> bool:
    count = figure.replace(",", "")
    return any(f",{count}," in path.read_text() for path in (house.folder / "data/datasets").glob("*-last-*.csv"))


def charts_under_way(house: House) -> bool:
    with database(house) as store, store.read_session() as db:
        return bool(db.scalar(select(func.count()).where(Comparison.wanted > Comparison.drawn)))


def test_an_uploader_killed_while_it_uploads(house: House, audience: Audience, tell: Tell) -> None:
    with unharmed(audience):
        starts = Starts(house, "uploader")
        with late_answers(house, "dropbox", "files/upload", seconds=3) as waited_for:
            audience.raise_count()
            until(waited_for)
            house.process("uploader").kill()
        figure = audience.raise_count()
        tell("uploader killed while it uploads", fresh_s=fresh_again(audience, figure))
        starts.wait()
        # The file may be on its way to Dropbox still: until then it is not written again.
        until(lambda: stands_in_dropbox(house, figure), within_s=upload.CLAIM.seconds + 3 * TICK_S)


def test_a_frozen_uploader(house: House, audience: Audience, tell: Tell) -> None:
    with unharmed(audience):
        uploader = house.process("uploader")
        uploader.suspend()
        fresh_s = max(fresh_again(audience, audience.raise_count()) for _ in range(5))
        uploader.resume()
        last, figure = house.sandbox.last_call(), audience.raise_count()
        until(lambda: stands_in_dropbox(house, figure), within_s=4 + 3 * TICK_S)
        uploads = [call for call in house.sandbox.calls("dropbox", last) if call["method"] == "files/upload"]
        assert len(uploads) <= 2
        tell(f"uploader frozen for {5 * TICK_S} s", fresh_s=fresh_s)


def stands_in_dropbox(house: House, figure: str) -> bool:
    paths = [file["path"] for file in house.sandbox.get("dropbox/files") if "-last-" in file["path"]]
    count = figure.replace(",", "").encode()
    return any(count in house.sandbox.bytes(f"dropbox/files{path}") for path in paths)


def test_a_bot_killed_between_telegrams_answer_and_its_own_note(house: House, audience: Audience, tell: Tell) -> None:
    with unharmed(audience):
        starts = Starts(house, "bot")
        with late_answers(house, "telegram", "sendPhoto", "editMessageMedia", seconds=4) as waited_for:
            figure = audience.raise_count()
            until(waited_for)
            house.process("bot").kill()
        assert audience.sees(figure)
        tell("bot killed before it hears of its message", fresh_s=fresh_again(audience, audience.raise_count(), starts))


@pytest.mark.parametrize("mode", ["live", "new 1m"])
def test_a_subscription_that_the_chat_was_told_of_outlasts_the_bot(
    house: House, audience: Audience, mode: str, tell: Tell
) -> None:
    person = house.chat(501 if mode == "live" else 502)
    person.ask(f"/track {audience.handles[0]}")
    with unharmed(audience):
        starts = Starts(house, "bot")
        with late_answers(house, "telegram", "sendMessage", seconds=3):
            person.answer_to(person.send(f"/subscribe {mode}"))
            house.process("bot").kill()
        since = time.monotonic()
        starts.wait()
        until(lambda: charts(person), within_s=3 * TICK_S)
        tell(f"bot killed while it answers /subscribe {mode}", fresh_s=time.monotonic() - since)
    person.ask("/unsubscribe")


def test_a_killed_beat(house: House, audience: Audience, tell: Tell) -> None:
    with unharmed(audience):
        starts = Starts(house, "beat")
        house.process("beat").kill()
        tell("beat killed", fresh_s=fresh_again(audience, audience.raise_count(), starts))


@pytest.mark.parametrize("name", list(READY))
def test_a_process_that_is_ended_is_started_again(house: House, audience: Audience, name: str, tell: Tell) -> None:
    with unharmed(audience):
        starts = Starts(house, name)
        figure = audience.raise_count()
        house.process(name).terminate()
        tell(f"{name} ended", fresh_s=fresh_again(audience, figure, starts))


def test_a_power_cut(house: House, audience: Audience, tell: Tell) -> None:
    with unharmed(audience):
        starts = Starts(house, *READY)
        with late_answers(house, "x", TIMELINE, seconds=2) as waited_for:
            figure = audience.raise_count()
            until(waited_for)
            house.cut_power()
        house.start()
        tell("everything killed at once (power cut)", fresh_s=fresh_again(audience, figure, starts))


def test_all_ended_and_started_again(house: House, audience: Audience, tell: Tell) -> None:
    with unharmed(audience):
        starts = Starts(house, *READY)
        with late_answers(house, "x", TIMELINE, seconds=2) as waited_for:
            figure = audience.raise_count()
            until(waited_for)
            house.stop()
        house.start()
        tell("everything ended and started again", fresh_s=fresh_again(audience, figure, starts))


@pytest.mark.parametrize("part", ["all", "child"])
def test_a_frozen_worker(house: House, audience: Audience, part: str, tell: Tell) -> None:
    with unharmed(audience):
        with late_answers(house, "x", TIMELINE, seconds=2) as waited_for:
            until(waited_for)
            frozen = processes(house, "worker", part)
            for process in frozen:
                process.suspend()
        figure = audience.raise_count()
        let_pass(2 * TICK_S)
        for process in frozen:
            process.resume()
        tell(f"worker ({part}) frozen for {2 * TICK_S} s", fresh_s=fresh_again(audience, figure))


def test_a_worker_takes_over_from_a_frozen_one_and_from_one_that_is_gone(
    house: House, audience: Audience, tell: Tell
) -> None:
    starts = Starts(house, "worker")
    with unharmed(audience), house.with_another("pipeline", "worker") as other:
        starts.wait()
        with late_answers(house, "x", TIMELINE, seconds=2) as waited_for:
            until(waited_for)
            frozen = processes(house, "worker", "all")
            for process in frozen:
                process.suspend()
        figure = audience.raise_count()
        tell("one of two workers frozen", fresh_s=audience.wait_for(figure, within_s=CLAIM.seconds + 3 * TICK_S))
        with late_answers(house, "x", TIMELINE, seconds=2) as waited_for:
            until(waited_for)
            other.kill()
        gone_at = time.time()
        assert held_since_before(house, gone_at)
        for process in frozen:
            process.resume()
        tell("the other worker killed for good", fresh_s=fresh_again(audience, audience.raise_count()))
        until(lambda: not held_since_before(house, gone_at), within_s=45)
        tell(f"its tasks taken back after {time.time() - gone_at:.0f} s")


def held_since_before(house: House, moment: float) -> list[bytes]:
    """The tasks that some worker took before and has not ended."""
    with Redis.from_url(house.redis) as redis:
        return list(redis.zrangebyscore("unacked_index", 0, moment))


def test_no_child_outlives_its_parent(house: House, audience: Audience, tell: Tell) -> None:
    starts = Starts(house, "worker")
    with late_answers(house, "x", TIMELINE, seconds=2) as waited_for:
        until(waited_for)
        parent = house.process("worker")
        children = parent.children()
        parent.kill()
        until(lambda: all(is_over(child) for child in children), within_s=2)
    tell("worker killed, its children watched", fresh_s=fresh_again(audience, audience.raise_count(), starts))


def test_what_dies_again_and_again_is_started_less_and_less_often(tmp_path: Path, tell: Tell) -> None:
    procfile = tmp_path / "Procfile"
    procfile.write_text("at_once: sh -c 'date +%s.%N >> at_once; exit 1'\nsoon: sh -c 'date +%s.%N >> soon; sleep 2'\n")
    house = House(Sandbox(""), tmp_path, 2, settings_of("http://127.0.0.1:1", tmp_path, 2), procfile)
    house.start()
    try:
        until(lambda: len(began(tmp_path / "at_once")) >= 5 and len(began(tmp_path / "soon")) >= 4, within_s=60)
    finally:
        house.stop()
    for name in ("at_once", "soon"):
        waits = [after - before for before, after in pairwise(began(tmp_path / name))]
        assert all(wait >= number for number, wait in enumerate(waits, start=1)), (name, waits)
        tell(f"a process dies {name.replace('_', ' ')}, again and again: waits {[round(wait) for wait in waits]} s")


def began(path: Path) -> list[float]:
    return [float(line) for line in path.read_text().split()] if path.exists() else []


def test_forty_chats_under_repeated_kills(tmp_path: Path, timelines: Path, tell: Tell) -> None:
    chance = random.Random(7)
    with running(tmp_path, timelines, tick_s=TICK_S) as house:
        audience = gather(house, timelines, live=20, new=20)
        with unharmed(audience):
            killed = [name for _ in range(KILLS) if (name := kill_any(house, audience, chance))]
            fresh_s = audience.wait_for(audience.raise_count(), within_s=3 * START_S)  # what died often waits longer
        tell(f"{len(killed)} processes killed in {KILLS * 4} s, 40 chats", fresh_s=fresh_s)
    assert {"worker", "bot"} <= set(killed)


def kill_any(house: House, audience: Audience, chance: random.Random) -> str | None:
    """Kill one of the processes and pool children that are there now, while there is news for every chat."""
    audience.raise_count()
    let_pass(chance.uniform(1, 5))
    victims = {
        each: words[-1] for each in house.supervisor.children(recursive=True) if "-m" in (words := words_of(each))
    }
    if not victims:
        return None
    victim = chance.choice(list(victims))
    victim.kill()
    return victims[victim]


def words_of(process: psutil.Process) -> list[str]:
    """The words of its command; none where it has ended by now."""
    with suppress(psutil.NoSuchProcess):
        return process.cmdline()
    return []
