"""Hosts of Bluesky's API that answer as a test says, the stand-in of it, and recorded answers of a real server."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from pipeline.records import Due, FetchResult
from pipeline.sources.bluesky.client import BlueskyClient
from pipeline.sources.source import StopFlag
from tests.conftest import ROOT
from tests.unit.sandbox.conftest import control, url

__all__ = ["control", "url"]

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
DID = "did:plc:4fui3kpnmzvri74htsawd63y"
RECORDED = (ROOT.parent / "shared" / "data" / "bluesky_answers.json", Path(__file__).with_name("answers.json"))
"""The first of these files that is there holds answers of a real server, by a name for each request."""


@cache
def recorded() -> dict[str, Any]:
    answers: dict[str, Any] = json.loads(next(path for path in RECORDED if path.exists()).read_text(encoding="utf-8"))
    return answers


@dataclass
class Host:
    """A server on loopback. answers: what it answers to each method, or "*"; asked: (method, parameters, headers).

    cut: so many bytes are promised that do not come. at_once: the most requests that were under way side by side.
    """

    address: str = ""
    answers: dict[str, tuple[int, bytes, dict[str, str]]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, list[str]], dict[str, str]]] = field(default_factory=list)
    cut: int = 0
    wait: Callable[[], object] = lambda: None
    under_way: int = 0
    at_once: int = 0
    lock: Any = field(default_factory=Lock)

    def script(self, body: Any, status: int = 200, method: str = "*", **headers: str) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.answers[method] = status, raw, {name.replace("_", "-"): value for name, value in headers.items()}

    def replay(self, name: str, method: str = "*") -> None:
        answer = recorded()[name]
        self.script(answer["json"], answer["status"], method)

    def methods(self) -> list[str]:
        return [method for method, _, _ in self.asked]


@contextmanager
def serving(host: Host) -> Iterator[Host]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            with host.lock:
                host.under_way += 1
                host.at_once = max(host.at_once, host.under_way)
            parts = urlsplit(self.path)
            method = parts.path.rpartition("/")[2]
            host.asked.append((method, parse_qs(parts.query), dict(self.headers)))
            host.wait()
            status, body, headers = host.answers.get(method) or host.answers["*"]
            with host.lock:
                host.under_way -= 1
            self.close_connection = bool(host.cut)
            self.send_response_only(status)  # without a Date, unless the test gives one
            self.send_header("content-length", str(len(body) + host.cut))
            for name, value in headers.items():
                self.send_header(name, value)
            with suppress(ConnectionError):  # the client may have given up
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    host.address = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield host
    server.shutdown()
    server.server_close()


@pytest.fixture
def hosts() -> Iterator[list[Host]]:
    with ExitStack() as stack:
        yield [stack.enter_context(serving(Host())) for _ in range(2)]


@pytest.fixture
def host(hosts: list[Host]) -> Host:
    return hosts[0]


@pytest.fixture
def connect() -> Iterator[Callable[..., BlueskyClient]]:
    """Makes a client of some addresses."""
    clients: list[BlueskyClient] = []

    def make(*addresses: str) -> BlueskyClient:
        clients.append(BlueskyClient(addresses))
        return clients[-1]

    yield make
    for client in clients:
        client.connection.session.close()


@pytest.fixture
def bluesky(url: str, connect: Callable[..., BlueskyClient]) -> BlueskyClient:
    """A client of the stand-in."""
    return connect(f"{url}/bluesky")


def read(client: BlueskyClient, did: str = DID, depth: int = 100, stop: StopFlag | None = None) -> FetchResult:
    return client.fetch(Due(1, did, depth), NOW, stop or StopFlag())


def shown(number: int, did: str = DID, **more: Any) -> dict[str, Any]:
    """A post as feeds show it, made so many minutes before NOW."""
    at = f"{NOW - timedelta(minutes=number):%Y-%m-%dT%H:%M:%S.000Z}"
    return {
        "uri": f"at://{did}/app.bsky.feed.post/post{number}",
        "author": {"did": did, "handle": "alice.test", "labels": []},
        "record": {"$type": "app.bsky.feed.post", "text": "", "createdAt": at},
        "likeCount": number,
        "repostCount": 0,
        "replyCount": 0,
        "quoteCount": 0,
        "bookmarkCount": 0,
        "indexedAt": at,
        **more,
    }


def ids(result: FetchResult) -> list[str]:
    assert result.posts is not None, result.problem
    return [post.id for post in result.posts]
