"""The HTTP server that Telegram sends updates to. It checks path, secret and length before it reads a body.

python-telegram-bot's own server reads a body of up to 100 MB from anybody before it looks at the path, and answers 400
for an update that it cannot parse, so that Telegram sends it again and again; see docs/upstream.md.
"""

import asyncio
import json
import logging
from collections.abc import Callable
from hmac import compare_digest
from http import HTTPStatus
from typing import Any

from telegram import Update
from telegram.ext import Updater
from tornado.httpserver import HTTPServer
from tornado.iostream import IOStream
from tornado.web import Application, HTTPError, RequestHandler, stream_request_body

from bot.flood_control import sender_of

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 2**20  # an update is far shorter
MAX_DISCARDED_BODY_BYTES = 2**14
MAX_HEADER_BYTES = 2**14
BODY_TIMEOUT_S = 10.0
IDLE_TIMEOUT_S = 60.0
"""How long a connection may wait before the headers of its next request."""
MAX_UNTRUSTED_CONNECTIONS = 128
"""Connections without a request that carried the secret. When another one comes, the oldest is closed."""
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 the name of a header


@stream_request_body
class UpdateHandler(RequestHandler):
    """Accepts updates. Any other request is refused as soon as its headers are there, and its connection is closed."""

    def initialize(self, updater: "WebhookUpdater", path: str, secret: str) -> None:
        self.updater, self.path, self.secret = updater, path, secret
        self.body = bytearray()
        self.refusal: HTTPStatus | None = None

    def prepare(self) -> None:
        """Tornado calls this once the headers are there, before the body."""
        self.refusal = self._refusal()
        if self.refusal is None:
            self.updater.server.trust(self.request.connection)
        elif not self._has_discardable_body():
            self.set_header("Connection", "close")
            raise HTTPError(self.refusal)

    def _has_discardable_body(self) -> bool:
        """Whether a refused request's body is read and discarded, so that the client gets the answer.

        A client that is still sending when the connection closes may lose the answer.
        """
        length = self.request.headers.get("Content-Length", "")
        return self.request.method == "POST" and _is_at_most(length, MAX_DISCARDED_BODY_BYTES)

    def _refusal(self) -> HTTPStatus | None:
        headers = self.request.headers
        length = headers.get("Content-Length", "0")
        if not _is_same(self.request.path.rstrip("/"), self.path):
            return HTTPStatus.NOT_FOUND
        if self.request.method != "POST":
            return HTTPStatus.METHOD_NOT_ALLOWED
        if not _is_same(headers.get(SECRET_HEADER, ""), self.secret):
            return HTTPStatus.FORBIDDEN
        return None if _is_at_most(length, MAX_BODY_BYTES) else HTTPStatus.REQUEST_ENTITY_TOO_LARGE

    def data_received(self, chunk: bytes) -> None:
        if self.refusal is None:
            self.body += chunk

    async def post(self) -> None:
        if self.refusal is not None:
            raise HTTPError(self.refusal)
        try:
            update = json.loads(self.body)
        except (ValueError, RecursionError):
            raise HTTPError(HTTPStatus.BAD_REQUEST) from None
        if not isinstance(update, dict) or not isinstance(update.get("update_id"), int):
            raise HTTPError(HTTPStatus.BAD_REQUEST)
        await self.updater.accept(update)

    def write_error(self, status_code: int, **_: Any) -> None:
        self.finish(f"{status_code}\n")

    def log_exception(self, *_: Any) -> None:
        """Log nothing: anybody can send invalid requests."""


class WebhookServer(HTTPServer):
    """Tornado's server with a limit on connections, and with what Updater uses of the library's own server.

    That is is_running and shutdown. untrusted: the open connections that brought no secret yet, oldest first.
    """

    def start_listening(self, address: str, port: int) -> None:
        self.untrusted: dict[IOStream, None] = {}
        self.is_running = True
        self.listen(port, address=address)

    def handle_stream(self, stream: IOStream, address: Any) -> None:
        """Tornado calls this for each new connection."""
        self.untrusted = {each: None for each in self.untrusted if not each.closed()}
        while len(self.untrusted) >= MAX_UNTRUSTED_CONNECTIONS:
            oldest = next(iter(self.untrusted))
            del self.untrusted[oldest]
            oldest.close()
        self.untrusted[stream] = None
        super().handle_stream(stream, address)

    def trust(self, connection: Any) -> None:
        """Exempt a connection whose request carried the secret from the limit."""
        self.untrusted.pop(connection.stream, None)

    async def shutdown(self) -> None:
        self.is_running = False
        self.stop()
        await self.close_all_connections()


class WebhookUpdater(Updater):
    """python-telegram-bot's updater with WebhookServer instead of its own server.

    It overrides the private _start_webhook and calls the private _bootstrap, which registers the address with Telegram
    and retries that. The library offers no way to give Updater another server.
    """

    server: WebhookServer

    def __init__(self, *args: Any, is_ignored: Callable[[int], bool], **options: Any) -> None:
        """is_ignored: whether flood control ignores a user; such updates are dropped before they are parsed."""
        super().__init__(*args, **options)
        self.is_ignored = is_ignored

    async def _start_webhook(  # type: ignore[override]  # noqa: PLR0913 the parent's parameters that run_webhook passes
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

    async def accept(self, raw_update: dict[str, Any]) -> None:
        """Queue an update for the application, and skip one that cannot be parsed.

        If that were refused, Telegram would send it again and again before all others.
        """
        person = sender_of(raw_update)
        if person is not None and self.is_ignored(person):
            return
        try:
            update = Update.de_json(raw_update, self.bot)
        except Exception:  # the library raises errors of any kind for content that it does not know
            log.exception("update %d cannot be parsed and is skipped", raw_update["update_id"])
            return
        await self.update_queue.put(update)


def make_server(updater: WebhookUpdater, path: str, secret: str) -> WebhookServer:
    options = {"updater": updater, "path": path, "secret": secret}
    return WebhookServer(
        Application([(r".*", UpdateHandler, options)], log_function=lambda _handler: None),
        max_header_size=MAX_HEADER_BYTES,
        max_body_size=MAX_BODY_BYTES,
        max_buffer_size=2 * MAX_BODY_BYTES,
        idle_connection_timeout=IDLE_TIMEOUT_S,
        body_timeout=BODY_TIMEOUT_S,
    )


def _is_at_most(length: str, max_bytes: int) -> bool:
    """Whether a Content-Length is a number of at most so many bytes. Its first nine digits tell, however long it is."""
    return length.isascii() and length.isdigit() and int(length[:9]) <= max_bytes


def _is_same(given: str, own: str) -> bool:
    return compare_digest(given.encode("utf-8", "surrogatepass"), own.encode())
