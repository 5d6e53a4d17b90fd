"""The queues of updates, one for each token: a bot polls them, or they are pushed to its webhook."""

import asyncio
import contextlib
import time
from collections import deque
from dataclasses import dataclass, field
from itertools import islice

import aiohttp

from sandbox.telegram.errors import conflict
from sandbox.telegram.records import Json

MAX_UPDATES = 10_000
MAX_POLL_S = 50  # the real server's cap
READY_FOR_S = 60
"""A bot counts as polling so long after its last poll."""
FIRST_RETRY_S = 0.5
MAX_RETRY_S = 60.0
WEBHOOK_TIMEOUT = aiohttp.ClientTimeout(total=30)


@dataclass(frozen=True)
class Update:
    id: int
    kind: str
    value: Json

    def json(self) -> Json:
        return {"update_id": self.id, self.kind: self.value}


@dataclass(frozen=True)
class Webhook:
    url: str
    secret: str = ""
    max_connections: int = 40
    ip_address: str | None = None


@dataclass
class UpdateQueue:
    """The updates that one token has not confirmed, and how it gets them."""

    pending: deque[Update]
    allowed: list[str] | None = None  # None: every kind that the stand-in has
    webhook: Webhook | None = None
    polled_at: float = 0.0
    last_error: tuple[int, str] | None = None
    _waiting: "asyncio.Future[None] | None" = None
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)
    _delivery: "asyncio.Task[None] | None" = None

    def allow(self, kinds: list[str] | None) -> None:
        """Queue only these kinds from now on; an empty list for all kinds, None for no change."""
        if kinds is not None:
            self.allowed = kinds or None

    def put(self, update: Update) -> None:
        if self.allowed is None or update.kind in self.allowed:
            self.pending.append(update)
            self._wake()

    async def poll(self, *, limit: int, timeout_s: float) -> list[Update]:
        """The oldest pending updates; waits for the first. A second poll ends this one with a 409."""
        if self.webhook:
            raise conflict(
                "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
            )
        self._terminate_poll("terminated by other getUpdates request; make sure that only one bot instance is running")
        if not self.pending and timeout_s > 0:
            await self._wait(timeout_s)
        self.polled_at = time.time()
        return list(islice(self.pending, limit))

    @property
    def is_ready(self) -> bool:
        return bool(self.webhook or self._waiting or time.time() - self.polled_at < READY_FOR_S)

    def use_webhook(self, webhook: Webhook | None, *, confirmed: "Unconfirmed") -> None:
        if self._delivery:
            self._delivery.cancel()
        self.webhook, self._delivery, self.last_error = webhook, None, None
        if webhook:
            self._terminate_poll("terminated by setWebhook request")
            self._wake()
            self._delivery = asyncio.create_task(self._deliver(webhook, confirmed))

    def info(self) -> Json:
        """A WebhookInfo."""
        info: Json = {"url": "", "has_custom_certificate": False, "pending_update_count": len(self.pending)}
        if self.webhook:
            info |= {"url": self.webhook.url, "max_connections": self.webhook.max_connections}
        if self.webhook and self.webhook.ip_address:
            info["ip_address"] = self.webhook.ip_address
        if self.last_error:
            info["last_error_date"], info["last_error_message"] = self.last_error
        return info | ({"allowed_updates": self.allowed} if self.allowed else {})

    def stop(self) -> None:
        if self._delivery:
            self._delivery.cancel()
        self._wake()

    def _wake(self) -> None:
        self._arrived.set()
        if self._waiting and not self._waiting.done():
            self._waiting.set_result(None)

    def _terminate_poll(self, why: str) -> None:
        if self._waiting and not self._waiting.done():
            self._waiting.set_exception(conflict(why))

    async def _wait(self, timeout_s: float) -> None:
        waiting = self._waiting = asyncio.get_running_loop().create_future()
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(waiting, timeout_s)
        finally:
            if self._waiting is waiting:
                self._waiting = None

    async def _deliver(self, webhook: Webhook, confirmed: "Unconfirmed") -> None:
        """Push one update after the other; a refused one is retried before the next."""
        retry_s = FIRST_RETRY_S
        async with aiohttp.ClientSession(timeout=WEBHOOK_TIMEOUT) as session:
            while True:
                await self._arrived.wait()
                if not self.pending:
                    self._arrived.clear()
                elif problem := await _push(session, webhook, self.pending[0]):
                    self.last_error = (int(time.time()), problem)
                    await asyncio.sleep(retry_s)
                    retry_s = min(retry_s * 2, MAX_RETRY_S)
                else:
                    confirmed.pop(self.pending.popleft().id, None)
                    retry_s = FIRST_RETRY_S


Unconfirmed = dict[int, Update]


async def _push(session: aiohttp.ClientSession, webhook: Webhook, update: Update) -> str | None:
    """Post an update to the webhook; returns the problem, or None if it was accepted."""
    headers = {"X-Telegram-Bot-Api-Secret-Token": webhook.secret} if webhook.secret else {}
    try:
        async with session.post(webhook.url, json=update.json(), headers=headers, allow_redirects=False) as answer:
            return None if answer.ok else f"Wrong response from the webhook: {answer.status} {answer.reason}"
    except (aiohttp.ClientError, TimeoutError) as error:
        return str(error) or "Connection timed out"


class UpdateQueues:
    """A queue for each token. Every update goes to all of them."""

    def __init__(self) -> None:
        self._queues: dict[str, UpdateQueue] = {}
        self._unconfirmed: Unconfirmed = {}  # by no token; a new queue starts with these
        self._last_id = 0

    def emit(self, kind: str, value: Json) -> None:
        self._last_id += 1
        update = self._unconfirmed[self._last_id] = Update(self._last_id, kind, value)
        if len(self._unconfirmed) > MAX_UPDATES:
            self._unconfirmed.pop(next(iter(self._unconfirmed)))
        for queue in self._queues.values():
            queue.put(update)

    def queue(self, token: str) -> UpdateQueue:
        if token not in self._queues:
            self._queues[token] = UpdateQueue(deque(self._unconfirmed.values(), maxlen=MAX_UPDATES))
        return self._queues[token]

    def confirm(self, queue: UpdateQueue, offset: int) -> None:
        """Remove the updates before offset; a negative offset keeps that many of the newest."""
        if offset < 0:
            newest = list(queue.pending)[offset:]
            offset = newest[0].id if newest else 0
        while queue.pending and queue.pending[0].id < offset:
            self._unconfirmed.pop(queue.pending.popleft().id, None)

    def drop(self, queue: UpdateQueue) -> None:
        self.confirm(queue, self._last_id + 1)

    def use_webhook(self, queue: UpdateQueue, webhook: Webhook | None) -> None:
        queue.use_webhook(webhook, confirmed=self._unconfirmed)

    def clear(self) -> None:
        """Remove all updates. Ids go on, since a polling bot asks for those after its last one."""
        self._unconfirmed.clear()
        for queue in self._queues.values():
            queue.pending.clear()

    @property
    def is_ready(self) -> bool:
        return any(queue.is_ready for queue in self._queues.values())

    def stop(self) -> None:
        for queue in self._queues.values():
            queue.stop()
