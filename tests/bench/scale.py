"""What many accounts and chats cost: looks at what is due, ticks by accounts and workers, charts, and a year's data.

The looks are of 10,000 accounts, 10,000 chats and 50,000 subscriptions, on SQLite and on a private PostgreSQL.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.settings import Settings
from pipeline.store import Store
from pipeline.store.migrate import migrate
from tests.bench import fleet, queries
from tests.servers import PostgreSQL, traversable_folder

ALLOWED_MS = 20
Result = dict[str, Any]


def run() -> Iterator[Result]:
    with traversable_folder() as folder:
        yield from _looks("SQLite", f"sqlite:///{folder}/tallybird.db", folder / "sqlite")
        with PostgreSQL(folder).running() as server:
            address = f"{server.url}/postgres".replace("postgresql://", "postgresql+psycopg://")
            yield from _looks("PostgreSQL", address, folder / "postgresql")


def _looks(name: str, address: str, data_dir: Path) -> Iterator[Result]:
    data_dir.mkdir()
    store = Store(address)
    migrate(store)
    fleet.fill(store, queries.NOW)
    queries.prepare(store, data_dir)
    settings = Settings.model_validate(queries.SETTINGS | {"data_dir": data_dir})
    for what, took_ms in queries.measure(store, settings):
        peers = {"allowed": ALLOWED_MS}
        yield {"bench": f"scale {name} {what}", "unit": "ms", "ours": round(took_ms, 1), "peers": peers}
    store.close()
