"""Migration of the database to the newest revision: once, however many processes start at the same time."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from pipeline.errors import ConfigError
from pipeline.settings import Settings
from pipeline.startup import prepare_data_dir
from pipeline.store.engine import Store, writer

MIGRATIONS = Path(__file__).parent / "migrations"
LOCK_ID = 0x7A11B12D  # any number, the same in every process of Tallybird
ENCODINGS = {"UTF8", "SQL_ASCII"}
"""The encodings of PostgreSQL that hold every character; SQL_ASCII stores bytes as they are."""


def open_store(settings: Settings) -> Store:
    """The migrated database. Raises ConfigError if it cannot be used."""
    prepare_data_dir(settings.data_dir)
    store = Store(settings.database_address)
    try:
        migrate(store)
    except (DBAPIError, CommandError, ConfigError) as error:
        store.close()
        name = "DATABASE_URL" if settings.database_url else "DATA_DIR"
        raise ConfigError([f"{name}: {_describe(error)}"]) from None
    return store


def _describe(error: DBAPIError | CommandError | ConfigError) -> str:
    if isinstance(error, DBAPIError):
        return f"the database cannot be used: {error.orig}"
    if isinstance(error, ConfigError):
        return str(error)
    return "a newer version of Tallybird has changed the database. Start that version, or use a backup from before it"


def migrate(store: Store, revision: str = "head") -> None:
    """Upgrade to the revision. A lock lets one process do it; the others wait, and find it done.

    Raises ConfigError if the database's encoding cannot hold every character.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with writer(store.engine).begin() as connection:
        if connection.dialect.name == "postgresql":
            _check_encoding(connection)
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK_ID})
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def _check_encoding(connection: Connection) -> None:
    encoding = connection.scalar(text("SHOW server_encoding"))
    if encoding not in ENCODINGS:
        why = f"the database's encoding is {encoding}, which does not hold every sign that people write"
        raise ConfigError([f"{why}. Use one made with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"])
