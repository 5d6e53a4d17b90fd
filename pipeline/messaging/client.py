"""What the bot asks of the pipeline: charts, look-ups of accounts, a wake-up when a chart is ready, and its picture.

The bot needs this module, the store, the records, the errors and the settings, and nothing else of the pipeline.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
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
from pipeline.messaging.celery_app import (
    ANSWERS_WITHIN_S,
    CHART_FILE,
    EXAMPLE,
    LOOK_UP,
    REDRAW,
    REQUEST_CHARTS,
    make_app,
)
from pipeline.messaging.queues import REQUESTS, SERVERS
from pipeline.records import DocumentFormat, Language, LazyString, Profile, Theme
from pipeline.settings import Settings
from pipeline.sources.problems import not_in_time
from pipeline.sources.source import Network

READY = "tallybird:ready"
"""The Redis channel that wakes the bot when a chart is ready."""
FILES = "tallybird:files"
"""The Redis list of the files that are ready to be sent."""
FILE_WITHIN = timedelta(hours=1)
"""How long a file may take, such as where no worker runs or the bot is down."""
FILE_AWAITED_S = 2
"""Short, since a file that becomes ready goes to a bot that waits for one, even if it was cut off meanwhile."""
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


@dataclass(frozen=True)
class Example:
    """The digest of a picture."""

    digest: str


answers, examples = TypeAdapter(Answer), TypeAdapter(Example)


@dataclass(frozen=True)
class FileRequest:
    """A chart that a chat wants as a file, as a reply to the message that shows it."""

    chat_id: int
    thread_id: int | None
    message_id: int
    comparison_id: int
    file_format: DocumentFormat


@dataclass(frozen=True)
class ReadyFile:
    """The outcome of a FileRequest. digest: of the content; None where it could not be made."""

    request: FileRequest
    digest: str | None = None
    name: str = ""
    caption: str = ""


file_requests, ready_files = TypeAdapter(FileRequest), TypeAdapter(ReadyFile)


def wake_bot(redis: Redis) -> None:
    """Called in the pipeline when a chart is ready. A wake-up that is lost costs the bot only a few seconds."""
    redis.publish(READY, "")


def reply(redis: Redis, reply_to: str, answer: Answer | Example) -> None:
    """Called in the pipeline to answer a question of the bot."""
    redis.lpush(reply_to, answers.dump_json(answer) if isinstance(answer, Answer) else examples.dump_json(answer))
    redis.expire(reply_to, ANSWER_WITHIN)


def hand_over(redis: Redis, file: ReadyFile) -> None:
    """Called in the pipeline when a file is ready, or failed. It waits for a bot that is down."""
    redis.rpush(FILES, ready_files.dump_json(file))
    redis.expire(FILES, FILE_WITHIN)


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

    async def redraw(self, comparison_ids: Collection[int]) -> None:
        """Have these charts drawn now from what is stored: no network is asked for anything."""
        await self._send(REDRAW, [sorted(comparison_ids)], self.tick.total_seconds())

    async def request_file(self, request: FileRequest) -> None:
        """Have the file made; next_file returns it."""
        await self._send(CHART_FILE, [file_requests.dump_python(request, mode="json")], FILE_WITHIN.total_seconds())

    async def next_file(self) -> ReadyFile | None:
        """Wait for a file that is ready; None where there is none within FILE_AWAITED_S."""
        packed = await self.redis.blpop([FILES], timeout=FILE_AWAITED_S)
        return None if packed is None else ready_files.validate_json(packed[1])

    async def look_up(self, network: Network, handles: Sequence[str], chat_id: int) -> list[Profile]:
        """The profile of each handle, which the chat pays where the network has a price.

        Raises ServiceError where the network cannot be asked, or is late to answer.
        """
        queue = SERVERS if network.has_servers else REQUESTS
        packed = await self._ask(LOOK_UP, lambda reply_to: [network.key, list(handles), reply_to, chat_id], queue)
        if packed is None:
            raise ServiceError(
                "pipeline",
                lazy_gettext("{network} did not answer in time. Try again in a minute.", network=network.name),
            )
        answer = answers.validate_json(packed)
        if answer.profiles is None:
            raise ServiceError(network.key, answer.problem or not_in_time(network.name))
        return answer.profiles

    async def example(self, theme: Theme, language: Language) -> str | None:
        """The digest of a chart of made-up accounts, drawn now; None where no worker draws it in time."""
        packed = await self._ask(EXAMPLE, lambda reply_to: [theme.value, language.value, reply_to])
        return None if packed is None else examples.validate_json(packed).digest

    async def _ask(self, task: str, args: Callable[[str], list[object]], queue: str = REQUESTS) -> bytes | None:
        """Send a task and wait for its answer; None where it is late. args: of the task, by where it replies to."""
        reply_to = f"tallybird:reply:{uuid4().hex}"
        seconds = ANSWER_WITHIN.total_seconds()
        await self._send(task, args(reply_to), seconds, queue)
        packed = await self.redis.blpop([reply_to], timeout=seconds)
        return None if packed is None else packed[1]

    async def _send(self, task: str, args: list[object], expires_s: float, queue: str = REQUESTS) -> None:
        """Send a task. Raises TimeoutError where no server takes it in time; what is still unsent then is never sent.

        Without a result: Celery would subscribe to it, which blocks for long while Redis is away.
        """
        send = partial(self.app.send_task, task, args=args, queue=queue, expires=expires_s, ignore_result=True)
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

    async def content(self, digest: str) -> bytes | None:
        """The bytes of a chart or another file, or None where they have expired."""
        content: bytes | None = await self.redis.get(blobs.key(digest))
        return content

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
