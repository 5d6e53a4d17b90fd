"""What all tests share: polling with a time limit, free ports, servers, and timelines of X."""

import csv
import gc
import os
import random
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import pytest
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).parent.parent
SHARED_TIMELINES = ROOT.parent / "shared" / "data" / "x_timelines.csv"
COLUMNS = [
    "username",
    "post_id",
    "created_at",
    "is_repost",
    "retweets",
    "replies",
    "likes",
    "quotes",
    "bookmarks",
    "views",
]
RABBITMQ = "127.0.0.1:5672"
SHARING_FOLDER = "tests/e2e/shared/"
"""The folder whose files share a deployment."""
NETWORK = "x"
"""The network that the tests' accounts are of, unless they say otherwise."""
T = TypeVar("T")


def until(check: Callable[[], T], within_s: float = 20, every_s: float = 0.1) -> T:
    """Call check until its result is true, and return it; fail after within_s seconds."""
    end = time.monotonic() + within_s
    while not (result := check()):
        if time.monotonic() > end:
            pytest.fail(f"not within {within_s} s; the last result was {result!r}")
        time.sleep(every_s)
    return result


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@lru_cache
def unknown_user_command() -> tuple[str, ...]:
    """The prefix that runs a command as a user who is not root and has no entry in /etc/passwd.

    Empty where this machine does not allow it.
    """
    prefix = ("unshare", "--user", "--map-user=12345", "--map-group=12345")
    try:
        subprocess.run([*prefix, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return ()
    return prefix


def skip_unless_ci(reason: str) -> None:
    """Skip a test that this machine cannot run; in CI it fails."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect tests without a look for garbage, and never look through them and what they import, which all stay."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    return FileScheduling(config, log)


class FileScheduling(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
    """Gives a whole file to one worker, since a file's tests share fixtures; SHARING_FOLDER as if it were one file."""

    def _split_scope(self, nodeid: str) -> str:
        return SHARING_FOLDER if nodeid.startswith(SHARING_FOLDER) else nodeid.split("::", 1)[0]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reasons = Counter(report.longrepr[2] for report in terminalreporter.getreports("skipped"))
    for reason, count in reasons.items():
        terminalreporter.write_line(f"{count} tests {str(reason).replace('S', 's', 1)}")


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The URL of a Redis that nothing else uses."""
    from tests.servers import Redis, traversable_folder  # noqa: PLC0415 tests.servers imports this module

    with traversable_folder() as folder, Redis(folder).running() as server:
        yield server.url


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL, without a database, of a PostgreSQL that nothing else uses: postgresql://postgres@host:port."""
    from tests.servers import PostgreSQL, traversable_folder  # noqa: PLC0415

    with traversable_folder() as folder, PostgreSQL(folder).running() as server:
        yield server.url


@pytest.fixture(scope="session")
def rabbitmq() -> str:
    """The host and port of the machine's RabbitMQ, in which rabbitmqctl can add users and vhosts."""
    from tests.servers import rabbitmqctl  # noqa: PLC0415

    try:
        rabbitmqctl("list_vhosts")
    except (OSError, subprocess.CalledProcessError):
        skip_unless_ci(
            f"no RabbitMQ on {RABBITMQ}, or not ours to set up. Debian: apt install rabbitmq-server, and be root"
        )
    return RABBITMQ


@pytest.fixture(scope="session")
def timelines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Timelines of X as CSV: the real ones if they are on this machine, else made-up ones with the same columns.

    Each account has made its newest post just now, since young posts are read most often.
    """
    return _write(tmp_path_factory, _as_of_now(_original()))


@pytest.fixture(scope="session")
def original_timelines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with the times at which the posts were made."""
    return _write(tmp_path_factory, _original())


def _write(tmp_path_factory: pytest.TempPathFactory, rows: Iterable[dict[str, Any]]) -> Path:
    path = tmp_path_factory.mktemp("timelines") / "timelines.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return path


def _original() -> list[dict[str, Any]]:
    if not SHARED_TIMELINES.exists():
        return _made_up()
    with SHARED_TIMELINES.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _as_of_now(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The same posts, made so much later that the newest of each account are a minute old."""
    now, newest = datetime.now(UTC) - timedelta(minutes=1), dict[str, datetime]()
    for row in rows:
        at = datetime.fromisoformat(row["created_at"])
        newest[row["username"]] = max(at, newest.get(row["username"], at))
    for row in rows:
        at = datetime.fromisoformat(row["created_at"]) + (now - newest[row["username"]])
        yield row | {"created_at": f"{at:%Y-%m-%dT%H:%M:%SZ}"}


def _made_up() -> list[dict[str, Any]]:
    chance = random.Random(7)
    start = datetime(2024, 4, 26, tzinfo=UTC)
    rows: list[dict[str, Any]] = []
    for number, name in enumerate(("Aster", "Birch_1", "Cedar", "Dogwood", "Elder"), start=1):
        for index in range(60 + 12 * number):
            at = start - timedelta(hours=7 * index + chance.random())
            reposts = int(chance.lognormvariate(number, 1.2))
            repost = int(chance.random() < 0.1)
            rest = [0] * 5 if repost else [int(reposts * chance.random() * scale) for scale in (1, 6, 0.3, 0.2, 90)]
            made = [name, 1_000_000 * number + 1000 - index, f"{at:%Y-%m-%dT%H:%M:%SZ}", repost, reposts, *rest]
            rows.append(dict(zip(COLUMNS, made, strict=True)))
    return rows
