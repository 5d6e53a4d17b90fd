"""Connections to SQLite and PostgreSQL, and the two kinds of transaction: read sessions and write sessions."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, Executable, create_engine, event, func, make_url, select
from sqlalchemy.orm import Session

BUSY_TIMEOUT_S = 30
"""How long a SQLite connection waits for the writer before it."""
WRITE_LOCK_ID = 0x7A11B12E  # any number, the same in every process of Tallybird
IDLE_TIMEOUT_MS = 15_000
"""How long a writer may be idle within its transaction: one that is lost or frozen blocks all others."""
CONNECTION_TIMEOUTS = {
    "connect_timeout": "3",
    "tcp_user_timeout": "10000",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "2",
}
"""libpq's parameters, in seconds, but for tcp_user_timeout in ms. They reveal within 15 s that a server's host is gone.

By default a client that sends waits for 2 minutes and more, and a client that awaits an answer waits for ever.
"""
SESSION_SETTINGS = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "standard_conforming_strings": "on",
    "jit": "off",
    "lock_timeout": "0",
    "transaction_timeout": "0",
    "idle_session_timeout": "0",
    "idle_in_transaction_session_timeout": str(IDLE_TIMEOUT_MS),
}
"""Settings that a PostgreSQL server, database or role may have changed, and that Tallybird depends on.

Poolers like PgBouncer keep the first four for each of their clients. To compile a query takes longer than each of ours.
"""
SET_KNOWN = "SELECT set_config(name, %s::jsonb ->> name, false) FROM pg_settings WHERE %s::jsonb ? name"
"""Sets those of the settings that the server is new enough to know."""


class Store:
    """The database at a SQLAlchemy URL: `with store.read_session() as session`, or write_session."""

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
                idle = func.set_config("idle_in_transaction_session_timeout", str(IDLE_TIMEOUT_MS), True)  # noqa: FBT003
                session.execute(select(idle, func.pg_advisory_xact_lock(WRITE_LOCK_ID)))
            yield session

    def compact(self) -> None:
        """Shrink a SQLite file of which more than half is free pages. PostgreSQL reuses its space by itself.

        Writers wait while the used pages are copied.
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


def insert_missing(session: Session, table: type[Any]) -> Executable:
    """An INSERT into the table that leaves out the rows that it has already."""
    # Loaded where they are needed: in each process PostgreSQL's drivers would take 3 MB.
    if session.get_bind().dialect.name == "sqlite":
        from sqlalchemy.dialects import sqlite  # noqa: PLC0415

        return sqlite.insert(table).on_conflict_do_nothing()
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415

    return postgresql.insert(table).on_conflict_do_nothing()


def writer(engine: Engine) -> Engine:
    """The same engine, whose transactions take SQLite's write lock when they begin."""
    return engine.execution_options(writing=True)


def _postgresql(address: str) -> Engine:
    """PostgreSQL with the settings that Tallybird needs, whatever the server, database, role or environment sets.

    At a stricter isolation level, a writer that waited for others would not see what they have committed.
    """
    url = make_url(address)
    query = {**CONNECTION_TIMEOUTS, **url.query, "client_encoding": "UTF8"}
    engine = create_engine(url.set(query=query), pool_pre_ping=True, isolation_level="READ COMMITTED")

    @event.listens_for(engine, "connect", insert=True)  # before SQLAlchemy's own first queries
    def prepare(connection: Any, _record: object) -> None:
        connection.read_only, connection.deferrable, connection.autocommit = False, False, True
        connection.execute("SET statement_timeout = 0")
        connection.execute(SET_KNOWN, [json.dumps(SESSION_SETTINGS)] * 2)
        connection.autocommit = False

    return engine


def _sqlite(address: str) -> Engine:
    """SQLite for several processes: in WAL mode, with writers that take their lock at BEGIN.

    With the driver's own transactions, or a deferred BEGIN, writers that read first lose updates or fail. Only
    synchronous = FULL lets the last commits survive a power cut: what was sent must not be sent again.
    """
    engine = create_engine(address, connect_args={"timeout": BUSY_TIMEOUT_S, "isolation_level": None})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writing") else "BEGIN")

    return engine
