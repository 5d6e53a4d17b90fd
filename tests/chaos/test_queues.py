"""Redis and RabbitMQ restart, are killed, stay away, are wiped, full, read-only or hang, while Tallybird works."""

import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from redis import Redis as Client

from pipeline.messaging.celery_app import ASKED, CHARTS, TICKS, UPLOADS
from tests.chaos.audience import (
    READY,
    TICK_S,
    TIMELINE,
    Audience,
    Starts,
    fresh_again,
    gather,
    late_answers,
    let_pass,
    unharmed,
)
from tests.chaos.conftest import Tell
from tests.conftest import free_port, until
from tests.e2e.chat import Chat
from tests.e2e.house import House, running
from tests.servers import RabbitMQ, Redis, Server, answers

pytestmark = pytest.mark.timeout(240)
KILLS = 10
LONG_S, SHORT_S = 60, 12
ANSWER_S = 8
"""A few seconds, for a person who asks for what cannot be had."""
AT_ONCE_S = 3
"""For one who asks for what is there."""
PEOPLE = 10
"""Who ask at once: more than wait side by side for a server."""
numbers = count(2_001)


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    with Redis(tmp_path_factory.mktemp("redis")).running() as server:
        yield server


@pytest.fixture(scope="module")
def by_redis(redis: Redis, tmp_path_factory: pytest.TempPathFactory, timelines: Path) -> Iterator[Audience]:
    """Of a house with a given Redis, which is all: broker, results, stream and bytes."""
    with running(tmp_path_factory.mktemp("house"), timelines, {"REDIS_URL": redis.url}, tick_s=TICK_S) as house:
        yield gather(house, timelines)


@pytest.fixture(scope="module")
def rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitMQ]:
    with RabbitMQ(tmp_path_factory.mktemp("rabbitmq")).running() as server:
        yield server


@pytest.fixture(scope="module")
def by_rabbitmq(rabbitmq: RabbitMQ, tmp_path_factory: pytest.TempPathFactory, timelines: Path) -> Iterator[Audience]:
    """Of a house whose tasks go by way of RabbitMQ."""
    with running(tmp_path_factory.mktemp("house"), timelines, {"BROKER_URL": rabbitmq.url}, tick_s=TICK_S) as house:
        yield gather(house, timelines)


@contextmanager
def gone(server: Server) -> Iterator[None]:
    server.stop()
    try:
        yield
    finally:
        server.start()


@contextmanager
def hanging(server: Server) -> Iterator[None]:
    """It takes connections and answers none."""
    server.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        server.process.send_signal(signal.SIGCONT)
        until(server.answers)


@contextmanager
def full(redis: Redis) -> Iterator[None]:
    redis.client.config_set("maxmemory", 1)
    try:
        yield
    finally:
        redis.client.config_set("maxmemory", 0)


@contextmanager
def read_only(redis: Redis) -> Iterator[None]:
    """As a replica whose master died."""
    redis.client.replicaof("127.0.0.1", free_port())
    try:
        yield
    finally:
        redis.client.replicaof("NO", "ONE")


Fault = Callable[[], AbstractContextManager[None]]


@contextmanager
def outlived(audience: Audience) -> Iterator[None]:
    """Whatever happens to the server within, no process ends, nothing is lost and nothing is shown twice.

    And the log tells of it without tracebacks: they would come again and again, and say no more.
    """
    before, said = pids(audience.house), len(said_by(audience.house))
    with unharmed(audience):
        yield
    assert pids(audience.house) == before
    assert "Traceback" not in said_by(audience.house)[said:]


def pids(house: House) -> dict[str, int]:
    return {name: house.process(name).pid for name in READY}


@contextmanager
def in_a_tick(audience: Audience) -> Iterator[str]:
    """While accounts are being read; yields the figure that is news."""
    with late_answers(audience.house, "x", TIMELINE, seconds=2) as waited_for:
        figure = audience.raise_count()
        until(waited_for)
        yield figure


def fresh_without_a_burst(audience: Audience, figure: str) -> float:
    """Seconds until every chat shows the figure, now that the server answers; and accounts are not read too often."""
    started, before = time.monotonic(), readings(audience.house)
    fresh_s = fresh_again(audience, figure)
    let_pass(3 * TICK_S)
    assert readings(audience.house) - before <= (time.monotonic() - started) / TICK_S + 2
    fresh_again(audience, audience.raise_count())
    return fresh_s


def readings(house: House) -> int:
    """The ticks that read accounts; those between beat's, which chats ask for, read none."""
    return len(re.findall(r"pipeline\.steps: tick: [1-9]", said_by(house)))


def said_by(house: House) -> str:
    return house.log.read_text(errors="replace")


def people_are_answered(house: House) -> Chat:
    """Who asks for what is away is told so, soon; who asks for what is there is not held up. Returns one of them."""
    people = [house.chat(next(numbers)) for _ in range(PEOPLE + 1)]
    asked = [(person, person.send("/track @nobody_knows")) for person in people[1:]]
    people[0].ask("/list", within_s=AT_ONCE_S)
    until(lambda: all(person.messages(sent) for person, sent in asked), within_s=ANSWER_S)
    told = {person.messages(sent)[0]["text"] for person, sent in asked}
    assert all("cannot be reached just now" in each for each in told), told
    return people[1]


