"""An internet of the tests: names, public addresses, and servers behind them on this machine, over TLS."""

import gzip
import json
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import httpcore
import pytest

from pipeline.settings import EACH_SERVER, Settings
from pipeline.sources.fediverse.client import FediverseClient, connect
from pipeline.sources.fediverse.connection import Connection
from tests.servers import program
from tests.unit.sandbox.conftest import url
from tests.unit.sandbox.fediverse.conftest import guest

__all__ = ["guest", "url"]  # fixtures of the stand-in
HOST = "social.ours.org"
PUBLIC = "93.184.216.34"
Answer = Callable[[str], bytes | Iterable[bytes]]
"""Makes an answer of a request's head; what it yields is sent piece by piece."""


def reply(body: Any = None, *, status: int = 200, raw: bytes | None = None, **headers: str) -> bytes:
    """An answer with JSON, or raw bytes, and these headers besides."""
    content = json.dumps(body).encode() if raw is None else raw
    lines = {"content-type": "application/json", "content-length": str(len(content)), "connection": "close"}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} So\r\n{head}\r\n".encode() + content


def zipped(body: bytes) -> bytes:
    return reply(raw=gzip.compress(body), content_encoding="gzip")


class Host:
    """A server whose answers are bytes, so that any may be sent. heads: of the requests that it got."""

    def __init__(self, answer: Answer, context: ssl.SSLContext | None = None) -> None:
        self.answer, self.context, self.heads = answer, context, list[str]()
        self.stopped = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = int(self.listener.getsockname()[1])
        self.threads = [threading.Thread(target=self._accept)]
        self.threads[0].start()

    def stop(self) -> None:
        self.stopped.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for thread in self.threads:
            thread.join()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self.threads.append(threading.Thread(target=self._serve, args=[connection]))
                self.threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(20)
        with connection, suppress(OSError):
            if self.context is not None:
                connection = self.context.wrap_socket(connection, server_side=True)
            with connection:
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            if not (received := connection.recv(1)):
                return
            head += received
        self.heads.append(head.decode())
        answer = self.answer(head.decode())
        for piece in [answer] if isinstance(answer, bytes) else answer:
            if self.stopped.is_set():
                return
            connection.sendall(piece)

    def drip(self, pieces: Iterable[bytes], every_s: float) -> Iterator[bytes]:
        for piece in pieces:
            yield piece
            self.stopped.wait(every_s)


class Internet(httpcore.NetworkBackend):
    """Names and public addresses.

    names: what each name resolves to, the next answer at each look-up, the last one again and again.
    dialled: every address and port that was dialled, whether anything is there or not.
    """

    def __init__(self) -> None:
        self.names: dict[str, list[list[str]]] = {}
        self.ports: dict[str, int] = {}
        self.asked, self.dialled = list[str](), list[tuple[str, int]]()

    def resolve(self, host: str) -> list[str]:
        self.asked.append(host)
        if host not in self.names:
            raise socket.gaierror(host)
        answers = self.names[host]
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        assert (local_address, socket_options) == (None, None)
        self.dialled.append((host, port))
        if host not in self.ports:
            raise httpcore.ConnectError
        return httpcore.SyncBackend().connect_tcp("127.0.0.1", self.ports[host], timeout)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of all hosts below ours.org, signed by itself, with its key in one file."""
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    made = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ours -addext subjectAltName=DNS:*.ours.org"
    files = ["-keyout", str(path), "-out", str(path.with_suffix(".crt"))]
    subprocess.run([program("openssl"), *made.split(), *files], check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + path.with_suffix(".crt").read_bytes())
    return path


@pytest.fixture
def internet() -> Internet:
    return Internet()


Serve = Callable[..., Host]


@pytest.fixture
def serve(internet: Internet, certificate: Path) -> Iterator[Serve]:
    """Put a server on the internet, under a name and an address."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    hosts = []

    def start(answer: Answer, name: str = HOST, address: str = PUBLIC) -> Host:
        hosts.append(Host(answer, context))
        internet.names.setdefault(name, [[address]])
        internet.ports[address] = hosts[-1].port
        return hosts[-1]

    yield start
    for host in hosts:
        host.stop()


@pytest.fixture
def connection(internet: Internet, certificate: Path) -> Connection:
    """As in production, but for the internet and the certificate that is trusted."""
    trusted = ssl.create_default_context(cafile=certificate)
    return Connection(EACH_SERVER, "Tallybird (+ours)", resolver=internet.resolve, network=internet, trusted=trusted)


class Fediverse:
    """Servers of Mastodon's shape behind a stand-in's address. calls: "host path?query" of each request."""

    def __init__(self) -> None:
        self.answers: dict[tuple[str, str], Callable[[dict[str, str]], bytes | Iterable[bytes]]] = {}
        self.calls: list[str] = []
        self.port = 0

    def __call__(self, head: str) -> bytes | Iterable[bytes]:
        parts = urlsplit(head.split()[1])
        host, _, path = parts.path.lstrip("/").partition("/")
        params = dict(parse_qsl(parts.query))
        self.calls.append(f"{host} /{path}{'?' if params else ''}{unquote(parts.query)}")
        answer = self.answers.get((host, f"/{path}"))
        return answer(params) if answer else NOT_FOUND

    def answer(self, host: str, path: str, body: Any = None, **how: Any) -> None:
        """Give the same answer each time."""
        self.answers[host, path] = lambda _: reply(body, **how)

    def fingers(self, host: str, found: Mapping[str, Any]) -> None:
        """Answer WebFinger: a JRD for each resource, or the bytes of an answer."""

        def answer(params: dict[str, str]) -> bytes:
            body = found.get(params["resource"], NOT_FOUND)
            return body if isinstance(body, bytes) else reply(body, content_type="application/jrd+json")

        self.answers[host, "/.well-known/webfinger"] = answer

    def looks_up(self, host: str, found: Mapping[str, Any]) -> None:
        """Answer look-ups: an account for each name."""

        def answer(params: dict[str, str]) -> bytes:
            return reply(found[params["acct"]]) if params["acct"] in found else NOT_FOUND

        self.answers[host, "/api/v1/accounts/lookup"] = answer


NOT_FOUND = reply({"error": "Record not found"}, status=404)


@pytest.fixture
def fediverse() -> Iterator[Fediverse]:
    """A stand-in without any server yet."""
    fediverse = Fediverse()
    host = Host(fediverse)
    fediverse.port = host.port
    yield fediverse
    host.stop()


@pytest.fixture
def client(fediverse: Fediverse) -> FediverseClient:
    settings = {"fediverse_api_url": f"http://127.0.0.1:{fediverse.port}/{{host}}", "contact": "me@ours.org"}
    return connect(Settings.model_validate(settings))
