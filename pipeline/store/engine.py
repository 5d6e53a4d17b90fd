"""Opening the database, and the two kinds of transaction that everything runs in."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, func, make_url, select
from sqlalchemy.orm import Session

BUSY_S = 30
WRITERS = 0x7A11B12E  # any number, the same for every process of Tallybird
IDLE_MS = 15_000
"""How long a writer may do nothing in the midst of its change: one that is lost or frozen holds up all others."""
NOTICE_LOSS = {
    "connect_timeout": "3",
    "tcp_user_timeout": "10000",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "2",
}
"""For psycopg; seconds, but for tcp_user_timeout's ms. A server that is lost with its network is noticed within 15 s.

Without, whoever sends waits for 2 minutes and more, and whoever waits for an answer does so for ever.
"""
OURS = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "standard_conforming_strings": "on",
    "lock_timeout": "0",
    "transaction_timeout": "0",
    "idle_session_timeout": "0",
    "idle_in_transaction_session_timeout": str(IDLE_MS),
}
"""What a PostgreSQL, a database or a role may be set to otherwise, and must not be for us.

Poolers like PgBouncer keep the first four for each of their clients.
"""
SET = "SELECT set_config(name, %s::jsonb ->> name, false) FROM pg_settings WHERE %s::jsonb ? name"
"""A server that is too old to know a setting leaves it out."""


class Store:
    """The database: `with store.read_session() as session`, `with store.write_session() as session`."""

    def __init__(self, address: str) -> None:
        self.engine = _sqlite(address) if address.startswith("sqlite") else _postgresql(address)

    @contextmanager
    def read_session(self) -> Iterator[Session]:
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write_session(self) -> Iterator[Session]:
        """Commit on leaving, roll back on an error. One writer at a time, on either database."""
        with Session(writer(self.engine), expire_on_commit=False) as session, session.begin():
            if self.engine.dialect.name == "postgresql":
                idle = func.set_config("idle_in_transaction_session_timeout", str(IDLE_MS), True)  # noqa: FBT003
                session.execute(select(idle, func.pg_advisory_xact_lock(WRITERS)))
            yield session

    def compact(self) -> None:
        """Give back the room of what was deleted, where a SQLite's file is empty for the greater part.

        Writers wait meanwhile, for as long as it takes to copy the rest. PostgreSQL does so by itself.
        """
        if self.engine.dialect.name != "sqlite":
            return
        with closing(self.engine.raw_connection()) as connection:
            free, pages = (
                connection.cursor().execute(f"PRAGMA {name}").fetchone()[0] for name in ("freelist_count", "page_count")
            )
            if free * 2 > pages:
                connection.cursor().execute("VACUUM")

    def close(self) -> None:
        self.engine.dispose()


def writer(engine: Engine) -> Engine:
    """The same engine for transactions that take the write lock at once."""
    return engine.execution_options(writing=True)


def _postgresql(address: str) -> Engine:
    """PostgreSQL as we need it, whatever the server, the database, the role or the environment sets.

    Isolation: with a stricter one, a writer that waited for the others would see what was there before them.
    """
    url = make_url(address)
    query = {**NOTICE_LOSS, **url.query, "client_encoding": "UTF8"}
    engine = create_engine(url.set(query=query), pool_pre_ping=True, isolation_level="READ COMMITTED")

    @event.listens_for(engine, "connect", insert=True)  # before SQLAlchemy asks anything by itself
    def prepare(connection: Any, _record: object) -> None:
        connection.read_only, connection.deferrable, connection.autocommit = False, False, True
        connection.execute("SET statement_timeout = 0")
        connection.execute(SET, [json.dumps(OURS)] * 2)
        connection.autocommit = False

    return engine


def _sqlite(address: str) -> Engine:
    """SQLite for several processes: WAL, and a writer takes its lock at BEGIN.

    With the driver's own transactions, or with a deferred BEGIN, writers that read first lose updates or fail. And only
    with synchronous = FULL the last commits outlast a power cut: what a chat was told of, and what it was shown.
    """
    engine = create_engine(address, connect_args={"timeout": BUSY_S, "isolation_level": None})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writing") else "BEGIN")

    return engine
