"""What all processes take with 100 accounts of X and a live chart while nothing changes: memory, CPU, disk.

And the seconds from the start of the processes to the bot's first request for updates, where a database is there.
"""

import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil

from tests.conftest import until
from tests.e2e.chat import Json
from tests.e2e.deployment import Deployment, running

ACCOUNTS, POSTS, TICK_S = 100, 100, 10
SETTLED_AFTER_S, MEASURED_S = 60, 120
"""It is measured once all posts have been read for so long, so that caches are filled and nothing is left to do."""
FIRST_POST = 10**15
SETTINGS = {"X_DAILY_USD": "100000", "X_MONTHLY_USD": "100000", "MAX_ACCOUNTS_PER_CHAT": str(ACCOUNTS)}
MEGABYTE = 2**20
Result = dict[str, Any]


def run() -> Iterator[Result]:
    with (
        TemporaryDirectory(prefix="tallybird-bench-") as folder,
        running(Path(folder), None, SETTINGS, tick_s=TICK_S) as deployment,
    ):
        _track(deployment)
        time.sleep(SETTLED_AFTER_S)
        cpu_s, written = _used(deployment)
        started = time.monotonic()
        time.sleep(MEASURED_S)
        minutes = (time.monotonic() - started) / 60
        cpu_after_s, written_after = _used(deployment)
        by_process = {name: _pss(process) / MEGABYTE for name, process in _processes(deployment)}
        first_poll_s = _start_again(deployment)
    yield _line("memory, sum of PSS", "MB", sum(by_process.values()), 260)
    for name, size in by_process.items():
        yield _line(f"memory of {name}", "MB", size)
    yield _line("CPU of a core", "%", (cpu_after_s - cpu_s) / minutes / 60 * 100, 2)
    yield _line("written a minute", "MB", (written_after - written) / MEGABYTE / minutes, 0.1)
    yield _line("from the start to the first poll", "s", first_poll_s, 3)


def _line(name: str, unit: str, ours: float, allowed: float | None = None) -> Result:
    peers = {} if allowed is None else {"allowed": allowed}
    return {"bench": f"at rest: {name}", "unit": unit, "ours": round(ours, 2), "peers": peers}


def _track(deployment: Deployment) -> None:
    """Have a chat follow all accounts, once all their posts are read."""
    chance, newest = random.Random(1), datetime.now(UTC) - timedelta(days=1)
    deployment.sandbox.post("x/accounts", accounts=[_account(chance, number, newest) for number in range(ACCOUNTS)])
    chat = deployment.chat(1)
    for first in range(0, ACCOUNTS, 50):
        chat.ask("/track " + " ".join(f"@rest_{number:03}" for number in range(first, first + 50)), within_s=60)
    chat.chart("/subscribe @rest_000 @rest_001 @rest_002 @rest_003 @rest_004", within_s=60)
    until(lambda: deployment.sandbox.get("x/bill")["posts_billed"] >= ACCOUNTS * POSTS, within_s=600, every_s=2)


def _account(chance: random.Random, number: int, newest: datetime) -> Json:
    posts = [
        {
            "post_id": str(FIRST_POST + number * 1000 + POSTS - age),
            "created_at": f"{newest - timedelta(hours=age):%Y-%m-%dT%H:%M:%SZ}",
            "retweets": int(chance.lognormvariate(3, 1.2)),
        }
        for age in range(POSTS)
    ]
    return {"username": f"rest_{number:03}", "posts": posts}


def _processes(deployment: Deployment) -> list[tuple[str, psutil.Process]]:
    everything = [deployment.supervisor, *deployment.supervisor.children(recursive=True)]
    return [(f"{each.name()} {' '.join(each.cmdline()[-2:])} {each.pid}", each) for each in everything]


def _used(deployment: Deployment) -> tuple[float, int]:
    """The CPU seconds of all processes so far, and the bytes that they have sent to a disk."""
    processes = [process for _, process in _processes(deployment)]
    times = [process.cpu_times() for process in processes]
    return sum(each.user + each.system for each in times), sum(each.io_counters().write_bytes for each in processes)


def _pss(process: psutil.Process) -> int:
    return int(process.memory_full_info().pss)


def _start_again(deployment: Deployment) -> float:
    """The seconds from a new start to the first poll."""
    deployment.stop()
    started = time.time()
    deployment.start()
    return until(lambda: _first_poll(deployment, started), within_s=120) - started


def _first_poll(deployment: Deployment, since: float) -> float:
    """When the first request for updates came after this moment, in seconds since 1970; 0 where none was answered."""
    calls = deployment.sandbox.get("calls", service="telegram")
    return min((call["at"] for call in calls if call["method"] == "getUpdates" and call["at"] > since), default=0.0)