def away(audience: Audience, fault: Fault, seconds: float) -> float:
    """The server is away for so long, from the midst of a tick on. Returns seconds until fresh."""
    with outlived(audience):
        with in_a_tick(audience), fault():
            since, figure = time.monotonic(), audience.raise_count()
            person = people_are_answered(audience.house)
            let_pass(seconds - (time.monotonic() - since))
            people_are_answered(audience.house)
            assert not audience.sees(figure)
        fresh_s = fresh_without_a_burst(audience, figure)
        assert "Added" in person.ask(f"/track {audience.handles[0]}")
    return fresh_s


def restarted(audience: Audience, server: Server) -> float:
    with outlived(audience):
        with in_a_tick(audience) as figure:
            server.stop()
            server.start()
        return fresh_without_a_burst(audience, figure)


@pytest.mark.parametrize(
    ("fault", "seconds"), [(gone, LONG_S), (hanging, SHORT_S), (full, SHORT_S), (read_only, SHORT_S)]
)
def test_a_redis_that_is_away(
    redis: Redis, by_redis: Audience, fault: Callable[[Redis], AbstractContextManager[None]], seconds: float, tell: Tell
) -> None:
    fresh_s = away(by_redis, partial(fault, redis), seconds)
    tell(f"Redis {fault.__name__.replace('_', '-')} for {seconds} s", fresh_s=fresh_s)


def test_a_redis_that_is_restarted(redis: Redis, by_redis: Audience, tell: Tell) -> None:
    tell("Redis restarted", fresh_s=restarted(by_redis, redis))


def test_a_redis_killed_and_back_within_a_second_again_and_again_while_tasks_run(
    redis: Redis, by_redis: Audience, tell: Tell
) -> None:
    fresh_s = []
    with outlived(by_redis):
        for number in range(KILLS):
            with in_a_tick(by_redis) as figure:
                redis.kill()
                let_pass(number / KILLS)
                redis.start()
            fresh_s.append(fresh_again(by_redis, figure))
        fresh_without_a_burst(by_redis, by_redis.raise_count())
    tell(f"Redis killed and back within a second, {KILLS} times", fresh_s=max(fresh_s))


def test_a_redis_that_is_wiped_in_the_midst_of_a_tick(redis: Redis, by_redis: Audience, tell: Tell) -> None:
    with outlived(by_redis):
        with in_a_tick(by_redis) as figure:
            redis.client.flushall()
        tell("Redis wiped", fresh_s=fresh_without_a_burst(by_redis, figure))


def test_a_private_redis_that_is_killed(tmp_path: Path, timelines: Path, tell: Tell) -> None:
    with running(tmp_path, timelines, tick_s=TICK_S) as house:
        audience = gather(house, timelines)
        with Client.from_url(house.redis) as client, outlived(audience):
            client.set("kept", "surely")
            with in_a_tick(audience) as figure:
                house.process("redis").kill()
                until(lambda: answers(client))
            tell("private Redis killed", fresh_s=fresh_without_a_burst(audience, figure))
            assert client.get("kept") == b"surely"


def test_rabbitmqs_queues_are_replicated_and_what_is_sent_there_is_confirmed(
    rabbitmq: RabbitMQ, by_rabbitmq: Audience
) -> None:
    fresh_again(by_rabbitmq, by_rabbitmq.raise_count())
    assert rabbitmq.queue_types() == dict.fromkeys((TICKS, CHARTS, ASKED, UPLOADS), "quorum")
    assert rabbitmq.unconfirmed_senders() == []


def test_a_rabbitmq_that_is_restarted(rabbitmq: RabbitMQ, by_rabbitmq: Audience, tell: Tell) -> None:
    tell("RabbitMQ restarted", fresh_s=restarted(by_rabbitmq, rabbitmq))


def test_a_rabbitmq_that_is_gone(rabbitmq: RabbitMQ, by_rabbitmq: Audience, tell: Tell) -> None:
    tell(f"RabbitMQ gone for {LONG_S} s", fresh_s=away(by_rabbitmq, partial(gone, rabbitmq), LONG_S))


def test_of_two_workers_at_a_rabbitmq_one_is_frozen(by_rabbitmq: Audience, tell: Tell) -> None:
    house, starts = by_rabbitmq.house, Starts(by_rabbitmq.house, "worker")
    with unharmed(by_rabbitmq), house.with_another("pipeline", "worker"):
        starts.wait()
        fresh_again(by_rabbitmq, by_rabbitmq.raise_count())
        worker = house.process("worker")
        frozen = [worker, *worker.children()]
        with in_a_tick(by_rabbitmq) as figure:
            for process in frozen:
                process.suspend()
        fresh_s = fresh_again(by_rabbitmq, figure)
        started, before = time.monotonic(), readings(house)
        let_pass(6 * TICK_S)
        assert readings(house) - before >= (time.monotonic() - started) / TICK_S - 2
        fresh_again(by_rabbitmq, by_rabbitmq.raise_count())
        for process in frozen:
            process.resume()
        fresh_again(by_rabbitmq, by_rabbitmq.raise_count())
        tell("RabbitMQ: one of two workers frozen", fresh_s=fresh_s)
