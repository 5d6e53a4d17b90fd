"""/livez, /readyz and /metrics over HTTP, from a thread: it answers also where the event loop stands still.

Ready is a bot that does what it is for: ticks conclude, charts are drawn and shown, and Telegram answers. What other
processes do is read from the database and from Redis.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from http import HTTPStatus
from threading import Thread
from time import monotonic
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from prometheus_client import make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer
from redis import Redis, RedisError
from sqlalchemy.exc import SQLAlchemyError
from telegram import Bot
from telegram.error import TelegramError

from bot.context import Context
from bot.metrics import SharedFigures
from bot.signs import FAILS_AGAIN_WITHIN_S, Signs
from pipeline import clock, watchdog
from pipeline.errors import ConfigError
from pipeline.messaging import progress
from pipeline.sources.registry import NETWORKS

log = logging.getLogger(__name__)

LOOP_WITHIN_S = watchdog.LIMIT_S / 2
TELEGRAM_WITHIN_S = 60
"""Telegram answers each poll within 10 s, and a poll without an answer ends after 15 s."""
SHOWN_WITHIN_S = 120
"""With 2,000 live chats each waits for 80 s, and some chart is shown all the time."""
GRACE = timedelta(seconds=30)
"""Beside three ticks: the message of a worker that died comes again after so long."""
ANSWERS_WITHIN_S = 5
"""A server that takes longer counts as away."""
IDLE_CONNECTION_S = 10
STANDBY = "standby: another bot speaks to Telegram, and this one takes over where that ends"
TEXT = ("Content-Type", "text/plain; charset=utf-8")


class HealthServer:
    """Serves in a daemon thread from `start` on. loop: where Telegram can be asked, once this bot speaks to it."""

    def __init__(self, context: Context, bot: Bot) -> None:
        self.context, self.bot, self.signs = context, bot, context.signs
        self.started_at = monotonic()
        self.loop: asyncio.AbstractEventLoop | None = None
        self.redis = Redis.from_url(
            context.settings.redis_address, socket_timeout=ANSWERS_WITHIN_S, socket_connect_timeout=ANSWERS_WITHIN_S
        )
        self.signs.registry.register(SharedFigures(context, self.redis))
        self.metrics: Callable[..., Iterable[bytes]] = make_wsgi_app(self.signs.registry)

    def start(self, port: int) -> None:
        """Raises ConfigError where the port is taken."""
        try:
            server = make_server("0.0.0.0", port, self.respond, ThreadingWSGIServer, _Handler)  # noqa: S104 containers are probed from outside
        except OSError as error:
            raise ConfigError([f"HEALTH_PORT: cannot listen on {port}: {error.strerror}. Name another port"]) from error
        Thread(target=server.serve_forever, name="health", daemon=True).start()

    def speak(self, loop: asyncio.AbstractEventLoop) -> None:
        """From now on this bot speaks to Telegram, which is to answer soon."""
        self.started_at, self.loop = monotonic(), loop

    def respond(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """A WSGI application."""
        match environ["PATH_INFO"]:
            case "/livez":
                return _answer(start_response, list(self._loop_problems()))
            case "/readyz":
                return _answer(start_response, self.problems(), STANDBY if self.context.lease.is_standby else "ok")
            case "/metrics":
                return self.metrics(environ, start_response)
        start_response(_status(HTTPStatus.NOT_FOUND), [TEXT])
        return [b"/livez, /readyz or /metrics\n"]

    def problems(self) -> list[str]:
        """What keeps the bot from being ready, a line each. A standby is, without a word from Telegram."""
        shared = [*self._loop_problems(), *self._database_problems(), *self._progress_problems(clock.now())]
        if self.context.lease.is_standby:
            return shared
        return [*shared, *self._telegram_problems(), *self._delivery_problems()]

    def _loop_problems(self) -> Iterator[str]:
        if self.signs.turned_at is not None:
            stands_s = monotonic() - self.signs.turned_at
            if stands_s > LOOP_WITHIN_S:
                yield f"loop: the bot's event loop has stood still for {stands_s:.0f} s"

    def _database_problems(self) -> Iterator[str]:
        try:
            with self.context.store.read_session() as db:
                db.connection()
        except SQLAlchemyError as error:
            yield f"database: does not answer: {type(error).__name__}"

    def _progress_problems(self, now: datetime) -> Iterator[str]:
        within = 3 * self.context.settings.tick + GRACE
        try:
            parts = progress.load(self.redis)
        except RedisError as error:
            yield f"redis: does not answer: {type(error).__name__}"
            return
        if not parts.keys() & NETWORKS.keys():
            yield "ticks: none has begun; are beat and a worker running?"
        for part, at in sorted(parts.items()):
            if now - at > within:
                late_s = (now - at).total_seconds()
                yield (
                    f"charts: some are to be drawn, and none was for {late_s:.0f} s"
                    if part == progress.DRAWING
                    else f"ticks: none of {part} has concluded for {late_s:.0f} s"
                )

    def _telegram_problems(self) -> Iterator[str]:
        if self.context.settings.webhook_url is not None:
            self._ask_telegram()
        silent_s = monotonic() - (self.signs.answered_at or self.started_at)
        if self.signs.answered_at is None:
            yield f"telegram: has not answered since the start, {silent_s:.0f} s ago"
        elif silent_s > TELEGRAM_WITHIN_S:
            yield f"telegram: has not answered for {silent_s:.0f} s"

    def _ask_telegram(self) -> None:
        """With a webhook nothing asks Telegram all the time, so that it is asked now unless it just answered."""
        if self.loop is None or monotonic() - (self.signs.answered_at or 0) < TELEGRAM_WITHIN_S / 2:
            return
        asked = asyncio.run_coroutine_threadsafe(self.bot.get_me(read_timeout=ANSWERS_WITHIN_S), self.loop)
        try:
            asked.result(2 * ANSWERS_WITHIN_S)
        except (TelegramError, TimeoutError) as error:
            log.warning("Telegram does not say who the bot is: %s", type(error).__name__)
        else:
            self.signs.answered_at = monotonic()

    def _delivery_problems(self) -> Iterator[str]:
        now, failing = monotonic(), self.signs.failing
        if self.signs.delivered_at is not None and now - self.signs.delivered_at > SHOWN_WITHIN_S:
            yield f"charts: some are due, and none was shown for {now - self.signs.delivered_at:.0f} s"
        elif failing and now - failing.since > SHOWN_WITHIN_S and now - failing.last <= FAILS_AGAIN_WITHIN_S:
            yield f"charts: none was shown for {now - failing.since:.0f} s: {failing.text}"


class _Handler(WSGIRequestHandler):
    timeout = IDLE_CONNECTION_S

    def log_message(self, *_: object) -> None:
        """Log nothing: it is asked every few seconds."""


def serve(context: Context, bot: Bot) -> HealthServer | None:
    """Start the server where a port is set."""
    if context.settings.health_port is None:
        return None
    server = HealthServer(context, bot)
    server.start(context.settings.health_port)
    return server


async def keep_turning(signs: Signs) -> None:
    """Say that the event loop turns, without end."""
    while True:
        signs.turned_at = monotonic()
        watchdog.turn()
        await asyncio.sleep(watchdog.EVERY_S)


def _answer(start_response: Callable[..., Any], problems: list[str], well: str = "ok") -> Iterable[bytes]:
    start_response(_status(HTTPStatus.SERVICE_UNAVAILABLE if problems else HTTPStatus.OK), [TEXT])
    return [f"{line}\n".encode() for line in problems or [well]]


def _status(status: HTTPStatus) -> str:
    return f"{status.value} {status.phrase}"
