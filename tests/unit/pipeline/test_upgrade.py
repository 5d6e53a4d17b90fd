"""What the version before has left in Redis and RabbitMQ, when a worker of this one starts."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from amqp.exceptions import NotFound
from celery import Celery
from kombu import Exchange, Queue
from redis import Redis

from pipeline.messaging.celery_app import TICK, make_app
from pipeline.messaging.queues import queue
from pipeline.messaging.upgrade import FORMER_QUEUES, delete_leftovers
from pipeline.settings import Settings
from pipeline.store import comparisons
from pipeline.store.tables import Comparison
from tests.conftest import ROOT, until
from tests.servers import rabbitmqctl
from tests.unit.pipeline.conftest import NOW, Ticks, timeline

TICKS, CHARTS, ASKED, UPLOADS, TICKS_2, CHARTS_2, REQUESTS_2, UPLOADS_2 = FORMER_QUEUES
CHART = {"comparison_id": 1, "version": 1}
FORMER_MESSAGES: list[tuple[str, str, list[Any], dict[str, Any]]] = [
    (TICKS, "tick", [], {}),
    (TICKS, "read", [[[1, "1", 100]]], {}),
    (TICKS, "conclude", [["0" * 64], "a-token"], {}),
    (CHARTS, "write", [], {"comparison_id": 1}),
    (CHARTS, "write_again", ["100 1"], {}),
    (CHARTS, "plot", [], {"comparison_id": 1}),
    (CHARTS, "publish", ["0" * 64], CHART),
    (ASKED, "draw", [[1], [1]], {}),
    (ASKED, "conclude_asked", [[None]], {}),
    (ASKED, "look_up", [["nasa"], "tallybird:reply:a"], {}),
    (UPLOADS, "upload", [], {}),
    (TICKS_2, "store", [["0" * 64], "a-token"], {}),
    (CHARTS_2, "draw", [], CHART),
    (REQUESTS_2, "look_up", ["x", ["nasa"], "tallybird:reply:b", 1], {}),
    (UPLOADS_2, "upload", [], {}),
]
pytestmark = pytest.mark.timeout(120)


@contextmanager
def worker(ticks: Ticks, log: Path) -> Iterator[None]:
    settings = {
        "X_BEARER_TOKEN": "token",
        "X_API_URL": ticks.resources.settings.x_api_url,
        "REDIS_URL": ticks.redis,
        "DATA_DIR": str(ticks.folder),
    }
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **settings}
    command = [sys.executable, "-m", "pipeline", "worker"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ticks.folder, env=environment, stdout=output, stderr=output)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


@contextmanager
def left_by_the_version_before(ticks: Ticks) -> Iterator[None]:
    """Messages of all its tasks, each once waiting and once taken by a worker that froze; its lock and its stream."""
    with (
        Celery("before", broker=ticks.resources.settings.broker.for_celery, set_as_current=False) as app,
        app.connection_for_write() as connection,
    ):
        for name, task, args, kwargs in FORMER_MESSAGES * 2:
            declared = Queue(name, Exchange(name), routing_key=name)
            app.send_task(task, args, kwargs, queue=declared, ignore_result=True)  # type: ignore[arg-type]
        channel: Any = connection.default_channel
        for name, *_ in FORMER_MESSAGES:
            assert channel.basic_get(name)
        with Redis.from_url(ticks.redis) as redis:
            redis.set("tallybird:tick", "a-token", ex=20)
            redis.xadd("tallybird:ready", {"comparison": 1})
            redis.xgroup_create("tallybird:ready", "bot", id="0")
        yield


def chart(ticks: Ticks, comparison_id: int) -> str | None:
    with ticks.store.read_session() as db:
        return db.get_one(Comparison, comparison_id).chart_digest


def test_former_messages_are_dropped_and_the_next_tick_does_what_they_were_for(ticks: Ticks, tmp_path: Path) -> None:
    ticks.load("nasa", timeline(5))
    comparison_id = ticks.subscribe(ticks.track("nasa"))
    with ticks.store.write_session() as db:
        assert comparisons.claim(db, [comparison_id], NOW), "a worker of the version before was drawing it"
    log = tmp_path / "worker.log"
    with left_by_the_version_before(ticks), Redis.from_url(ticks.redis) as redis:
        with worker(ticks, log), make_app(ticks.resources.settings) as app:
            until(lambda: not redis.exists("tallybird:ready"), within_s=60)
            app.send_task(TICK)
            until(lambda: chart(ticks, comparison_id), within_s=30)
        left = {key.decode() for key in redis.scan_iter()}
        assert not left & {*FORMER_QUEUES, *(f"_kombu.binding.{name}" for name in FORMER_QUEUES), "unacked"}
    written = log.read_text()
    assert "tick: 1 read" in written
    assert not [line for line in written.splitlines() if " ERROR " in line or "Traceback" in line], written


@pytest.fixture
def vhost(rabbitmq: str) -> Iterator[str]:
    """The address of a vhost of the test's own."""
    name = f"tallybird_upgrade_{os.getpid()}"
    rabbitmqctl("add_vhost", name)
    rabbitmqctl("set_permissions", "-p", name, "guest", ".*", ".*", ".*")
    yield f"amqp://guest:guest@{rabbitmq}/{name}"
    rabbitmqctl("delete_vhost", name)


def test_former_queues_of_rabbitmq_are_deleted_where_there_are_any(vhost: str, redis_address: str) -> None:
    settings = Settings(broker_url=vhost, redis_url=redis_address, _env_file=None)
    with make_app(settings) as app, app.connection_for_write() as connection, Redis.from_url(redis_address) as redis:
        for name in FORMER_QUEUES:
            queue(name, vhost)(connection.default_channel).declare()
            app.send_task("plot", [1], queue=queue(name, vhost), ignore_result=True)  # type: ignore[arg-type]
        delete_leftovers(app, redis)
        channel: Any = connection.default_channel
        for name in FORMER_QUEUES:
            with pytest.raises(NotFound):
                channel.queue_declare(name, passive=True)
            channel = connection.channel()  # RabbitMQ closes a channel with the error
        delete_leftovers(app, redis)
