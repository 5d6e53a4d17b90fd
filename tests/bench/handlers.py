"""How long the bot's handlers take, and what the process weighs, with 10,000 chats and 50,000 subscriptions.

On SQLite and on a private PostgreSQL. What owners ask is about all chats and may take longer.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from pipeline import clock
from pipeline.store import Store
from pipeline.store.migrate import migrate
from tests.bench import fleet
from tests.conftest import ROOT
from tests.servers import PostgreSQL, Redis, traversable_folder

ALLOWED_MS, ALLOWED_MB = 50, 100
ASKING = (
    "import runpy, sys; sys.modules['httpx._main'] = None; runpy.run_module('tests.bench.asking', run_name='__main__')"
)
"""Without httpx's command line, which takes 5 MB and is loaded only beside what tests install."""
OF_OWNERS = "of an owner"
SETTINGS = {
    "telegram_bot_token": "4242:marked-telegram-token-0123456789",
    "x_bearer_token": "bench",
    "x_daily_usd": "600",
    "x_monthly_usd": "20000",
    "max_chats": 2 * fleet.CHATS,
}
Result = dict[str, Any]


def run() -> Iterator[Result]:
    with traversable_folder() as folder, Redis(folder).running() as redis:
        given = SETTINGS | {"redis_url": redis.url, "data_dir": str(folder)}
        yield from _measured("SQLite", f"sqlite:///{folder}/tallybird.db", given)
        with PostgreSQL(folder).running() as server:
            address = f"{server.url}/postgres".replace("postgresql://", "postgresql+psycopg://")
            yield from _measured("PostgreSQL", address, given)


def _measured(name: str, address: str, given: dict[str, Any]) -> Iterator[Result]:
    store = Store(address)
    migrate(store)
    fleet.fill(store, clock.now())
    store.close()
    command = [sys.executable, "-c", ASKING, json.dumps(given | {"database_url": address})]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    told = json.loads(done.stdout)
    for asked, figures in told["took"].items():
        for figure, took_ms in figures.items():
            peers = {"allowed": ALLOWED_MS} if figure == "median" and OF_OWNERS not in asked else {}
            yield {"bench": f"handlers {name} {asked}: {figure}", "unit": "ms", "ours": took_ms, "peers": peers}
    for when, kinds in told["memory"].items():
        for kind, megabytes in kinds.items():
            bench = f"handlers {name} {kind} memory {when}"
            yield {"bench": bench, "unit": "MB", "ours": megabytes, "peers": {"allowed": ALLOWED_MB}}
