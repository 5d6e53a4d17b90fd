"""Each form of an address that is taken works with each library that uses it, on a real server."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from kombu import Connection
from redis import Redis as Client
from redis.asyncio import Redis as AsyncClient

from pipeline import clock
from pipeline.errors import ConfigError
from pipeline.messaging import servers
from pipeline.messaging.celery_app import make_app
from pipeline.settings import Settings
from tests.conftest import ROOT, free_port, until
from tests.servers import Redis, program

TOKEN = "1:aaaaaaaaaaaaaaaaaaaaaaaa"
PASSWORD = "a;b@c:d/e%f"
QUOTED = "a%3Bb%40c%3Ad%2Fe%25f"


class SecureRedis(Redis):
    """With a password, a user of its own, a certificate that it signed itself, and a socket in an odd folder.

    A relay terminates TLS, since not every build of the server has it.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.tls_port, self.socket = free_port(), folder / "a b;100%" / "redis.sock"
        self.socket.parent.mkdir()
        self.certificate, self.key = folder / "cert.pem", folder / "key.pem"
        made = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
        files = ["-keyout", str(self.key), "-out", str(self.certificate)]
        subprocess.run([program("openssl"), *made.split(), *files], check=True, capture_output=True)
        self.client = Client(port=self.port, password=PASSWORD, socket_timeout=2)
        self.command += ["--requirepass", PASSWORD, "--user", "tally", "on", f">{PASSWORD}", "~*", "&*", "+@all"]
        self.command += ["--unixsocket", str(self.socket)]

    def start(self) -> None:
        super().start()
        ports = [str(self.tls_port), str(self.port)]
        relay = [sys.executable, "-m", "tests.tls_relay", *ports, str(self.certificate), str(self.key)]
        self.relay = subprocess.Popen(relay, cwd=ROOT)
        until(self._relays)

    def stop(self) -> None:
        self.relay.terminate()
        self.relay.wait(30)
        super().stop()

    def _relays(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.tls_port), timeout=2):
            return True
        return False

    def address(self, form: str) -> str:
        path = str(self.socket).replace("%", "%25").replace(" ", "%20").replace(";", "%3B")
        given = {"port": self.port, "tls_port": self.tls_port, "path": path, "ca": self.certificate, "pw": QUOTED}
        return form.format(**given)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureRedis]:
    with SecureRedis(tmp_path_factory.mktemp("secure")).running() as started:
        yield started


@pytest.fixture(autouse=True)
def as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "_clock", clock._clock)


def settings(tmp_path: Path, **given: str) -> Settings:
    return Settings(_env_file=None, data_dir=tmp_path, **given)  # type: ignore[arg-type]


FORMS = {
    "redis://:{pw}@localhost:{port}": 0,
    "redis://:{pw}@localhost:{port}/": 0,
    "redis://:{pw}@localhost:{port}/3": 3,
    "redis://tally:{pw}@127.0.0.1:{port}/3": 3,
    "redis://:{pw}@localhost:{port}?db=4": 4,
    "redis://localhost:{port}/2?password={pw}": 2,
    "unix://:{pw}@{path}": 0,
    "unix://tally:{pw}@{path}?db=5": 5,
    "unix://:{pw}@{path}?virtual_host=5": 5,
    "unix://{path}?db=6&password={pw}": 6,
    "unix://{path}?db=6&username=tally&password={pw}": 6,
    "rediss://:{pw}@localhost:{tls_port}/1?ssl_cert_reqs=none": 1,
    "rediss://:{pw}@localhost:{tls_port}/1?ssl_cert_reqs=CERT_NONE": 1,
    "rediss://:{pw}@127.0.0.1:{tls_port}?ssl_ca_certs={ca}&ssl_check_hostname=false": 0,
    "rediss://:{pw}@localhost:{tls_port}/7?ssl_ca_certs={ca}": 7,
    "rediss://:{pw}@localhost:{tls_port}/7?ssl_ca_certs={ca}&ssl_cert_reqs=required": 7,
    "rediss://:{pw}@localhost:{tls_port}/7?ssl_ca_certs={ca}&ssl_cert_reqs=CERT_REQUIRED": 7,
    "rediss://tally:{pw}@localhost:{tls_port}/7?ssl_ca_certs={ca}&ssl_cert_reqs=optional&db=8": 8,
}
"""And the database each of them means."""


