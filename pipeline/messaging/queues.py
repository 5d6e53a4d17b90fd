"""The queues that tasks travel in, and what becomes of a message whose worker is gone."""

from datetime import timedelta
from typing import Any

from celery import Celery
from kombu import Connection, Exchange, Queue

from pipeline import clock

QUEUES = tuple(f"tallybird.3.{name}" for name in ("ticks", "charts", "requests", "uploads", "servers"))
TICKS, CHARTS, REQUESTS, UPLOADS, SERVERS = QUEUES
"""A worker takes from its queues in rotation: what a person asked for, in REQUESTS, waits behind no other chart.

SERVERS: what is asked of servers that anybody may name, and that may be slow.

The number rises whenever a message would mean something else to the version before; the old names then go to
messaging/upgrade.py.
"""
ABANDONED_AFTER = timedelta(seconds=30)
"""A worker that has held a task this long is taken for dead. If it is only slow, the task runs twice, harmlessly."""


def queue(name: str, broker: str) -> Queue:
    """The queue; on RabbitMQ a quorum queue, which outlives a crash of the server. broker: its address."""
    arguments = {"x-queue-type": "quorum"} if broker.startswith("amqp") else None
    return Queue(name, Exchange(name), routing_key=name, queue_arguments=arguments)


def redeliver_unacked(app: Celery, held_for: timedelta) -> None:
    """With Redis as the broker, put back the tasks that workers took that long ago and have not finished.

    kombu does so by itself only every 100 s. RabbitMQ does so as soon as a worker's connection is gone.
    """
    with app.connection_for_write() as connection:
        if connection.transport.driver_type != "redis":
            return
        channel: Any = connection.default_channel
        now = clock.now().timestamp()
        for task, taken_at in channel.client.zrange(channel.unacked_index_key, 0, -1, withscores=True):
            if not 0 <= now - taken_at < held_for.total_seconds():  # also where the clock was set back since
                channel.qos.restore_by_tag(task)


def queue_lengths(app: Celery) -> dict[str, int]:
    """How many messages wait in each queue, by its name without the version."""
    with app.connection_for_read() as connection:
        return {name.rpartition(".")[2]: _length(connection, name) for name in QUEUES}


def _length(connection: Connection, name: str) -> int:
    channel: Any = connection.channel()
    try:
        return int(channel.queue_declare(name, passive=True).message_count)
    except connection.channel_errors:  # no worker has made it yet; on Redis it exists only while it holds messages
        return 0
    finally:
        channel.close()
