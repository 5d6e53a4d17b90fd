"""Bluesky's own servers, as its developers start them for their tests: a PDS, the AppView, and what these need."""

import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from tests.conftest import ROOT
from tests.servers import PostgreSQL, Redis, Server, traversable_folder

INSTALLED = ROOT / ".contract"
"""Where `make contract` puts Node and the servers' packages."""
PROGRAM = Path(__file__).with_name("server.js")
MACHINES = {"x86_64": "x64", "aarch64": "arm64"}


class BlueskyServers(Server):
    """All of them are one process, which prints their addresses."""

    starts_within_s = 180

    def __init__(self, folder: Path, database_url: str, redis_port: int) -> None:
        super().__init__(folder)
        (folder / "node_modules").symlink_to(INSTALLED / "bluesky" / "node_modules")
        self.command = [str(node()), "--input-type=module", "--eval", PROGRAM.read_text(encoding="utf-8")]
        self.environment = os.environ | {"DB_POSTGRES_URL": database_url, "REDIS_HOST": f"127.0.0.1:{redis_port}"}

    def answers(self) -> bool:
        """Whether they all are ready. Raises AssertionError with what they wrote if they ended."""
        assert self.process.poll() is None, self._log()
        return "appview" in self._addresses()

    @cached_property
    def pds_url(self) -> str:
        return self._addresses()["pds"]

    @cached_property
    def appview_url(self) -> str:
        return self._addresses()["appview"]

    def _addresses(self) -> dict[str, str]:
        lines = [line for line in self._log().splitlines() if line.startswith("{") and line.endswith("}")]
        return json.loads(lines[0]) if lines else {}

    def _log(self) -> str:
        return (self.folder / "server.log").read_text(encoding="utf-8")


def node() -> Path:
    """The program of the Node that is installed here, whatever version the machine has."""
    return INSTALLED / f"node/node_modules/node-linux-{MACHINES[platform.machine()]}/bin/node"


@contextmanager
def bluesky_servers() -> Iterator[BlueskyServers]:
    """Servers of which nothing else knows, with a PostgreSQL and a Redis of their own."""
    with (
        traversable_folder() as database,
        traversable_folder() as cache,
        traversable_folder() as own,
        PostgreSQL(database).running() as postgresql,
        Redis(cache).running() as redis,
        BlueskyServers(own, f"{postgresql.url}/postgres", redis.port).running() as servers,
    ):
        yield servers