@pytest.mark.filterwarnings("ignore:.*ssl_cert_reqs")
@pytest.mark.parametrize("form", FORMS)
def test_an_address_leads_every_process_to_the_same_database(server: SecureRedis, tmp_path: Path, form: str) -> None:
    given = settings(tmp_path, redis_url=server.address(form))
    servers.check(given)
    server.client.flushall()
    app = make_app(given)

    with Client.from_url(given.redis_address) as client:
        client.set("from redis-py", 1)
    asyncio.run(set_by_asyncio(given.redis_address))
    backend: Any = app.backend
    backend.set("from Celery's results", "1")
    with app.connection_for_write() as broker:
        channel: Any = broker.default_channel
        channel.client.set("from Celery's broker", 1)
    app.close()

    with Client(port=server.port, password=PASSWORD, db=FORMS[form]) as client:
        assert len(client.keys("from *")) == 4


async def set_by_asyncio(address: str) -> None:
    client = AsyncClient.from_url(address)
    await client.set("from asyncio", 1)
    await client.aclose()


@pytest.mark.parametrize("name", ["redis_url", "broker_url"])
@pytest.mark.parametrize(
    ("form", "message"),
    [
        ("rediss://:{pw}@localhost:{tls_port}/0", "certificate that cannot be verified .*add .ssl_cert_reqs=none"),
        ("rediss://:{pw}@127.0.0.1:{tls_port}/0?ssl_ca_certs={ca}", "certificate that cannot be verified"),
        ("redis://:wrong@localhost:{port}/0", "refuses the user or the password"),
        ("redis://localhost:{port}/0", "refuses the user or the password"),
        ("unix://{path}", "refuses the user or the password"),
    ],
)
def test_a_server_that_refuses_is_told_of_by_name_at_the_start(
    server: SecureRedis, tmp_path: Path, form: str, message: str, name: str
) -> None:
    given = {"redis_url": f"redis://127.0.0.1:{free_port()}"} | {name: server.address(form)}
    with pytest.raises(ConfigError, match=f"^{name.upper()}: the server .*{message}") as caught:
        servers.check(settings(tmp_path, **given))
    assert PASSWORD not in str(caught.value)
    assert len(caught.value.problems) == 1


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("amqp://guest:wrong@{host}", "refuses the user or the password"),
        ("amqp://guest:guest@{host}/no%20such%20vhost", "has no such vhost"),
        ("amqps://guest:guest@{host}?ssl_cert_reqs=none", "speaks no TLS there"),
    ],
)
def test_a_rabbitmq_that_refuses_is_told_of_by_name_at_the_start(
    tmp_path: Path, rabbitmq: str, address: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=f"^BROKER_URL: the server {message}"):
        servers.check(settings(tmp_path, broker_url=address.format(host=rabbitmq)))


def test_a_server_that_is_away_is_waited_for(tmp_path: Path) -> None:
    for address in (f"redis://127.0.0.1:{free_port()}", f"unix://{tmp_path}/none.sock", "redis://nowhere.invalid"):
        servers.check(settings(tmp_path, redis_url=address))
    servers.check(settings(tmp_path, broker_url=f"amqp://127.0.0.1:{free_port()}"))
    servers.check(settings(tmp_path))


def test_a_private_servers_socket_may_lie_anywhere(server: SecureRedis, tmp_path: Path) -> None:
    folder = tmp_path / "50% ü;?#&"
    (folder / "redis").mkdir(parents=True)
    (folder / "redis" / "redis.sock").symlink_to(server.socket)
    given = Settings(_env_file=None, data_dir=folder)
    with pytest.raises(ConfigError, match=r"^REDIS_URL: the server refuses the user or the password"):
        servers.check(given)  # so that it was reached
    with pytest.raises(Exception, match="Authentication required"), Connection(given.broker.for_celery) as connection:
        connection.connect()
