"""The database is restarted, stopped, cut off or locked while Tallybird works."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from itertools import cycle, islice
from pathlib import Path

import pytest

from pipeline.errors import DATABASE_AWAY
from pipeline.store.engine import IDLE_TIMEOUT_MS
from tests.chaos.conftest import Report
from tests.chaos.data_loss import open_store
from tests.chaos.outage_checks import ANSWERED_WITHIN_S, MEMORY, ChartsSent, assert_answered_with, few_log_lines
from tests.chaos.stages import delivering, drawing, fetching
from tests.chaos.subscribers import (
    NEW_EVERY_S,
    TICK_S,
    Subscribers,
    fresh_again,
    nothing_lost_or_repeated,
    pause,
    subscribe_chats,
)
from tests.e2e.deployment import Deployment, running
from tests.servers import Network, PostgreSQL, traversable_folder

pytestmark = pytest.mark.timeout(240)
STOPPED_S = 60
LOCKED_S = 10
CUT_FOR_S = 12
LOST_S, NOTICED_WITHIN_S = 40, 20
Stage = Callable[[Deployment], AbstractContextManager[None]]


STAGES = [fetching, drawing, delivering]


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQL]:
    with traversable_folder() as folder, PostgreSQL(folder).running() as started:
        yield started


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory, timelines: Path, server: PostgreSQL) -> Iterator[Deployment]:
    """Shared by all tests, so that each also shows that the one before has done no lasting harm."""
    with running(
        tmp_path_factory.mktemp("deployment"), timelines, {"DATABASE_URL": f"{server.url}/postgres"}, tick_s=TICK_S
    ) as started:
        yield started


@pytest.fixture(scope="module")
def subscribers(deployment: Deployment, timelines: Path) -> Subscribers:
    return subscribe_chats(deployment, timelines, live=3, new=3)


def next_fresh(subscribers: Subscribers, figure: str) -> float:
    """The seconds until every chat shows the figure, or the next figure if all have shown it before the fault."""
    if not subscribers.see(figure):
        return fresh_again(subscribers, figure)
    pause(NEW_EVERY_S)
    return fresh_again(subscribers, subscribers.raise_count())


@pytest.mark.parametrize("stage", STAGES)
def test_postgresql_restarted(
    deployment: Deployment, subscribers: Subscribers, server: PostgreSQL, stage: Stage, report: Report
) -> None:
    with nothing_lost_or_repeated(subscribers), few_log_lines(deployment):
        figure, sent = subscribers.raise_count(), ChartsSent.from_now(subscribers)
        with stage(deployment):
            server.stop()
            server.start()
        fresh_s = next_fresh(subscribers, figure)
        pause(TICK_S)
        assert sent.most_to_a_chat() <= 2
        report(f"PostgreSQL restarted while {stage.__name__}", fresh_s=fresh_s)


@pytest.mark.parametrize("stage", STAGES)
def test_every_connection_to_postgresql_cut(
    deployment: Deployment, subscribers: Subscribers, server: PostgreSQL, stage: Stage, report: Report
) -> None:
    with nothing_lost_or_repeated(subscribers), few_log_lines(deployment):
        figure, sent = subscribers.raise_count(), ChartsSent.from_now(subscribers)
        with stage(deployment):
            assert server.cut_connections() >= 2
        fresh_s = next_fresh(subscribers, figure)
        pause(TICK_S)
        assert sent.most_to_a_chat() <= 2
        report(f"all connections to PostgreSQL cut while {stage.__name__}", fresh_s=fresh_s)


def test_connections_to_postgresql_cut_again_and_again(
    deployment: Deployment, subscribers: Subscribers, server: PostgreSQL, report: Report
) -> None:
    """So often that every operation is hit."""
    with nothing_lost_or_repeated(subscribers), few_log_lines(deployment):
        cut, end = 0, time.monotonic() + CUT_FOR_S
        while time.monotonic() < end:
            subscribers.raise_count()
            for _ in range(20):
                cut += server.cut_connections()
                pause(0.1)
        report(
            f"{cut} connections to PostgreSQL cut in {CUT_FOR_S} s",
            fresh_s=fresh_again(subscribers, subscribers.raise_count()),
        )


def test_postgresql_gone_for_a_minute(
    deployment: Deployment, subscribers: Subscribers, server: PostgreSQL, report: Report
) -> None:
    person = deployment.chat(601)
    person.ask(f"/track {subscribers.handles[0]}")
    with nothing_lost_or_repeated(subscribers), few_log_lines(deployment):
        subscribers.raise_count()
        with drawing(deployment):
            server.stop()
        gone = time.monotonic()
        commands = cycle(["/list", "/subscribe", f"/track {subscribers.handles[1]}", "/compare", "/status"])
        for command in islice(commands, 10):
            subscribers.raise_count()
            assert_answered_with(person, command, MEMORY)
            pause(5)
        figure, sent = subscribers.raise_count(), ChartsSent.from_now(subscribers)
        pause(STOPPED_S - (time.monotonic() - gone))
        server.start()
        fresh_s = fresh_again(subscribers, figure)
        assert subscribers.handles[0] in person.ask("/list")
        pause(2 * TICK_S)
        assert sent.most_to_a_chat() <= 2
        report(f"PostgreSQL gone for {STOPPED_S} s", fresh_s=fresh_s)


def test_a_frozen_writer_of_postgresql(deployment: Deployment, subscribers: Subscribers, report: Report) -> None:
    """It holds the lock that all writers need."""
    with nothing_lost_or_repeated(subscribers), few_log_lines(deployment):
        with (
            suppress(*DATABASE_AWAY),
            open_store(deployment) as store,
            store.write_session(),
        ):  # the server ends the frozen transaction
            figure, started = subscribers.raise_count(), time.monotonic()
            subscribers.wait_for(figure, within_s=IDLE_TIMEOUT_MS / 1000 + 3 * TICK_S)
            fresh_s = time.monotonic() - started
        fresh_again(subscribers, subscribers.raise_count())
    report("a writer of PostgreSQL frozen in its transaction", fresh_s=fresh_s)


def test_a_postgresql_whose_network_is_lost(tmp_path: Path, timelines: Path, report: Report) -> None:
    """Queries under way never get an answer."""
    with (
        Network().set_up() as network,
        traversable_folder() as folder,
        PostgreSQL(folder, network.far, network.in_namespace).running() as server,
        running(tmp_path, timelines, {"DATABASE_URL": f"{server.url}/postgres"}, tick_s=TICK_S) as deployment,
    ):
        subscribers = subscribe_chats(deployment, timelines)
        with nothing_lost_or_repeated(subscribers), few_log_lines(deployment):
            with fetching(deployment), network.cut():
                figure, lost_at = subscribers.raise_count(), time.monotonic()
                pause(NOTICED_WITHIN_S)
                assert_answered_with(deployment.chat(604), "/list", MEMORY, within_s=10)  # it tries to connect first
                pause(LOST_S - (time.monotonic() - lost_at))
            fresh_s = fresh_again(subscribers, figure)
        report(f"PostgreSQL's network lost for {LOST_S} s", fresh_s=fresh_s)


@pytest.fixture(scope="module")
def sqlite_deployment(tmp_path_factory: pytest.TempPathFactory, timelines: Path) -> Iterator[Deployment]:
    with running(tmp_path_factory.mktemp("files"), timelines, tick_s=TICK_S) as started:
        yield started


@pytest.fixture(scope="module")
def sqlite_subscribers(sqlite_deployment: Deployment, timelines: Path) -> Subscribers:
    return subscribe_chats(sqlite_deployment, timelines, live=10, new=10)


@pytest.mark.parametrize(("kind", "stage"), [("IMMEDIATE", drawing), ("EXCLUSIVE", delivering)])
def test_sqlite_locked_by_another(
    sqlite_deployment: Deployment, sqlite_subscribers: Subscribers, kind: str, stage: Stage, report: Report
) -> None:
    reader, writer = sqlite_deployment.chat(602), sqlite_deployment.chat(603)
    reader.ask(f"/track {sqlite_subscribers.handles[0]}")
    with nothing_lost_or_repeated(sqlite_subscribers), few_log_lines(sqlite_deployment):
        figure, sent = sqlite_subscribers.raise_count(), ChartsSent.from_now(sqlite_subscribers)
        with stage(sqlite_deployment), locked(sqlite_deployment, kind):
            since, asked = time.monotonic(), writer.send(f"/track {sqlite_subscribers.handles[1]}")
            assert sqlite_subscribers.handles[0] in reader.ask("/list", within_s=ANSWERED_WITHIN_S)
            pause(LOCKED_S - (time.monotonic() - since))
        fresh_s = next_fresh(sqlite_subscribers, figure)
        assert "Added" in writer.answer_to(asked, within_s=ANSWERED_WITHIN_S)["text"]
        pause(TICK_S)
        assert sent.most_to_a_chat() <= 2
        report(f"SQLite locked for {LOCKED_S} s (BEGIN {kind}) while {stage.__name__}", fresh_s=fresh_s)
        writer.ask(f"/untrack {sqlite_subscribers.handles[1]}")


@contextmanager
def locked(deployment: Deployment, kind: str) -> Iterator[None]:
    """Another process holds SQLite's lock for writers."""
    with closing(sqlite3.connect(deployment.folder / "data/tallybird.db", isolation_level=None, timeout=30)) as other:
        other.execute(f"BEGIN {kind}")
        yield
        other.execute("ROLLBACK")
