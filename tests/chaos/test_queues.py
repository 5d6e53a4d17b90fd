"""Redis and RabbitMQ are restarted, killed, stopped, wiped, full, read-only or frozen while Tallybird works."""

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

from pipeline.messaging.queues import QUEUES
from tests.chaos.conftest import Report
from tests.chaos.outage_checks import PIPELINE
from tests.chaos.subscribers import (
    READY,
    TICK_S,
    TIMELINE,
    Restarts,
    Subscribers,
    fresh_again,
    nothing_lost_or_repeated,
    pause,
    slow_answers,
    subscribe_chats,
)
from tests.conftest import free_port, until
from tests.e2e.chat import Chat
from tests.e2e.deployment import Deployment, running
from tests.servers import RabbitMQ, Redis, Server, answers

pytestmark = pytest.mark.timeout(240)
KILLS = 10
LONG_S, SHORT_S = 60, 12
ANSWER_S = 8
"""For an answer that needs the server that is away."""
AT_ONCE_S = 3
"""For an answer that does not need it."""
PEOPLE = 10
"""Who ask at the same time; more than the threads that may wait for a server."""
numbers = count(2_001)


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    with Redis(tmp_path_factory.mktemp("redis")).running() as server:
        yield server


@pytest.fixture(scope="module")
def by_redis(redis: Redis, tmp_path_factory: pytest.TempPathFactory, timelines: Path) -> Iterator[Subscribers]:
    """Of a deployment with a given Redis for everything: broker, results, stream and bytes."""
    with running(
        tmp_path_factory.mktemp("deployment"), timelines, {"REDIS_URL": redis.url}, tick_s=TICK_S
    ) as deployment:
        yield subscribe_chats(deployment, timelines)


@pytest.fixture(scope="module")
def rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitMQ]:
    with RabbitMQ(tmp_path_factory.mktemp("rabbitmq")).running() as server:
        yield server


@pytest.fixture(scope="module")
def by_rabbitmq(rabbitmq: RabbitMQ, tmp_path_factory: pytest.TempPathFactory, timelines: Path) -> Iterator[Subscribers]:
    """Of a deployment whose broker is RabbitMQ."""
    with running(
        tmp_path_factory.mktemp("deployment"), timelines, {"BROKER_URL": rabbitmq.url}, tick_s=TICK_S
    ) as deployment:
        yield subscribe_chats(deployment, timelines)


@contextmanager
def gone(server: Server) -> Iterator[None]:
    server.stop()
    try:
        yield
    finally:
        server.start()


@contextmanager
def hanging(server: Server) -> Iterator[None]:
    """It accepts connections and does not answer."""
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
    """Like a replica whose primary is gone."""
    redis.client.replicaof("127.0.0.1", free_port())
    try:
        yield
    finally:
        redis.client.replicaof("NO", "ONE")


Fault = Callable[[], AbstractContextManager[None]]


@contextmanager
def outlasted(subscribers: Subscribers) -> Iterator[None]:
    """Afterwards no process has ended, nothing is lost or shown twice, and the log has no tracebacks."""
    before, logged = pids(subscribers.deployment), len(log_of(subscribers.deployment))
    with nothing_lost_or_repeated(subscribers):
        yield
    assert pids(subscribers.deployment) == before
    assert "Traceback" not in log_of(subscribers.deployment)[logged:]


def pids(deployment: Deployment) -> dict[str, int]:
    return {name: deployment.process(name).pid for name in READY}


@contextmanager
def in_a_tick(subscribers: Subscribers) -> Iterator[str]:
    """While accounts are being fetched; yields the new figure."""
    with slow_answers(subscribers.deployment, "x", TIMELINE, seconds=2) as all_waiting:
        figure = subscribers.raise_count()
        until(all_waiting)
        yield figure


def fresh_without_a_burst(subscribers: Subscribers, figure: str) -> float:
    """The seconds until every chat shows the figure once the server is back; accounts are not fetched too often."""
    started, before = time.monotonic(), fetching_ticks(subscribers.deployment)
    fresh_s = fresh_again(subscribers, figure)
    pause(3 * TICK_S)
    assert fetching_ticks(subscribers.deployment) - before <= (time.monotonic() - started) / TICK_S + 2
    fresh_again(subscribers, subscribers.raise_count())
    return fresh_s


def fetching_ticks(deployment: Deployment) -> int:
    """The number of ticks that fetched accounts; those that chats trigger between beat's fetch none."""
    return len(re.findall(r": tick: [1-9]", log_of(deployment)))


def log_of(deployment: Deployment) -> str:
    return deployment.log.read_text(errors="replace")


def people_are_answered(deployment: Deployment) -> Chat:
    """A request that needs the server is soon answered with the problem; others are answered as always.

    Returns a chat of the former.
    """
    people = [deployment.chat(next(numbers)) for _ in range(PEOPLE + 1)]
    asked = [(person, person.send("/track @nobody_knows")) for person in people[1:]]
    people[0].ask("/list", within_s=AT_ONCE_S)
    until(lambda: all(person.messages(sent) for person, sent in asked), within_s=ANSWER_S)
    answers_given = {person.messages(sent)[0]["text"] for person, sent in asked}
    assert all(PIPELINE in each for each in answers_given), answers_given
    return people[1]


