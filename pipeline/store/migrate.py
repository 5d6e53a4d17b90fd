"""Migration of the database to the newest revision: once, however many processes start at the same time."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from pipeline.errors import ConfigError
from pipeline.settings import Settings
from pipeline.startup import prepare_data_dir
from pipeline.store.engine import Store, writer

MIGRATIONS = Path(__file__).parent / "migrations"
REVISIONS = sorted(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
HEAD = "head"
LOCK_ID = 0x7A11B12D  # any number, the same in every process of Tallybird
ENCODINGS = {"UTF8", "SQL_ASCII"}
"""The encodings of PostgreSQL that hold every character; SQL_ASCII stores bytes as they are."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Of a database as it is found. revision: None for a new one. newest: the revision of this version's tables.

    time_zone: of our sessions with it; None for SQLite, which knows none.
    """

    server: str
    revision: str | None
    newest: str
    time_zone: str | None = None


def open_store(settings: Settings) -> Store:
    """The migrated database. Raises ConfigError if it cannot be used."""
    prepare_data_dir(settings.data_dir)
    store = Store(settings.database_address)
    try:
        with naming_setting(settings):
            migrate(store)
    except ConfigError:
        store.close()
        raise
    return store


@contextmanager
def naming_setting(settings: Settings) -> Iterator[None]:
    """Raise ConfigError, with the name of the database's setting, where the block cannot use the database."""
    try:
        yield
    except (DBAPIError, ConfigError) as error:
        name = "DATABASE_URL" if settings.database_url else "DATA_DIR"
        raise ConfigError([f"{name}: {_describe(error)}"]) from None


def _describe(error: DBAPIError | ConfigError) -> str:
    return f"the database cannot be used: {error.orig}" if isinstance(error, DBAPIError) else str(error)


def migrate(store: Store, revision: str = HEAD) -> None:
    """Upgrade to the revision. A lock lets one process do it; the others wait, and find it done.

    Raises ConfigError if the database's encoding cannot hold every character, or a newer version has changed it.
    """
    with writer(store.engine).begin() as connection:
        if connection.dialect.name == "postgresql":
            check_encoding(connection)
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK_ID})
        if revision != HEAD or find_revision(connection) != REVISIONS[-1]:
            upgrade(connection, revision)


def examine(store: Store) -> Condition:
    """Look without changing anything. Raises DBAPIError, and ConfigError as `migrate` does."""
    with store.engine.connect() as connection:
        revision, newest = find_revision(connection), REVISIONS[-1]
        if connection.dialect.name != "postgresql":
            return Condition("SQLite", revision, newest)
        check_encoding(connection)
        version = connection.scalar(text("SHOW server_version"))
        return Condition(f"PostgreSQL {version}", revision, newest, connection.scalar(text("SHOW TimeZone")))


def find_revision(connection: Connection) -> str | None:
    """The revision that the database is of; None for a new one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def upgrade(connection: Connection, revision: str) -> None:
    """Upgrade in the connection's transaction. Raises ConfigError if a newer version has changed the database."""
    # Loaded where it is needed: in each process it would take 9 MB.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, revision)
    except CommandError:
        changed = "a newer version of Tallybird has changed the database"
        raise ConfigError([f"{changed}. Start that version, or use a backup from before it"]) from None


def check_encoding(connection: Connection) -> None:
    """Raises ConfigError where PostgreSQL's database cannot hold every character."""
    encoding = connection.scalar(text("SHOW server_encoding"))
    if encoding not in ENCODINGS:
        why = f"the database's encoding is {encoding}, which does not hold every sign that people write"
        raise ConfigError([f"{why}. Use one made with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"])
