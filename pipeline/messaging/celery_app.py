"""The Celery app without its tasks, for the processes that send messages and for those that work on them."""

import os
from datetime import UTC, datetime
from typing import Any

from celery import Celery
from celery.app.amqp import AMQP
from celery.schedules import schedstate, schedule
from kombu import Connection
from kombu.transport import redis as redis_transport
from redis import ResponseError

from pipeline import clock, watchdog
from pipeline.messaging.queues import QUEUES, TICKS, queue
from pipeline.settings import Settings

TICK, REQUEST_CHARTS, REDRAW, CHART_FILE, LOOK_UP, EXAMPLE = (
    "tick",
    "request_charts",
    "redraw",
    "chart_file",
    "look_up",
    "example",
)
"""The tasks that are sent by name, from processes without tasks."""
SLOTS = 2
"""Worker processes for ticks and charts. Fetching waits on threads inside them: more would not make a tick shorter."""
TASK_LIMIT_S = 60
ANSWERS_WITHIN_S = 5
"""A server that takes longer counts as away, so that a person gets an answer and no connection hangs for ever."""
CELERY_VARIABLES = {
    *("CELERY_BROKER_URL", "CELERY_BROKER_READ_URL", "CELERY_BROKER_WRITE_URL", "CELERY_RESULT_BACKEND"),
    *("CELERY_CONFIG_MODULE", "CELERY_LOADER", "CELERY_CUSTOM_WORKER_POOL"),
    *("APP", "BROKER_URL", "RESULT_BACKEND", "LOADER", "CONFIG_MODULE"),
}
"""Environment variables that Celery prefers to its configuration. Our own settings have been read by then."""
LONG_AGO = datetime.fromtimestamp(0, UTC)


class JumpProofSchedule(schedule):
    """A period that goes on where the clock was set back; Celery's own waits until the clock is that late again."""

    def is_due(self, last_run_at: datetime) -> schedstate:
        if self.maybe_make_aware(last_run_at) > self.now():
            return schedstate(is_due=True, next=self.seconds)
        return super().is_due(last_run_at)


class RetryingConnection(Connection):
    """Retries every few seconds while the broker is away. kombu's own waits grow to half a minute."""

    def ensure_connection(self, *args: Any, **options: Any) -> Any:
        return super().ensure_connection(
            *args, **{"interval_start": 1, "interval_step": 1, "interval_max": 3} | options
        )

    def _connection_factory(self) -> Any:
        """A Redis that is full or read-only counts as away: a worker would reconnect to it again and again."""
        watchdog.turn()  # a loop that waits for a broker that is away is not stuck
        connection = super()._connection_factory()
        if self.transport.driver_type == "redis":
            channel: Any = self.default_channel
            try:
                channel.client.set("tallybird:broker", "is written", ex=TASK_LIMIT_S)
            except ResponseError as error:
                self.release()
                raise ConnectionError(str(error)) from error
        return connection


class RetryingAMQP(AMQP):
    """Celery's access to the broker, over such connections."""

    Connection = RetryingConnection


class SharedClockCelery(Celery):
    """Goes by the clock that all machines share, for beat's schedule and for when a message expires."""

    task_cls = "pipeline.messaging.task_request:Task"
    resources: object = None
    """What the tasks work with; None in a process that only sends them."""

    def now(self) -> datetime:
        return clock.now()


def make_app(settings: Settings) -> SharedClockCelery:
    for name in CELERY_VARIABLES & os.environ.keys():
        del os.environ[name]
    # kombu notes when a worker took a task, and would do so by the machine's clock.
    redis_transport.time = lambda: clock.now().timestamp()  # type: ignore[attr-defined]
    app = SharedClockCelery("tallybird", amqp=RetryingAMQP)
    app.conf.update(_tasks_and_workers(settings), **_servers(settings), beat_schedule=_beat_schedule(settings))
    return app


def _tasks_and_workers(settings: Settings) -> dict[str, object]:
    return {
        "task_serializer": "json",
        "result_serializer": "json",
        "accept_content": ["json"],
        "task_ignore_result": True,
        "result_expires": 600,
        # A task of a worker that was killed runs again; every step may run twice.
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "worker_prefetch_multiplier": 1,
        "worker_pool": "pipeline.messaging.worker_pool:Pool",
        "worker_consumer": "pipeline.messaging.consumer:Consumer",
        "worker_concurrency": SLOTS,
        "worker_hijack_root_logger": False,
        "task_time_limit": TASK_LIMIT_S,
        "task_default_queue": TICKS,
        "task_queues": [queue(name, settings.broker.for_celery) for name in QUEUES],
        "timezone": "UTC",
    }


def _servers(settings: Settings) -> dict[str, object]:
    return {
        "broker_url": settings.broker.for_celery,
        "broker_use_ssl": settings.broker.amqp_tls,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_channel_error_retry": True,  # a Redis that becomes read-only refuses in this way
        "broker_transport_options": _transport_options(settings),
        "redis_socket_timeout": ANSWERS_WITHIN_S,
        "redis_socket_connect_timeout": ANSWERS_WITHIN_S,
        "result_backend": settings.redis.for_celery,
        "result_backend_always_retry": True,
        "result_backend_max_retries": 60,
        "result_backend_max_sleep_between_retries_ms": 1000,
    }


def _transport_options(settings: Settings) -> dict[str, object]:
    """RabbitMQ confirms each message; Redis redelivers what a dead worker held, after the longest task."""
    if settings.broker.is_amqp:
        return {"confirm_publish": True}
    return {
        "visibility_timeout": 2 * TASK_LIMIT_S,
        "socket_timeout": ANSWERS_WITHIN_S,
        "socket_connect_timeout": ANSWERS_WITHIN_S,
    }


def _beat_schedule(settings: Settings) -> dict[str, object]:
    """A tick each period. It expires with its period, so that ticks never pile up, and has no result to wait for."""
    options = {"expires": settings.tick_seconds, "ignore_result": True}  # a result is waited for while Redis is away
    return {
        TICK: {"task": TICK, "schedule": JumpProofSchedule(settings.tick), "last_run_at": LONG_AGO, "options": options}
    }
