"""Whatever a PostgreSQL server, a database or the surroundings are set to: the same data, in UTC."""

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import select, text

from pipeline.errors import ConfigError
from pipeline.records import ChartSpec, Comparison, Counts, FetchResult, Metric, Post, View
from pipeline.settings import Settings
from pipeline.steps import dataset_file
from pipeline.store import Store, accounts, chats, comparisons, open_store, posts
from pipeline.store.migrate import migrate
from pipeline.store.tables import LedgerEntry
from tests.conftest import NETWORK
from tests.integration.store.conftest import add_accounts

LATE = datetime(2026, 11, 23, 23, 59, 30, tzinfo=UTC)
"""In Tokyo it is the next day since nine hours, in New York the day goes on for five."""
HOSTILE = {
    "TimeZone": ["Asia/Tokyo", "America/New_York", "Asia/Kathmandu"],
    "DateStyle": ["SQL, DMY", "Postgres, MDY", "German"],
    "IntervalStyle": ["postgres_verbose", "iso_8601", "sql_standard"],
    "client_encoding": ["LATIN1", "SQL_ASCII", "WIN1252"],
    "default_transaction_isolation": ["serializable", "repeatable read", "read committed"],
    "default_transaction_read_only": ["on", "on", "off"],
    "default_transaction_deferrable": ["on", "off", "on"],
    "standard_conforming_strings": ["off", "on", "off"],
    "bytea_output": ["escape", "hex", "escape"],
    "lock_timeout": ["1ms", "5ms", "1ms"],
    "statement_timeout": ["60ms", "80ms", "60ms"],
    "idle_in_transaction_session_timeout": ["1ms", "5ms", "1ms"],
    "extra_float_digits": ["-15", "0", "-15"],
}
ICU, BUILTIN = "LOCALE_PROVIDER icu ICU_LOCALE 'tr-TR'", "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"
MADE_AS = [
    "ENCODING 'UTF8'",
    "ENCODING 'SQL_ASCII' LOCALE 'C'",
    f"{ICU} LOCALE 'C.UTF-8'",
]
Server = psycopg.Connection[tuple[object, ...]]
Life = tuple[bytes, dict[date, int], list[str]]
NAME = f"tallybird_hostile_{os.getpid()}"


def make_database(server: Server, made_as: str) -> None:
    """ICU is in Debian's PostgreSQL, and not in the wheel's."""
    try:
        server.execute(f"CREATE DATABASE {NAME} {made_as} TEMPLATE template0")
    except psycopg.errors.FeatureNotSupported:
        server.execute(f"CREATE DATABASE {NAME} {made_as.replace(ICU, BUILTIN)} TEMPLATE template0")


@pytest.fixture
def server(postgres_url: str) -> Iterator[Server]:
    with psycopg.connect(f"{postgres_url}/postgres", autocommit=True) as connection:
        yield connection
        connection.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")


def live(store: Store) -> Life:
    """Store a few fetches; returns the CSV, the bill by day, and the handles that a chat tracks, in order."""
    migrate(store)
    ids = add_accounts(store, "b_c", "Ba", "IB", "i_a", now=LATE)
    noon_in_utc = datetime(2026, 11, 23, 12, tzinfo=UTC)
    made = (Post("2", LATE - timedelta(seconds=30), Counts(reposts=5)), Post("1", noon_in_utc, Counts(reposts=7)))
    for at, more in ((LATE, 0), (LATE + timedelta(seconds=29), 1), (LATE + timedelta(minutes=1), 3)):
        read = tuple(post._replace(counts=Counts(reposts=(post.counts.reposts or 0) + more)) for post in made)
        with store.write_session() as db:
            accounts.save_fetch_results(db, [FetchResult(ids[0], at, read, complete=True)])
    with store.write_session() as db:
        comparisons.get_or_create(db, Comparison((ids[0],), ChartSpec(Metric.REPOSTS, View.SPREAD, 100)))
        db.flush()
        newest = posts.list_newest(db, ids, 100)[ids[0]]
        csv = dataset_file.render([(dataset_file.Author(NETWORK, "b_c", "1"), newest)])
        billed = {row.day: row.count for row in db.scalars(select(LedgerEntry).where(LedgerEntry.resource == "posts"))}
        handles = [account.handle for account in chats.list_tracked_accounts(db, 1)]
    return csv, billed, handles


