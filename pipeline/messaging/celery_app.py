"""How messages travel: the Celery app without its tasks, for those who send and for those who work."""

import os
from datetime import UTC, datetime, timedelta
from typing import Any

from celery import Celery
from celery.app.amqp import AMQP
from celery.schedules import schedstate, schedule
from kombu import Connection, Exchange, Queue
from kombu.transport import redis as redis_transport
from redis import ResponseError

from pipeline import clock
from pipeline.settings import Settings

TICKS, CHARTS, ASKED, UPLOADS = "tallybird.ticks", "tallybird.charts", "tallybird.asked", "tallybird.uploads"
"""Workers take from their queues in turn: what people wait for, which is in ASKED, waits for no line of others."""
TICK, REQUEST_CHARTS, LOOK_UP = "tick", "request_charts", "look_up"
SLOTS = 2
"""Worker processes for ticks and charts. Fetching waits on threads inside them: more would not make a tick shorter."""
TASK_LIMIT_S = 60
ANSWERS_WITHIN_S = 5
"""A server that takes longer is as good as away: who asks for a chart is told so, and no connection hangs for ever."""
CELERYS_OWN = {
    *("CELERY_BROKER_URL", "CELERY_BROKER_READ_URL", "CELERY_BROKER_WRITE_URL", "CELERY_RESULT_BACKEND"),
    *("CELERY_CONFIG_MODULE", "CELERY_LOADER", "CELERY_CUSTOM_WORKER_POOL"),
    *("APP", "BROKER_URL", "RESULT_BACKEND", "LOADER", "CONFIG_MODULE"),
}
"""Variables that Celery would follow rather than what it is told; ours are read by then."""
LONG_AGO = datetime.fromtimestamp(0, UTC)
LOST_AFTER = timedelta(seconds=30)
"""Whoever held a task that long is taken for lost. One who is only slow does it twice, which does no harm."""


class Every(schedule):
    """A period that also goes on where the clock was set back; Celery's own waits until it is that late again."""

    def is_due(self, last_run_at: datetime) -> schedstate:
        if self.maybe_make_aware(last_run_at) > self.now():
            return schedstate(is_due=True, next=self.seconds)
        return super().is_due(last_run_at)


class SteadyConnection(Connection):
    """Looks every few seconds for a server that is away. kombu's own waits grow to half a minute."""

    def ensure_connection(self, *args: Any, **options: Any) -> Any:
        return super().ensure_connection(
            *args, **{"interval_start": 1, "interval_step": 1, "interval_max": 3} | options
        )

    def _connection_factory(self) -> Any:
        """A Redis that is full or can only be read is away as well: to it, a worker would come and go without end."""
        made = super()._connection_factory()
        if self.transport.driver_type == "redis":
            channel: Any = self.default_channel
            try:
                channel.client.set("tallybird:broker", "is written", ex=TASK_LIMIT_S)
            except ResponseError as error:
                self.release()
                raise ConnectionError(str(error)) from error
        return made


class Steady(AMQP):
    """Celery's way to the broker, over such connections."""

    Connection = SteadyConnection


class App(Celery):
    """By the clock of all: beat's schedule, and until when what is sent may begin."""

    task_cls = "pipeline.messaging.task_request:Task"

    def now(self) -> datetime:
        return clock.now()


def make_app(settings: Settings) -> Celery:
    for name in CELERYS_OWN & os.environ.keys():
        del os.environ[name]
    # kombu notes when a worker took a task, and would do so by the machine's clock.
    redis_transport.time = lambda: clock.now().timestamp()  # type: ignore[attr-defined]
    app = App("tallybird", amqp=Steady)
    broker = settings.broker.for_celery
    options = {"expires": settings.tick_seconds, "ignore_result": True}  # who waits for a result hangs without Redis
    app.conf.update(
        broker_url=broker,
        broker_use_ssl=settings.broker.amqp_tls,
        result_backend=settings.redis.for_celery,
        task_serializer="json",
        result_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        result_expires=600,
        # A lost worker's task comes back and runs again; every step may run twice.
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        worker_pool="pipeline.messaging.worker_pool:Pool",
        worker_concurrency=SLOTS,
        worker_hijack_root_logger=False,
        task_time_limit=TASK_LIMIT_S,
        task_default_queue=TICKS,
        task_queues=[_queue(name, broker) for name in (TICKS, CHARTS, ASKED, UPLOADS)],
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_channel_error_retry=True,  # a Redis that becomes read-only refuses in this way
        redis_socket_timeout=ANSWERS_WITHIN_S,
        redis_socket_connect_timeout=ANSWERS_WITHIN_S,
        result_backend_always_retry=True,
        result_backend_max_retries=60,
        result_backend_max_sleep_between_retries_ms=1000,
        broker_transport_options=_transport_options(broker),
        beat_schedule={
            TICK: {"task": TICK, "schedule": Every(settings.tick), "last_run_at": LONG_AGO, "options": options},
        },
        timezone="UTC",
    )
    return app


def redeliver_unacked(app: Celery, held_for: timedelta) -> None:
    """With Redis as the broker: hand out again what some worker took that long ago and never ended.

    kombu does this by itself only each 100 s. RabbitMQ does it as soon as a worker is gone.
    """
    with app.connection_for_write() as connection:
        if connection.transport.driver_type != "redis":
            return
        channel: Any = connection.default_channel
        now = clock.now().timestamp()
        for task, taken_at in channel.client.zrange(channel.unacked_index_key, 0, -1, withscores=True):
            if not 0 <= now - taken_at < held_for.total_seconds():  # also where the clock was set back since
                channel.qos.restore_by_tag(task)


def _queue(name: str, broker: str) -> Queue:
    """On RabbitMQ a quorum queue, which outlives a server's crash."""
    arguments = {"x-queue-type": "quorum"} if broker.startswith("amqp") else None
    return Queue(name, Exchange(name), routing_key=name, queue_arguments=arguments)


def _transport_options(broker: str) -> dict[str, object]:
    """RabbitMQ confirms each message; Redis hands out again what a lost worker held, after its longest task."""
    if broker.startswith("amqp"):
        return {"confirm_publish": True}
    return {
        "visibility_timeout": 2 * TASK_LIMIT_S,
        "socket_timeout": ANSWERS_WITHIN_S,
        "socket_connect_timeout": ANSWERS_WITHIN_S,
    }
