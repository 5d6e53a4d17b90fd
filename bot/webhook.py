"""The server that Telegram calls: path, secret and length are judged before a body is read, with small limits on all.

python-telegram-bot's own reads a body of 100 MB of anybody before it looks at the path.
"""

import asyncio
import json
import logging
from hmac import compare_digest
from http import HTTPStatus
from typing import Any

from telegram import Update
from telegram.ext import Updater
from tornado.httpserver import HTTPServer
from tornado.iostream import IOStream
from tornado.web import Application, HTTPError, RequestHandler, stream_request_body

from bot.flood_control import sender

log = logging.getLogger(__name__)

LONGEST_BODY = 2**20  # an update is far shorter
SMALL_BODY = 2**14
LONGEST_HEADERS = 2**14
BODY_WITHIN_S = 10.0
NEXT_WITHIN_S = 60.0
"""A connection waits so long for the headers of its next request."""
MOST_CONNECTIONS = 128
"""From more on, the one that has waited longest without a request of Telegram's is closed."""
SECRET = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 the name of a header


@stream_request_body
class Handler(RequestHandler):
    """Takes updates. Everything else is refused with its headers, and its connection closed."""

    def initialize(self, updater: "WebhookUpdater", path: str, secret: str) -> None:
        self.updater, self.path, self.secret = updater, path, secret
        self.body = bytearray()
        self.refusal: HTTPStatus | None = None

    def prepare(self) -> None:
        self.refusal = self._refusal()
        if self.refusal is None:
            self.updater.server.trust(self.request.connection)
        elif not self._is_small_post():
            self.set_header("Connection", "close")
            raise HTTPError(self.refusal)

    def _is_small_post(self) -> bool:
        """Its body is thrown away as it comes: a connection closed before that would lose the answer on the way."""
        length = self.request.headers.get("Content-Length", "")
        return self.request.method == "POST" and length.isascii() and length.isdigit() and int(length[:9]) <= SMALL_BODY

    def _refusal(self) -> HTTPStatus | None:
        headers = self.request.headers
        length = headers.get("Content-Length", "0")
        if not _is_same(self.request.path.rstrip("/"), self.path):
            return HTTPStatus.NOT_FOUND
        if self.request.method != "POST":
            return HTTPStatus.METHOD_NOT_ALLOWED
        if not _is_same(headers.get(SECRET, ""), self.secret):
            return HTTPStatus.FORBIDDEN
        return None if _is_short(length) else HTTPStatus.REQUEST_ENTITY_TOO_LARGE

    def data_received(self, chunk: bytes) -> None:
        if self.refusal is None:
            self.body += chunk

    async def post(self) -> None:
        if self.refusal is not None:
            raise HTTPError(self.refusal)
        try:
            said = json.loads(self.body)
        except (ValueError, RecursionError):
            raise HTTPError(HTTPStatus.BAD_REQUEST) from None
        if not isinstance(said, dict) or not isinstance(said.get("update_id"), int):
            raise HTTPError(HTTPStatus.BAD_REQUEST)
        await self.updater.take(said)

    def write_error(self, status_code: int, **_: Any) -> None:
        self.finish(f"{status_code}\n")

    def log_exception(self, *_: Any) -> None:
        """What strangers send is no news."""


class Server(HTTPServer):
    """With the names that python-telegram-bot's updater knows it by."""

    def start_listening(self, address: str, port: int) -> None:
        self.waiting: dict[IOStream, None] = {}
        self.is_running = True
        self.listen(port, address=address)

    def handle_stream(self, stream: IOStream, address: Any) -> None:
        self.waiting = {each: None for each in self.waiting if not each.closed()}
        while len(self.waiting) >= MOST_CONNECTIONS:
            oldest = next(iter(self.waiting))
            del self.waiting[oldest]
            oldest.close()
        self.waiting[stream] = None
        super().handle_stream(stream, address)

    def trust(self, connection: Any) -> None:
        """It brought Telegram's secret."""
        self.waiting.pop(connection.stream, None)

    async def shutdown(self) -> None:
        self.is_running = False
        self.stop()
        await self.close_all_connections()


class WebhookUpdater(Updater):
    """python-telegram-bot's updater with that server in the place of its own."""

    server: Server

    def __init__(self, *args: Any, is_left_out: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.is_left_out = is_left_out

    async def _start_webhook(  # type: ignore[override]  # noqa: PLR0913 of what the parent takes, what is used here
        self,
        listen: str,
        port: int,
        url_path: str,
        bootstrap_retries: int,
        allowed_updates: Any,
        *,
        webhook_url: str | None = None,
        ready: asyncio.Event | None = None,
        secret_token: str | None = None,
        max_connections: int = 40,
        drop_pending_updates: bool | None = None,
        **_: Any,
    ) -> None:
        self.server = make_server(self, f"/{url_path.strip('/')}", secret_token or "")
        self.server.start_listening(listen, port)
        self._httpd = self.server  # type: ignore[assignment]
        await self._bootstrap(
            drop_pending_updates=drop_pending_updates,
            max_retries=bootstrap_retries,
            webhook_url=webhook_url,
            allowed_updates=allowed_updates,
            max_connections=max_connections,
            secret_token=secret_token,
        )
        if ready is not None:
            ready.set()

    async def take(self, said: dict[str, Any]) -> None:
        """One that cannot be read is left out: refused, Telegram would bring it again and again before all others."""
        person = sender(said)
        if person is not None and self.is_left_out(person):
            return
        try:
            update = Update.de_json(said, self.bot)
        except Exception:  # whatever Telegram has made of an update, it must not end the others
            log.exception("update %d cannot be read and is left out", said["update_id"])
            return
        await self.update_queue.put(update)


def make_server(updater: WebhookUpdater, path: str, secret: str) -> Server:
    options = {"updater": updater, "path": path, "secret": secret}
    return Server(
        Application([(r".*", Handler, options)], log_function=lambda _handler: None),
        max_header_size=LONGEST_HEADERS,
        max_body_size=LONGEST_BODY,
        max_buffer_size=2 * LONGEST_BODY,
        idle_connection_timeout=NEXT_WITHIN_S,
        body_timeout=BODY_WITHIN_S,
    )


def _is_short(length: str) -> bool:
    return length.isascii() and length.isdigit() and int(length[:9]) <= LONGEST_BODY


def _is_same(given: str, own: str) -> bool:
    return compare_digest(given.encode("utf-8", "surrogatepass"), own.encode())