@pytest.fixture
def as_it_is(tmp_path: Path) -> Iterator[Life]:
    store = Store(f"sqlite:///{tmp_path}/tallybird.db")
    yield live(store)
    store.close()


@pytest.mark.parametrize("kind", range(3))
def test_the_same_life_leaves_the_same_data_whatever_the_database_is_set_to(
    server: Server, as_it_is: Life, kind: int
) -> None:
    make_database(server, MADE_AS[kind])
    for name, values in HOSTILE.items():
        server.execute(f"ALTER DATABASE {NAME} SET {name} = '{values[kind]}'")
    store = Store(f"postgresql+psycopg://postgres@127.0.0.1:{server.info.port}/{NAME}")
    assert live(store) == as_it_is
    store.close()


def test_the_surroundings_of_a_process_change_nothing_either(
    server: Server, as_it_is: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"PGTZ": "Asia/Tokyo", "PGDATESTYLE": "SQL, DMY", "PGCLIENTENCODING": "LATIN1", "TZ": "Asia/Tokyo"}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    server.execute(f"CREATE DATABASE {NAME} TEMPLATE template0 ENCODING 'UTF8'")
    store = Store(f"postgresql+psycopg://postgres@127.0.0.1:{server.info.port}/{NAME}?client_encoding=latin1")
    assert live(store) == as_it_is
    store.close()


def test_what_a_writer_waited_for_is_there_when_its_turn_comes(server: Server) -> None:
    server.execute(f"CREATE DATABASE {NAME} TEMPLATE template0 ENCODING 'UTF8'")
    server.execute(f"ALTER DATABASE {NAME} SET default_transaction_isolation = 'serializable'")
    store = Store(f"postgresql+psycopg://postgres@127.0.0.1:{server.info.port}/{NAME}")
    migrate(store)
    with store.engine.connect() as connection:
        assert connection.scalar(text("SHOW transaction_isolation")) == "read committed"
    store.close()


def settings(tmp_path: Path, **given: str) -> Settings:
    return Settings(_env_file=None, data_dir=tmp_path, **given)  # type: ignore[arg-type]


def test_a_database_that_cannot_hold_every_sign_is_refused_at_the_start(server: Server, tmp_path: Path) -> None:
    server.execute(f"CREATE DATABASE {NAME} TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    with pytest.raises(ConfigError, match=r"^DATABASE_URL: the database's encoding is LATIN1.*ENCODING 'UTF8'"):
        open_store(settings(tmp_path, database_url=f"postgresql://postgres@127.0.0.1:{server.info.port}/{NAME}"))


@pytest.mark.parametrize("change", ["search_path = ''", "search_path = nowhere"])
def test_a_database_without_a_schema_to_use_is_told_in_a_sentence(server: Server, tmp_path: Path, change: str) -> None:
    server.execute(f"CREATE DATABASE {NAME} TEMPLATE template0 ENCODING 'UTF8'")
    server.execute(f"ALTER DATABASE {NAME} SET {change}")
    with pytest.raises(ConfigError, match=r"^DATABASE_URL: the database cannot be used: no schema"):
        open_store(settings(tmp_path, database_url=f"postgresql://postgres@127.0.0.1:{server.info.port}/{NAME}"))


def test_an_older_version_says_that_a_newer_one_was_there(address: str, tmp_path: Path) -> None:
    store = Store(address)
    migrate(store)
    with store.write_session() as db:
        db.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    given = settings(tmp_path, database_url=address)
    with pytest.raises(ConfigError, match=r"^DATABASE_URL: a newer version of Tallybird has changed the database"):
        open_store(given)
    store.close()


def test_a_file_that_is_no_database_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "tallybird.db").write_bytes(b"something else, and long enough to look like a page " * 100)
    with pytest.raises(ConfigError, match=r"^DATA_DIR: the database cannot be used: file is not a database"):
        open_store(settings(tmp_path))
