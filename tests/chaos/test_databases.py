"""The database is restarted, gone, cut off and locked, in the midst of what everybody does."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from itertools import cycle, islice
from pathlib import Path

import pytest

from pipeline.errors import DATABASE_AWAY
from pipeline.store.engine import IDLE_MS
from tests.chaos.audience import (
    NEW_EVERY_S,
    TICK_S,
    Audience,
    fresh_again,
    gather,
    let_pass,
    unharmed,
)
from tests.chaos.conftest import Tell
from tests.chaos.moments import drawing, fetching, showing
from tests.chaos.outage import ANSWERED_WITHIN_S, MEMORY, Sent, told_plainly, without_a_storm
from tests.chaos.watch import database
from tests.e2e.house import House, running
from tests.servers import Network, PostgreSQL, open_folder

pytestmark = pytest.mark.timeout(240)
GONE_S = 60
LOCKED_S = 10
CUT_FOR_S = 12
LOST_S, NOTICED_WITHIN_S = 40, 20
Moment = Callable[[House], AbstractContextManager[None]]


MOMENTS = [fetching, drawing, showing]


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQL]:
    with open_folder() as folder, PostgreSQL(folder).running() as started:
        yield started


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, timelines: Path, server: PostgreSQL) -> Iterator[House]:
    """One house for all: what a case did to it, the next one must not feel."""
    with running(
        tmp_path_factory.mktemp("house"), timelines, {"DATABASE_URL": f"{server.url}/postgres"}, tick_s=TICK_S
    ) as started:
        yield started


@pytest.fixture(scope="module")
def audience(house: House, timelines: Path) -> Audience:
    return gather(house, timelines, live=3, new=3)


def next_fresh(audience: Audience, figure: str) -> float:
    """Seconds until every chat shows this, or what comes next where Telegram had shown it before the fault."""
    if not audience.sees(figure):
        return fresh_again(audience, figure)
    let_pass(NEW_EVERY_S)
    return fresh_again(audience, audience.raise_count())


@pytest.mark.parametrize("moment", MOMENTS)
def test_postgresql_restarted(house: House, audience: Audience, server: PostgreSQL, moment: Moment, tell: Tell) -> None:
    with unharmed(audience), without_a_storm(house):
        figure, sent = audience.raise_count(), Sent.from_now(audience)
        with moment(house):
            server.stop()
            server.start()
        fresh_s = next_fresh(audience, figure)
        let_pass(TICK_S)
        assert sent.most_to_a_chat() <= 2
        tell(f"PostgreSQL restarted while {moment.__name__}", fresh_s=fresh_s)


@pytest.mark.parametrize("moment", MOMENTS)
def test_every_connection_to_postgresql_cut(
    house: House, audience: Audience, server: PostgreSQL, moment: Moment, tell: Tell
) -> None:
    with unharmed(audience), without_a_storm(house):
        figure, sent = audience.raise_count(), Sent.from_now(audience)
        with moment(house):
            assert server.cut_connections() >= 2
        fresh_s = next_fresh(audience, figure)
        let_pass(TICK_S)
        assert sent.most_to_a_chat() <= 2
        tell(f"all connections to PostgreSQL cut while {moment.__name__}", fresh_s=fresh_s)


def test_connections_to_postgresql_cut_again_and_again(
    house: House, audience: Audience, server: PostgreSQL, tell: Tell
) -> None:
    """Whatever anybody is about, some cut meets it."""
    with unharmed(audience), without_a_storm(house):
        cut, end = 0, time.monotonic() + CUT_FOR_S
        while time.monotonic() < end:
            audience.raise_count()
            for _ in range(20):
                cut += server.cut_connections()
                let_pass(0.1)
        tell(
            f"{cut} connections to PostgreSQL cut in {CUT_FOR_S} s",
            fresh_s=fresh_again(audience, audience.raise_count()),
        )


def test_postgresql_gone_for_a_minute(house: House, audience: Audience, server: PostgreSQL, tell: Tell) -> None:
    person = house.chat(601)
    person.ask(f"/track {audience.handles[0]}")
    with unharmed(audience), without_a_storm(house):
        audience.raise_count()
        with drawing(house):
            server.stop()
        gone = time.monotonic()
        commands = cycle(["/list", "/subscribe", f"/track {audience.handles[1]}", "/compare", "/status"])
        for command in islice(commands, 10):
            audience.raise_count()
            told_plainly(person, command, MEMORY)
            let_pass(5)
        figure, sent = audience.raise_count(), Sent.from_now(audience)
        let_pass(GONE_S - (time.monotonic() - gone))
        server.start()
        fresh_s = fresh_again(audience, figure)
        assert audience.handles[0] in person.ask("/list")
        let_pass(2 * TICK_S)
        assert sent.most_to_a_chat() <= 2
        tell(f"PostgreSQL gone for {GONE_S} s", fresh_s=fresh_s)


def test_a_writer_of_postgresql_frozen_in_the_midst_of_its_change(house: House, audience: Audience, tell: Tell) -> None:
    """It holds the lock that all writers need."""
    with unharmed(audience), without_a_storm(house):
        with suppress(*DATABASE_AWAY), database(house) as store, store.write_session():  # its own change fails
            figure, started = audience.raise_count(), time.monotonic()
            audience.wait_for(figure, within_s=IDLE_MS / 1000 + 3 * TICK_S)
            fresh_s = time.monotonic() - started
        fresh_again(audience, audience.raise_count())
    tell("a writer of PostgreSQL frozen in the midst of its change", fresh_s=fresh_s)


def test_a_postgresql_whose_network_is_lost(tmp_path: Path, timelines: Path, tell: Tell) -> None:
    """Whoever asked it something waits for an answer that will never come."""
    with (
        Network().laid() as network,
        open_folder() as folder,
        PostgreSQL(folder, network.far, network.around).running() as server,
        running(tmp_path, timelines, {"DATABASE_URL": f"{server.url}/postgres"}, tick_s=TICK_S) as house,
    ):
        audience = gather(house, timelines)
        with unharmed(audience), without_a_storm(house):
            with fetching(house), network.cut():
                figure, lost_at = audience.raise_count(), time.monotonic()
                let_pass(NOTICED_WITHIN_S)
                told_plainly(house.chat(604), "/list", MEMORY, within_s=10)  # it is looked for first
                let_pass(LOST_S - (time.monotonic() - lost_at))
            fresh_s = fresh_again(audience, figure)
        tell(f"PostgreSQL's network lost for {LOST_S} s", fresh_s=fresh_s)


@pytest.fixture(scope="module")
def file_house(tmp_path_factory: pytest.TempPathFactory, timelines: Path) -> Iterator[House]:
    with running(tmp_path_factory.mktemp("files"), timelines, tick_s=TICK_S) as started:
        yield started


@pytest.fixture(scope="module")
def file_audience(file_house: House, timelines: Path) -> Audience:
    return gather(file_house, timelines, live=10, new=10)


@pytest.mark.parametrize(("kind", "moment"), [("IMMEDIATE", drawing), ("EXCLUSIVE", showing)])
def test_sqlite_locked_by_another(
    file_house: House, file_audience: Audience, kind: str, moment: Moment, tell: Tell
) -> None:
    reader, writer = file_house.chat(602), file_house.chat(603)
    reader.ask(f"/track {file_audience.handles[0]}")
    with unharmed(file_audience), without_a_storm(file_house):
        figure, sent = file_audience.raise_count(), Sent.from_now(file_audience)
        with moment(file_house), locked(file_house, kind):
            since, asked = time.monotonic(), writer.send(f"/track {file_audience.handles[1]}")
            assert file_audience.handles[0] in reader.ask("/list", within_s=ANSWERED_WITHIN_S)
            let_pass(LOCKED_S - (time.monotonic() - since))
        fresh_s = next_fresh(file_audience, figure)
        assert "Added" in writer.answer_to(asked, within_s=ANSWERED_WITHIN_S)["text"]
        let_pass(TICK_S)
        assert sent.most_to_a_chat() <= 2
        tell(f"SQLite locked for {LOCKED_S} s (BEGIN {kind}) while {moment.__name__}", fresh_s=fresh_s)
        writer.ask(f"/untrack {file_audience.handles[1]}")


@contextmanager
def locked(house: House, kind: str) -> Iterator[None]:
    """Another process holds the database's only lock for writers."""
    with closing(sqlite3.connect(house.folder / "data/tallybird.db", isolation_level=None, timeout=30)) as other:
        other.execute(f"BEGIN {kind}")
        yield
        other.execute("ROLLBACK")
