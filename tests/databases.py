"""Databases as the migrations make them, each a copy of one that was migrated once in this process."""

import os
import shutil
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from sqlalchemy import URL

from pipeline.store import Store
from pipeline.store import migrate as migrations

_FOLDER = TemporaryDirectory(prefix="tallybird-migrated-")


def migrate(store: Store) -> None:
    """Give the store, whose database does not exist, all tables. One that exists stays as it is."""
    url = store.engine.url
    if url.get_backend_name() == "sqlite":
        path = Path(url.database or "")
        if not path.exists():
            shutil.copyfile(_migrated_file(), path)
        return
    with _server(url) as server:
        if not server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [url.database]).fetchone():
            server.execute(f"CREATE DATABASE {url.database} TEMPLATE {_migrated_database(url)}")


def empty(url: str) -> None:
    """End all connections to a database of PostgreSQL and delete all rows, which takes less time than a new copy."""
    with psycopg.connect(url, autocommit=True) as db:
        others = "datname = current_database() AND pid <> pg_backend_pid()"
        db.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")
        written = "relkind = 'r' AND relname <> 'alembic_version' AND pg_relation_size(oid) > 0"
        query = f"SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND {written}"
        tables = [name for (name,) in db.execute(query)]
        if tables:
            db.execute(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY CASCADE")


@cache
def _migrated_file() -> Path:
    path = Path(_FOLDER.name) / "tallybird.db"
    store = Store(f"sqlite:///{path}")
    migrations.migrate(store)
    store.close()
    return path


@cache
def _migrated_database(url: URL) -> str:
    name = f"tallybird_migrated_{os.getpid()}"
    with _server(url) as server:
        server.execute(f"CREATE DATABASE {name}")
    store = Store(url.set(database=name).render_as_string(hide_password=False))
    migrations.migrate(store)
    store.close()
    return name


def _server(url: URL) -> psycopg.Connection:
    plain = url.set(drivername="postgresql", database="postgres")
    return psycopg.connect(plain.render_as_string(hide_password=False), autocommit=True)
