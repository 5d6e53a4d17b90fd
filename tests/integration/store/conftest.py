import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, Session

from pipeline.records import Counts, FetchResult, Post, Profile, State
from pipeline.store import Store, accounts, chats
from tests.conftest import NETWORK
from tests.databases import empty, migrate

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without tables; none, or one without rows, where the test has the fixture `store`, which makes it."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/tallybird.db"
        return
    postgres_url = request.getfixturevalue("postgres_url")
    if "store" in request.fixturenames:
        url = f"{postgres_url}/tallybird_store_{os.getpid()}"
        yield url.replace("postgresql://", "postgresql+psycopg://")
        empty(url)
        return
    name = f"tallybird_bare_{os.getpid()}"
    with psycopg.connect(f"{postgres_url}/postgres", autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        yield f"{postgres_url}/{name}".replace("postgresql://", "postgresql+psycopg://")
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def store(address: str) -> Iterator[Store]:
    store = Store(address)
    migrate(store)
    yield store
    store.close()


def add_accounts(store: Store, *handles: str, chat_id: int = 1, now: datetime = NOON) -> list[int]:
    """Accounts that a chat tracks; returns their ids."""
    profiles = [Profile(handle, State.ACTIVE, f"id-{handle}") for handle in handles]
    with store.write_session() as db:
        accounts.save_profiles(db, profiles, NETWORK, now)
        ids = [
            next(each.id for each in accounts.find_by_remote_ids(db, [f"id-{handle}"], NETWORK)) for handle in handles
        ]
        chats.add(db, chat_id, now)
        chats.track(db, chat_id, ids, now)
    return ids


def posts(*reposts: int) -> tuple[Post, ...]:
    """Posts with these counts, newest first, an hour apart; the oldest is number 1."""
    count = len(reposts)
    return tuple(
        Post(str(count - index), NOON - timedelta(hours=index), Counts(reposts=value))
        for index, value in enumerate(reposts)
    )


def fetch_result(account_id: int, *reposts: int, at: datetime = NOON) -> FetchResult:
    return FetchResult(account_id, at, posts(*reposts), complete=True)


def explain(store: Store, table: str, work: Callable[[Session], object]) -> list[str]:
    """The steps of the database's plans for the queries that the work makes of a table."""
    asked: list[tuple[str, Any]] = []
    note = lambda _c, _cursor, statement, values, _context, _many: asked.append((statement, values))  # noqa: E731
    event.listen(store.engine, "before_cursor_execute", note)
    with store.write_session() as db:
        work(db)
    event.remove(store.engine, "before_cursor_execute", note)
    how = "EXPLAIN QUERY PLAN " if store.engine.dialect.name == "sqlite" else "EXPLAIN "
    with store.engine.connect() as connection:
        if store.engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SET enable_seqscan = off")  # which is quicker for so few rows
        explained = [
            connection.exec_driver_sql(how + statement, values).all()
            for statement, values in asked
            if table in statement
        ]
    return [str(row[-1]) for rows in explained for row in rows]


@contextmanager
def counting_rows(session: Session) -> Iterator[list[int]]:
    """Within the block: how many rows each query of the session returned."""
    counts: list[int] = []

    def note(state: ORMExecuteState) -> Any:
        frozen = state.invoke_statement().freeze()
        counts.append(len(frozen.data))
        return frozen()

    event.listen(session, "do_orm_execute", note)
    yield counts
    event.remove(session, "do_orm_execute", note)
