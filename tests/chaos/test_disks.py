"""A full disk: where datasets are, where all of DATA_DIR is, where the log is. Then there is space again."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from tests.chaos.conftest import Report
from tests.chaos.outage_checks import MEMORY, PIPELINE, ChartsSent, assert_answered_with, few_log_lines
from tests.chaos.stages import drawing
from tests.chaos.subscribers import (
    READY,
    TICK_S,
    Restarts,
    Subscribers,
    charts,
    fresh_again,
    nothing_lost_or_repeated,
    pause,
    subscribe_chats,
)
from tests.conftest import skip_unless_ci, until
from tests.e2e.deployment import Deployment, running
from tests.servers import Redis

pytestmark = pytest.mark.timeout(240)
DISK_MB = 32
"""Enough for what a few minutes leave in DATA_DIR."""
FULL_S = 15
PIECE = bytes(64 * 1024)


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A private filesystem."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        skip_unless_ci("no right to mount a small filesystem")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk") as made:
        yield made


@contextmanager
def full(disk: Path) -> Iterator[None]:
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for piece in (PIECE, b"-"):
            with suppress(OSError):
                while file.write(piece):
                    continue
    yield
    filler.unlink()


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory, timelines: Path) -> Iterator[Deployment]:
    """With only DATA_DIR on the small disk; its database and its Redis are elsewhere."""
    folder = tmp_path_factory.mktemp("deployment")
    with small_disk(folder / "disk") as disk, Redis(folder).running() as redis:
        settings = {"DATA_DIR": str(disk), "DATABASE_URL": f"sqlite:///{folder}/tallybird.db", "REDIS_URL": redis.url}
        with running(folder, timelines, settings, tick_s=TICK_S) as started:
            yield started


@pytest.fixture(scope="module")
def subscribers(deployment: Deployment, timelines: Path) -> Subscribers:
    return subscribe_chats(deployment, timelines)


def test_no_space_for_the_dataset(deployment: Deployment, subscribers: Subscribers, report: Report) -> None:
    """Charts need no dataset on the disk, and Dropbox gets it nevertheless."""
    disk = Path(deployment.environment["DATA_DIR"])
    with nothing_lost_or_repeated(subscribers), few_log_lines(deployment):
        with full(disk):
            since = time.monotonic()
            fresh_s = max(fresh_again(subscribers, subscribers.raise_count()) for _ in range(3))
            figure = subscribers.raise_count()
            fresh_again(subscribers, figure)
            sent = ChartsSent.from_now(subscribers)
            until(lambda: in_dropbox(deployment, figure), within_s=4 + 3 * TICK_S)
            pause(2 * TICK_S)
            assert not in_datasets(disk, figure)
            failed = deployment.log.read_text().count("[Errno 28] No space left on device")
            assert 1 <= failed <= 2 + 2 * (time.monotonic() - since) / TICK_S  # again at each tick
        until(lambda: in_datasets(disk, figure), within_s=3 * TICK_S)
        assert sent.most_to_a_chat() == 0
        report("no space for the dataset", fresh_s=fresh_s)


def test_processes_that_end_while_there_is_no_space_restart(
    deployment: Deployment, subscribers: Subscribers, report: Report
) -> None:
    with nothing_lost_or_repeated(subscribers), full(Path(deployment.environment["DATA_DIR"])):
        restarts = Restarts(deployment, *READY)
        for name in READY:
            deployment.process(name).terminate()
        fresh_s = fresh_again(subscribers, subscribers.raise_count(), restarts)
        report("all processes ended while there is no space in DATA_DIR", fresh_s=fresh_s)


def in_datasets(disk: Path, figure: str) -> bool:
    count = figure.replace(",", "")
    return any(f",{count}," in path.read_text() for path in (disk / "datasets").glob("*-last-*.csv"))


def in_dropbox(deployment: Deployment, figure: str) -> bool:
    paths = [file["path"] for file in deployment.sandbox.get("dropbox/files") if "-last-" in file["path"]]
    count = figure.replace(",", "").encode()
    return any(count in deployment.sandbox.bytes(f"dropbox/files{path}") for path in paths)


def test_no_space_for_a_redis_that_writes_a_log(disk: Path, tmp_path: Path, timelines: Path, report: Report) -> None:
    """It refuses writes, while the database works."""
    with (
        Redis(disk).running() as redis,
        running(tmp_path, timelines, {"REDIS_URL": redis.url}, tick_s=TICK_S) as deployment,
    ):
        subscribers, person = subscribe_chats(deployment, timelines, live=3, new=3), deployment.chat(701)
        person.ask(f"/track {subscribers.handles[0]}")
        with nothing_lost_or_repeated(subscribers), few_log_lines(deployment):
            figure, sent = subscribers.raise_count(), ChartsSent.from_now(subscribers)
            with drawing(deployment), full(disk):
                since = time.monotonic()
                pause(2 * TICK_S)
                for command in ("/compare", "/subscribe"):
                    assert_answered_with(person, command, PIPELINE)
                assert subscribers.handles[0] in person.ask("/list")
                pause(FULL_S - (time.monotonic() - since))
            fresh_s = fresh_again(subscribers, figure)
            until(lambda: charts(person), within_s=3 * TICK_S)
            pause(2 * TICK_S)
            assert sent.most_to_a_chat() <= 2
            assert len(charts(person)) == 2
        assert "MISCONF" in deployment.log.read_text()
        report(f"no space for the log of Redis for {FULL_S} s", fresh_s=fresh_s)


@pytest.mark.parametrize("full_s", [5, 20])
def test_no_space_for_anything_in_data_dir(
    disk: Path, tmp_path: Path, timelines: Path, full_s: int, report: Report
) -> None:
    """The database cannot commit, while the private Redis, which keeps nothing there, takes writes."""
    settings = {"DATA_DIR": str(disk), "DATABASE_URL": f"sqlite:///{disk}/tallybird.db"}
    with running(tmp_path, timelines, settings, tick_s=TICK_S) as deployment:
        subscribers, person = subscribe_chats(deployment, timelines, live=3, new=3), deployment.chat(701)
        person.ask(f"/track {subscribers.handles[0]}")
        with nothing_lost_or_repeated(subscribers), few_log_lines(deployment):
            figure, sent = subscribers.raise_count(), ChartsSent.from_now(subscribers)
            with drawing(deployment), full(disk):
                since = time.monotonic()
                for command in ("/subscribe", "/compare"):
                    assert_answered_with(person, command, MEMORY)
                assert subscribers.handles[0] in person.ask("/list")
                pause(full_s - (time.monotonic() - since))
            fresh_s = fresh_again(subscribers, figure)
            pause(2 * TICK_S)
            assert sent.most_to_a_chat() <= 2
        assert "database or disk is full" in deployment.log.read_text()
        report(f"no space in DATA_DIR for {full_s} s", fresh_s=fresh_s)


def test_no_space_for_the_log(disk: Path, tmp_path: Path, timelines: Path, report: Report) -> None:
    """Everything works, and later log lines are written again."""
    (tmp_path / "tallybird.log").symlink_to(disk / "tallybird.log")
    with running(tmp_path, timelines, tick_s=TICK_S) as deployment:
        subscribers = subscribe_chats(deployment, timelines)
        with nothing_lost_or_repeated(subscribers):
            with full(disk):
                written, busy_s = deployment.log.stat().st_size, cpu_seconds(deployment)
                fresh_s = max(fresh_again(subscribers, subscribers.raise_count()) for _ in range(4))
                assert deployment.log.stat().st_size - written < 4096
                assert cpu_seconds(deployment) - busy_s < 1
            before = deployment.log.stat().st_size
            fresh_again(subscribers, subscribers.raise_count())
            until(lambda: deployment.log.stat().st_size > before, within_s=2 * TICK_S)
        report("no space for the log", fresh_s=fresh_s)


def cpu_seconds(deployment: Deployment) -> float:
    """The CPU time of the supervisor and of the processes that write the log."""
    others = [each for each in deployment.supervisor.children() if each.name() in {"sh", "cat"}]
    return sum(sum(process.cpu_times()[:4]) for process in (psutil.Process(deployment.supervisor.pid), *others))
