"""Bringing the database to the newest revision, once, however many processes start together."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from pipeline.errors import ConfigError
from pipeline.settings import Settings, private_folder
from pipeline.store.engine import Store, writer

MIGRATIONS = Path(__file__).parent / "migrations"
LOCK = 0x7A11B12D  # any number, the same for every process of Tallybird


def open_store(settings: Settings) -> Store:
    """The migrated database. Raises ConfigError where it cannot be reached."""
    private_folder(settings.data_dir)
    store = Store(settings.database_address)
    try:
        migrate(store)
    except OperationalError as error:
        raise ConfigError([f"DATABASE_URL: the database cannot be used: {error.orig}"]) from None
    return store


def migrate(store: Store, revision: str = "head") -> None:
    """The write lock (SQLite) or an advisory lock (PostgreSQL) lets one process migrate; the others find it done."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with writer(store.engine).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
