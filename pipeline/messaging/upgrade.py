"""What earlier versions left in Redis and RabbitMQ is deleted when a worker starts."""

from celery import Celery
from redis import Redis

from pipeline.messaging.queues import queue

FORMER_QUEUES = (
    *("tallybird.ticks", "tallybird.charts", "tallybird.asked", "tallybird.uploads"),
    *("tallybird.2.ticks", "tallybird.2.charts", "tallybird.2.requests", "tallybird.2.uploads"),
)
"""Their messages are for tasks of other names, or of other arguments."""
FORMER_KEYS = ("tallybird:ready", "tallybird:tick-lock")
"""The stream that woke the bot, whose name a Redis channel has now; the lock of all networks' ticks together."""


def delete_leftovers(app: Celery, redis: Redis) -> None:
    """Nothing is lost with these messages: what they were for is in the database, and the next tick does it again."""
    with app.connection_for_write() as connection:
        for name in FORMER_QUEUES:
            former = queue(name, app.conf.broker_url).bind(connection.default_channel)
            if connection.transport.driver_type == "redis":
                former.declare()  # kombu deletes only queues that this process has declared
            former.delete()
            former.exchange.delete()
    redis.delete(*FORMER_KEYS)
