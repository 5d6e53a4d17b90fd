"""The pipeline's doors for the chat: ask for a chart, ask who an account is, hear of a ready chart, fetch its picture.

Whoever stands outside needs this module, the store, the records, the errors and the settings, and nothing else.
"""

import asyncio
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from uuid import uuid4

from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass
from redis import Redis, ResponseError
from redis.asyncio import Redis as AsyncRedis

from pipeline import clock
from pipeline.errors import ServiceError
from pipeline.i18n import lazy_gettext
from pipeline.messaging import blobs
from pipeline.messaging.celery_app import ANSWERS_WITHIN_S, ASKED, LOOK_UP, REQUEST_CHARTS, make_app
from pipeline.records import LazyString, Profile
from pipeline.settings import Settings

READY = "tallybird:ready"
GROUP, CONSUMER = "bot", "bot"
KEPT_ENTRIES = 10_000
ANSWER_WITHIN = timedelta(seconds=20)
SENDERS = 4
"""Threads that send, and wait where a server is away; whoever else needs a thread has others."""


@dataclass(frozen=True)
class Answer:
    """What X says of some handles, in their order, or why it could not be asked."""

    profiles: list[Profile] | None = None
    problem: LazyString | None = None


answers = TypeAdapter(Answer)


def announce(redis: Redis, comparison_id: int) -> None:
    """The pipeline's side of the stream: this comparison's chart is ready."""
    redis.xadd(READY, {"comparison": comparison_id}, maxlen=KEPT_ENTRIES, approximate=True)


def reply(redis: Redis, reply_to: str, answer: Answer) -> None:
    """The pipeline's side of a look-up."""
    redis.lpush(reply_to, answers.dump_json(answer))
    redis.expire(reply_to, ANSWER_WITHIN)


class PipelineClient:
    """The chat's side. Every method may raise the errors of redis or kombu while a server is away."""

    def __init__(self, settings: Settings) -> None:
        clock.follow(settings.redis_address, by_itself=False)
        self.app = make_app(settings)
        self.senders = ThreadPoolExecutor(SENDERS, thread_name_prefix="send")
        self.tick = settings.tick
        self.redis = AsyncRedis.from_url(settings.redis_address, socket_timeout=ANSWER_WITHIN.total_seconds() + 5)

    async def ask(self, comparison_ids: Collection[int], account_ids: Collection[int] = ()) -> None:
        """Have these charts drawn now, and those of these accounts read that never were.

        A message that is lost loses nothing: the next tick draws all that the store says is wanted.
        """
        if comparison_ids or account_ids:
            await self._send(REQUEST_CHARTS, [sorted(comparison_ids), sorted(account_ids)], self.tick.total_seconds())

    async def look_up(self, handles: Sequence[str]) -> list[Profile]:
        """What X says of each handle. Raises ServiceError where it cannot be asked or does not answer in time."""
        reply_to = f"tallybird:reply:{uuid4().hex}"
        seconds = ANSWER_WITHIN.total_seconds()
        await self._send(LOOK_UP, [list(handles), reply_to], seconds)
        packed = await self.redis.blpop([reply_to], timeout=seconds)
        if packed is None:
            raise ServiceError("pipeline", lazy_gettext("X did not answer in time. Try again in a minute."))
        answer = answers.validate_json(packed[1])
        if answer.profiles is None:
            raise ServiceError("x", answer.problem or lazy_gettext("X did not answer in time"))
        return answer.profiles

    async def _send(self, task: str, args: list[object], expires_s: float) -> None:
        """Without a result: waiting for one's place there blocks for long while Redis is away.

        What has not begun in time is never sent, and what has begun expires.
        """
        send = partial(self.app.send_task, task, args=args, queue=ASKED, expires=expires_s, ignore_result=True)
        try:
            async with asyncio.timeout(ANSWERS_WITHIN_S):
                await asyncio.get_running_loop().run_in_executor(self.senders, send)
        except TimeoutError:
            raise TimeoutError("no answer in time") from None

    async def hear(self, wait: timedelta, *, again: bool = False) -> list[str]:
        """The entries of charts that became ready, waiting a while for one.

        again: those heard before and not acknowledged, as after a crash.
        """
        await self._open()
        block = None if again else int(wait.total_seconds() * 1000)
        heard = await self.redis.xreadgroup(GROUP, CONSUMER, {READY: "0" if again else ">"}, count=1000, block=block)
        return [entry.decode() for _stream, entries in heard for entry, _fields in entries]

    async def acknowledge(self, entries: Sequence[str]) -> None:
        if entries:
            await self.redis.xack(READY, GROUP, *entries)

    async def picture(self, digest: str) -> bytes | None:
        """The chart's PNG, or None where it is not kept any more."""
        found: bytes | None = await self.redis.get(blobs.key(digest))
        return found

    async def keep_time(self) -> None:
        """Follow the clock of all, without end; in a thread, since Redis may let it wait."""
        while True:
            await asyncio.to_thread(clock.measure)
            await asyncio.sleep(clock.AGAIN_S)

    async def close(self) -> None:
        await self.redis.aclose()
        self.senders.shutdown(wait=False, cancel_futures=True)
        self.app.close()

    async def _open(self) -> None:
        """Make the group where it is missing, as in a Redis that is new or was wiped."""
        try:
            await self.redis.xgroup_create(READY, GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise
