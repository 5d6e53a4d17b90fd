"""What the bot asks of the pipeline: charts, look-ups of accounts, a wake-up when a chart is ready, and its picture.

The bot needs this module, the store, the records, the errors and the settings, and nothing else of the pipeline.
"""

import asyncio
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from uuid import uuid4

from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass
from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from pipeline import clock
from pipeline.errors import ServiceError
from pipeline.i18n import lazy_gettext
from pipeline.messaging import blobs
from pipeline.messaging.celery_app import ANSWERS_WITHIN_S, LOOK_UP, REQUEST_CHARTS, make_app
from pipeline.messaging.queues import REQUESTS
from pipeline.records import LazyString, Profile
from pipeline.settings import Settings
from pipeline.sources.problems import not_in_time
from pipeline.sources.source import Network

READY = "tallybird:ready"
"""The Redis channel that wakes the bot when a chart is ready."""
ANSWER_WITHIN = timedelta(seconds=20)
HEALTH_CHECK_S = 15
"""A connection that is idle for so long is tested, so that one whose server is gone does not stay silent for ever."""
SENDERS = 4
"""Threads that send messages, and block while a server is away; other work has threads of its own."""


@dataclass(frozen=True)
class Answer:
    """The profiles of some handles, in their order, or why the network could not be asked."""

    profiles: list[Profile] | None = None
    problem: LazyString | None = None


answers = TypeAdapter(Answer)


def wake_bot(redis: Redis) -> None:
    """Called in the pipeline when a chart is ready. A wake-up that is lost costs the bot only a few seconds."""
    redis.publish(READY, "")


def reply(redis: Redis, reply_to: str, answer: Answer) -> None:
    """Called in the pipeline to answer a look-up."""
    redis.lpush(reply_to, answers.dump_json(answer))
    redis.expire(reply_to, ANSWER_WITHIN)


class PipelineClient:
    """The bot's client of the pipeline. Every method may raise the errors of redis or kombu while a server is away."""

    def __init__(self, settings: Settings) -> None:
        clock.follow(settings.redis_address, automatic=False)
        self.app = make_app(settings)
        self.senders = ThreadPoolExecutor(SENDERS, thread_name_prefix="send")
        self.tick = settings.tick
        self.redis = AsyncRedis.from_url(
            settings.redis_address,
            socket_timeout=ANSWER_WITHIN.total_seconds() + 5,
            health_check_interval=HEALTH_CHECK_S,
        )
        self.ready = self.redis.pubsub()

    async def request_charts(self, comparison_ids: Collection[int], account_ids: Collection[int] = ()) -> None:
        """Have these charts drawn now, and those of these accounts fetched that never were.

        A message that is lost loses nothing: the next tick draws every chart that is due by the database.
        """
        if comparison_ids or account_ids:
            await self._send(REQUEST_CHARTS, [sorted(comparison_ids), sorted(account_ids)], self.tick.total_seconds())

    async def look_up(self, network: Network, handles: Sequence[str]) -> list[Profile]:
        """The profile of each handle. Raises ServiceError where the network cannot be asked, or is late to answer."""
        reply_to = f"tallybird:reply:{uuid4().hex}"
        seconds = ANSWER_WITHIN.total_seconds()
        await self._send(LOOK_UP, [network.key, list(handles), reply_to], seconds)
        packed = await self.redis.blpop([reply_to], timeout=seconds)
        if packed is None:
            raise ServiceError(
                "pipeline",
                lazy_gettext("{network} did not answer in time. Try again in a minute.", network=network.name),
            )
        answer = answers.validate_json(packed[1])
        if answer.profiles is None:
            raise ServiceError(network.key, answer.problem or not_in_time(network.name))
        return answer.profiles

    async def _send(self, task: str, args: list[object], expires_s: float) -> None:
        """Send a task. Raises TimeoutError where no server takes it in time; what is still unsent then is never sent.

        Without a result: Celery would subscribe to it, which blocks for long while Redis is away.
        """
        send = partial(self.app.send_task, task, args=args, queue=REQUESTS, expires=expires_s, ignore_result=True)
        try:
            async with asyncio.timeout(ANSWERS_WITHIN_S):
                await asyncio.get_running_loop().run_in_executor(self.senders, send)
        except TimeoutError:
            raise TimeoutError("no answer in time") from None

    async def wait_for_ready(self, at_most: timedelta) -> bool:
        """Wait for a wake-up. True where a chart became ready, or may have while there was no connection."""
        if not self.ready.subscribed:
            await self.ready.subscribe(READY)
        message = await self.ready.get_message(timeout=at_most.total_seconds())
        return message is not None  # the answer to a subscription too, also to one that redis-py renewed by itself

    async def picture(self, digest: str) -> bytes | None:
        """The chart's PNG, or None where it has expired."""
        png: bytes | None = await self.redis.get(blobs.key(digest))
        return png

    async def keep_time(self) -> None:
        """Follow the shared clock, without end; in a thread, since Redis may be slow to answer."""
        while True:
            await asyncio.to_thread(clock.measure)
            await asyncio.sleep(clock.MEASURE_EVERY_S)

    async def close(self) -> None:
        await self.ready.aclose()
        await self.redis.aclose()
        self.senders.shutdown(wait=False, cancel_futures=True)
        self.app.close()