def away(subscribers: Subscribers, fault: Fault, seconds: float) -> float:
    """The server is away from the middle of a tick on; returns the seconds until all is fresh afterwards."""
    with outlasted(subscribers):
        with in_a_tick(subscribers), fault():
            since, figure = time.monotonic(), subscribers.raise_count()
            person = people_are_answered(subscribers.deployment)
            pause(seconds - (time.monotonic() - since))
            people_are_answered(subscribers.deployment)
            assert not subscribers.see(figure)
        fresh_s = fresh_without_a_burst(subscribers, figure)
        assert "Added" in person.ask(f"/track {subscribers.handles[0]}")
    return fresh_s


def restarted(subscribers: Subscribers, server: Server) -> float:
    with outlasted(subscribers):
        with in_a_tick(subscribers) as figure:
            server.stop()
            server.start()
        return fresh_without_a_burst(subscribers, figure)


@pytest.mark.parametrize(
    ("fault", "seconds"), [(gone, LONG_S), (hanging, SHORT_S), (full, SHORT_S), (read_only, SHORT_S)]
)
def test_a_redis_that_is_away(
    redis: Redis,
    by_redis: Subscribers,
    fault: Callable[[Redis], AbstractContextManager[None]],
    seconds: float,
    report: Report,
) -> None:
    fresh_s = away(by_redis, partial(fault, redis), seconds)
    report(f"Redis {fault.__name__.replace('_', '-')} for {seconds} s", fresh_s=fresh_s)


def test_a_redis_that_is_restarted(redis: Redis, by_redis: Subscribers, report: Report) -> None:
    report("Redis restarted", fresh_s=restarted(by_redis, redis))


def test_a_redis_killed_and_back_within_a_second_again_and_again_while_tasks_run(
    redis: Redis, by_redis: Subscribers, report: Report
) -> None:
    fresh_s = []
    with outlasted(by_redis):
        for number in range(KILLS):
            with in_a_tick(by_redis) as figure:
                redis.kill()
                pause(number / KILLS)
                redis.start()
            fresh_s.append(fresh_again(by_redis, figure))
        fresh_without_a_burst(by_redis, by_redis.raise_count())
    report(f"Redis killed and back within a second, {KILLS} times", fresh_s=max(fresh_s))


def test_a_redis_that_is_wiped_in_the_middle_of_a_tick(redis: Redis, by_redis: Subscribers, report: Report) -> None:
    with outlasted(by_redis):
        with in_a_tick(by_redis) as figure:
            redis.client.flushall()
        report("Redis wiped", fresh_s=fresh_without_a_burst(by_redis, figure))


def test_a_private_redis_that_is_killed(tmp_path: Path, timelines: Path, report: Report) -> None:
    with running(tmp_path, timelines, tick_s=TICK_S) as deployment:
        subscribers = subscribe_chats(deployment, timelines)
        with Client.from_url(deployment.redis) as client, outlasted(subscribers):
            with in_a_tick(subscribers) as figure:
                deployment.process("redis").kill()
                until(lambda: answers(client))
            report("private Redis killed", fresh_s=fresh_without_a_burst(subscribers, figure))


def test_rabbitmqs_queues_are_replicated_and_publishing_is_confirmed(
    rabbitmq: RabbitMQ, by_rabbitmq: Subscribers
) -> None:
    fresh_again(by_rabbitmq, by_rabbitmq.raise_count())
    assert rabbitmq.queue_types() == dict.fromkeys(QUEUES, "quorum")
    assert rabbitmq.unconfirmed_channels() == []


def test_a_rabbitmq_that_is_restarted(rabbitmq: RabbitMQ, by_rabbitmq: Subscribers, report: Report) -> None:
    report("RabbitMQ restarted", fresh_s=restarted(by_rabbitmq, rabbitmq))


def test_a_rabbitmq_that_is_gone(rabbitmq: RabbitMQ, by_rabbitmq: Subscribers, report: Report) -> None:
    report(f"RabbitMQ gone for {LONG_S} s", fresh_s=away(by_rabbitmq, partial(gone, rabbitmq), LONG_S))


def test_of_two_workers_at_a_rabbitmq_one_is_frozen(by_rabbitmq: Subscribers, report: Report) -> None:
    deployment, restarts = by_rabbitmq.deployment, Restarts(by_rabbitmq.deployment, "worker")
    with nothing_lost_or_repeated(by_rabbitmq), deployment.extra_process("pipeline", "worker"):
        restarts.wait()
        fresh_again(by_rabbitmq, by_rabbitmq.raise_count())
        worker = deployment.process("worker")
        frozen = [worker, *worker.children()]
        with in_a_tick(by_rabbitmq) as figure:
            for process in frozen:
                process.suspend()
        fresh_s = fresh_again(by_rabbitmq, figure)
        started, before = time.monotonic(), fetching_ticks(deployment)
        pause(6 * TICK_S)
        assert fetching_ticks(deployment) - before >= (time.monotonic() - started) / TICK_S - 2
        fresh_again(by_rabbitmq, by_rabbitmq.raise_count())
        for process in frozen:
            process.resume()
        fresh_again(by_rabbitmq, by_rabbitmq.raise_count())
        report("RabbitMQ: one of two workers frozen", fresh_s=fresh_s)
