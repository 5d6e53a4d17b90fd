"""The workers that live, as each announces itself in Redis: its slots, and which DATA_DIR it writes to.

A Redis that was wiped knows them again within EVERY_S. A worker that has not announced itself for EXPIRES_S is gone.
"""

import logging
from contextlib import closing, suppress
from typing import Any, NamedTuple, cast
from uuid import uuid4

from celery.bootsteps import StartStopStep
from pydantic import TypeAdapter
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from pipeline import clock, data_dir
from pipeline.messaging.celery_app import SLOTS

log = logging.getLogger(__name__)

KEY = "tallybird:workers"
EVERY_S, EXPIRES_S = 5, 15
TIMEOUT_S = 1


class LivingWorker(NamedTuple):
    """slots: the tasks that it works on at once. data_dir: the folder's id."""

    token: str
    slots: int
    data_dir: str


packed = TypeAdapter(LivingWorker)


def announce(redis: Redis, worker: LivingWorker) -> None:
    """The worker lives."""
    now = clock.now().timestamp()
    with redis.pipeline() as pipe:
        pipe.zadd(KEY, {packed.dump_json(worker): now})
        pipe.zremrangebyscore(KEY, "-inf", now - EXPIRES_S)
        pipe.zremrangebyscore(KEY, now + EXPIRES_S, "+inf")  # Redis' clock was set back
        pipe.execute()


def withdraw(redis: Redis, worker: LivingWorker) -> None:
    """The worker ends."""
    redis.zrem(KEY, packed.dump_json(worker))


def load(redis: Redis) -> list[LivingWorker]:
    now = clock.now().timestamp()
    members = cast("list[bytes]", redis.zrangebyscore(KEY, now - EXPIRES_S, now + EXPIRES_S))
    return [packed.validate_json(member) for member in members]


def count_slots(redis: Redis) -> int:
    """How many chunks can be fetched side by side; those of one worker where none is known yet."""
    return sum(each.slots for each in load(redis)) or SLOTS


def share_data_dir(redis: Redis) -> bool:
    """Whether none of them writes to another folder than the others."""
    return len({each.data_dir for each in load(redis)}) <= 1


class AnnouncedWorker(StartStopStep):
    """A step of the worker's start, which is made again with each connection to the broker."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, consumer: Any, **options: Any) -> None:
        self.settings = consumer.app.resources.settings
        super().__init__(consumer, **options)

    def start(self, consumer: Any) -> None:
        try:
            folder = data_dir.identify(self.settings.data_dir)
        except OSError as error:
            log.warning("the id of DATA_DIR cannot be kept, so that it counts as any other without one: %s", error)
            folder = ""
        self.worker = LivingWorker(uuid4().hex, consumer.pool.limit, folder)
        self._tell(announce)
        self.timer = consumer.timer.call_repeatedly(EVERY_S, self._tell, (announce,))

    def stop(self, _consumer: Any) -> None:
        self.timer.cancel()
        self._tell(withdraw)

    def _tell(self, what: Any) -> None:
        """A Redis that is away hears it later."""
        retry = Retry(NoBackoff(), 0)
        options = {"socket_timeout": TIMEOUT_S, "socket_connect_timeout": TIMEOUT_S}
        with (
            closing(Redis.from_url(self.settings.redis_address, **options, retry=retry)) as redis,
            suppress(RedisError),
        ):
            what(redis, self.worker)
