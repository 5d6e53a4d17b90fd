"""The webhook server accepts Telegram's updates, and refuses any other request before it reads the body."""

import asyncio
import json
import os
from collections.abc import AsyncIterator

import psutil
import pytest
from telegram import Bot

from bot import webhook
from bot.webhook import MAX_BODY_BYTES, SECRET_HEADER, WebhookUpdater
from tests.conftest import free_port

PORT = free_port()
UPDATE = {"update_id": 5, "message": {"message_id": 1, "date": 5, "chat": {"id": 7, "type": "private"}, "text": "hi"}}
FLOODER = {"from": {"id": 13, "is_bot": False, "first_name": "x"}}


@pytest.fixture
async def updater() -> AsyncIterator[WebhookUpdater]:
    """An updater whose server listens, as after Telegram accepted its address."""
    made = WebhookUpdater(Bot("4242:made-up-token-0123456789"), asyncio.Queue(), is_ignored=lambda person: person == 13)
    server = webhook.make_server(made, "/path", "secret")
    made.server = server
    server.start_listening("127.0.0.1", PORT)
    yield made
    await server.shutdown()


async def sent(head: str, body: bytes = b"", *, within_s: float = 5) -> str:
    """Send a request. Returns the status line of the answer; "" where the connection is closed without one."""
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
    writer.write(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)
    async with asyncio.timeout(within_s):
        line = (await reader.readline()).decode().strip()
    writer.close()
    return line


def post(body: bytes, *, path: str = "/path", secret: str = "secret", length: int | None = None) -> str:
    content_length = len(body) if length is None else length
    return f"POST {path} HTTP/1.1\nHost: x\n{SECRET_HEADER}: {secret}\nContent-Length: {content_length}"


async def test_an_update_with_the_secret_is_accepted(updater: WebhookUpdater) -> None:
    body = json.dumps(UPDATE).encode()
    assert await sent(post(body), body) == "HTTP/1.1 200 OK"
    assert updater.update_queue.get_nowait().update_id == 5  # type: ignore[attr-defined]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"5", b"\xff", b'{"update_id": "5"}', b"[" * 9999])
async def test_a_body_that_is_no_update_is_a_bad_request(updater: WebhookUpdater, body: bytes) -> None:
    assert (await sent(post(body), body)).startswith("HTTP/1.1 400")
    assert updater.update_queue.empty()


async def test_updates_that_cannot_be_parsed_or_come_from_an_ignored_person_are_skipped(
    updater: WebhookUpdater,
) -> None:
    for message in (UPDATE["message"] | {"photo": "?"}, UPDATE["message"] | FLOODER):  # type: ignore[operator]
        body = json.dumps(UPDATE | {"message": message}).encode()
        assert await sent(post(body), body) == "HTTP/1.1 200 OK"
    assert updater.update_queue.empty()


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (post(b"", path="/", length=90_000_000), 404),
        (post(b"", path="/other", length=5), 404),
        (post(b"", secret="", length=90_000_000), 403),
        (post(b"", secret="x", length=5), 403),
        (post(b"", length=MAX_BODY_BYTES + 1), 413),
        (post(b"", length=10**30), 413),
        ("GET /path HTTP/1.1\nHost: x", 405),
        ("GET / HTTP/1.1\nHost: x", 404),
        (f"POST /other HTTP/1.1\nHost: x\nTransfer-Encoding: chunked\n{SECRET_HEADER}: secret", 404),
        (f"POST /path HTTP/1.1\nHost: x\nTransfer-Encoding: chunked\n{SECRET_HEADER}: x", 403),
    ],
)
async def test_path_secret_and_length_are_checked_before_a_body_comes(
    updater: WebhookUpdater, head: str, status: int
) -> None:
    small = b"12345" if head.endswith("Length: 5") else b""
    assert (await sent(head, small)).startswith(f"HTTP/1.1 {status} ")
    assert updater.update_queue.empty()


async def test_endless_bodies_take_no_memory(updater: WebhookUpdater) -> None:
    assert updater.server
    before = psutil.Process(os.getpid()).memory_info().rss
    writers = [(await asyncio.open_connection("127.0.0.1", PORT))[1] for _ in range(10)]
    for writer in writers:
        writer.write(post(b"", path="/wrong", length=90_000_000).replace("\n", "\r\n").encode() + b"\r\n\r\n")
    for _ in range(90):
        for writer in writers:
            writer.write(b"x" * 100_000)
        await asyncio.sleep(0)
    await asyncio.sleep(0.2)
    for writer in writers:
        writer.transport.abort()
    assert psutil.Process(os.getpid()).memory_info().rss - before < 120_000_000  # most is what is not sent yet


async def test_a_chunked_body_has_the_same_limit(updater: WebhookUpdater) -> None:
    head = f"POST /path HTTP/1.1\nHost: x\nTransfer-Encoding: chunked\n{SECRET_HEADER}: secret"
    chunks = (b"10000\r\n" + b"x" * 0x10000 + b"\r\n") * (MAX_BODY_BYTES // 0x10000 + 1)
    assert not (await sent(head, chunks)).startswith("HTTP/1.1 200")
    assert updater.update_queue.empty()


async def test_connections_without_the_secret_and_headers_are_limited(updater: WebhookUpdater) -> None:
    connections = [
        await asyncio.open_connection("127.0.0.1", PORT) for _ in range(webhook.MAX_UNTRUSTED_CONNECTIONS + 5)
    ]
    body = json.dumps(UPDATE).encode()
    assert await sent(post(body), body) == "HTTP/1.1 200 OK"
    async with asyncio.timeout(5):
        assert await connections[0][0].read() == b""
    assert len(updater.server.untrusted) <= webhook.MAX_UNTRUSTED_CONNECTIONS
    for _reader, writer in connections:
        writer.close()
    assert not (await sent(post(b"") + "\nX: " + "x" * webhook.MAX_HEADER_BYTES)).startswith("HTTP/1.1 200")
