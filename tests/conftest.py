"""What all tests share: waiting with an end, free ports, and figures to compare."""

import csv
import os
import random
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import pytest

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
T = TypeVar("T")


def until(look: Callable[[], T], within_s: float = 20, every_s: float = 0.1) -> T:
    """Look again and again until there is something; fail with what was seen last."""
    end = time.monotonic() + within_s
    while not (seen := look()):
        if time.monotonic() > end:
            pytest.fail(f"not within {within_s} s; seen last: {seen!r}")
        time.sleep(every_s)
    return seen


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@lru_cache
def as_a_stranger() -> tuple[str, ...]:
    """The words that run a command as a user whom /etc/passwd does not know, and who is not root.

    Where the machine does not let us, the command is run as this user.
    """
    words = ("unshare", "--user", "--map-user=12345", "--map-group=12345")
    try:
        subprocess.run([*words, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return ()
    return words


def without(what: str) -> None:
    """Something is missing: a failure in CI, a skip elsewhere that is told in one line at the end."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reasons = Counter(report.longrepr[2] for report in terminalreporter.getreports("skipped"))
    for reason, count in reasons.items():
        terminalreporter.write_line(f"{count} tests {str(reason).replace('S', 's', 1)}")


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The address of a Redis that nobody else uses."""
    from tests.servers import Redis, open_folder  # noqa: PLC0415 it needs this module

    with open_folder() as folder, Redis(folder).running() as server:
        yield server.url


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The address of a PostgreSQL that nobody else uses, but for a database's name: postgresql://postgres@host:port."""
    from tests.servers import PostgreSQL, open_folder  # noqa: PLC0415 the same

    with open_folder() as folder, PostgreSQL(folder).running() as server:
        yield server.url


@pytest.fixture(scope="session")
def rabbitmq() -> str:
    """The host and port of the machine's RabbitMQ, where rabbitmqctl may make users and vhosts."""
    from tests.servers import rabbitmqctl  # noqa: PLC0415 the same

    try:
        rabbitmqctl("list_vhosts")
    except (OSError, subprocess.CalledProcessError):
        without(f"no RabbitMQ on {RABBITMQ}, or not ours to set up. Debian: apt install rabbitmq-server, and be root")
    return RABBITMQ


@pytest.fixture(scope="session")
def timelines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Timelines of X as CSV: the shared real ones where they are, else made-up ones of the same shape."""
    if SHARED_TIMELINES.exists():
        return SHARED_TIMELINES
    path = tmp_path_factory.mktemp("timelines") / "timelines.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(_made_up())
    return path


def _made_up() -> list[list[object]]:
    chance = random.Random(7)
    start = datetime(2024, 4, 26, tzinfo=UTC)
    rows: list[list[object]] = []
    for number, name in enumerate(("Aster", "Birch_1", "Cedar", "Dogwood", "Elder"), start=1):
        for index in range(60 + 12 * number):
            at = start - timedelta(hours=7 * index + chance.random())
            reposts = int(chance.lognormvariate(number, 1.2))
            repost = int(chance.random() < 0.1)
            rest = [0] * 5 if repost else [int(reposts * chance.random() * scale) for scale in (1, 6, 0.3, 0.2, 90)]
            rows.append([name, 1_000_000 * number + 1000 - index, f"{at:%Y-%m-%dT%H:%M:%SZ}", repost, reposts, *rest])
    return rows
