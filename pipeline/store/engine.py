"""Opening the database, and the two kinds of transaction that everything runs in."""

from collections.abc import Iterator
from contextlib import contextmanager
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


class Store:
    """The database: `with store.reading() as session`, `with store.writing() as session`."""

    def __init__(self, address: str) -> None:
        self.engine = _sqlite(address) if address.startswith("sqlite") else _postgresql(address)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Commit on leaving, roll back on an error. One writer at a time, on either database."""
        with Session(writer(self.engine), expire_on_commit=False) as session, session.begin():
            if self.engine.dialect.name == "postgresql":
                idle = func.set_config("idle_in_transaction_session_timeout", str(IDLE_MS), True)  # noqa: FBT003
                session.execute(select(idle, func.pg_advisory_xact_lock(WRITERS)))
            yield session

    def close(self) -> None:
        self.engine.dispose()


def writer(engine: Engine) -> Engine:
    """The same engine for transactions that take the write lock at once."""
    return engine.execution_options(writing=True)


def _postgresql(address: str) -> Engine:
    url = make_url(address)
    return create_engine(url.set(query={**NOTICE_LOSS, **url.query}), pool_pre_ping=True)


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
