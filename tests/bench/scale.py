"""What many accounts and chats cost: looks at what is due, ticks by accounts and workers, charts, and a year's data.

The looks are of 10,000 accounts, 10,000 chats and 50,000 subscriptions, on SQLite and on a private PostgreSQL.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from pipeline.settings import Settings
from pipeline.store import Store
from pipeline.store.migrate import migrate
from tests.bench import fleet, queries, ticks, year
from tests.servers import PostgreSQL, traversable_folder

ALLOWED_MS = 20
UNITS = {"CPU a tick": "s", "a tick": "s", "accounts read": "", "charts a second": ""}
Result = dict[str, Any]


def run() -> Iterator[Result]:
    with traversable_folder() as folder:
        yield from _looks("SQLite", f"sqlite:///{folder}/tallybird.db", folder / "sqlite")
        yield from _year("SQLite", f"sqlite:///{folder}/year.db")
        with PostgreSQL(folder).running() as server:
            address = server.url.replace("postgresql://", "postgresql+psycopg://")
            yield from _looks("PostgreSQL", f"{address}/postgres", folder / "postgresql")
            with server.connect() as connection:
                connection.execute("CREATE DATABASE year")
            yield from _year("PostgreSQL", f"{address}/year")
    for of_what, figures in ticks.measure():
        for figure, value in figures.items():
            yield _line(f"{of_what}: {figure}", UNITS[figure], round(value, 3))


def _looks(name: str, address: str, data_dir: Path) -> Iterator[Result]:
    data_dir.mkdir()
    with closing(Store(address)) as store:
        migrate(store)
        fleet.fill(store, queries.NOW)
        queries.prepare(store, data_dir)
        settings = Settings.model_validate(queries.SETTINGS | {"data_dir": data_dir})
        for what, took_ms in queries.measure(store, settings):
            allowed = None if what.startswith(queries.FOR_EACH) else ALLOWED_MS
            yield _line(f"{name} {what}", "ms", round(took_ms, 1), allowed)


def _year(name: str, address: str) -> Iterator[Result]:
    with closing(Store(address)) as store:
        migrate(store)
        for what, kilobytes in year.weigh(store):
            yield _line(f"{name} weighs {what}", "kB", round(kilobytes, 1))


def _line(name: str, unit: str, ours: float, allowed: float | None = None) -> Result:
    peers = {} if allowed is None else {"allowed": allowed}
    return {"bench": f"scale {name}", "unit": unit, "ours": ours, "peers": peers}
