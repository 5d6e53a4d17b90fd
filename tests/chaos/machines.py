"""Several machines: network namespaces at a bridge, each with a host name, a clock and a DATA_DIR of its own.

They share the servers of this machine, which listen at the bridge.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

from tests.chaos.shifted_clock import Clock
from tests.conftest import skip_unless_ci
from tests.e2e.chat import Sandbox
from tests.e2e.deployment import Deployment, environment_of

HOST = "10.211.48.1"
HOST_MAC = "02:00:00:00:48:01"


class Machine(Deployment):
    """A deployment of some processes on a machine of its own."""

    def __init__(  # noqa: PLR0913, PLR0917 the parts of a machine
        self,
        number: int,
        folder: Path,
        sandbox: Sandbox,
        processes: Sequence[str],
        settings: dict[str, str],
        tick_s: int,
        ahead: timedelta,
    ) -> None:
        """ahead: of the time of day of the servers' machine."""
        self.number, self.name = number, f"machine{number}"
        self.namespace, self.link = f"tallybird{os.getpid()}-{number}", f"tally{os.getpid()}-{number}"
        clock = Clock(folder)
        clock.jump(ahead)
        given = environment_of(sandbox.address, folder, tick_s) | settings | clock.environment
        del given["FEDIVERSE_API_URL"]
        lines = [f"{name}: python -m {'bot' if name == 'bot' else f'pipeline {name}'}\n" for name in processes]
        (folder / "Procfile").write_text("".join(lines))
        prefix = ["ip", "netns", "exec", self.namespace, "unshare", "--uts"]
        prefix += ["sh", "-c", 'hostname "$0" && exec "$@"', self.name]
        super().__init__(sandbox, folder, tick_s, given, folder / "Procfile", prefix)

    @contextmanager
    def running(self, bridge: str) -> Iterator[None]:
        address, mac = f"10.211.48.{10 + self.number}", f"02:00:00:00:48:{10 + self.number}"
        ip("netns", "add", self.namespace)
        try:
            ip("link", "add", self.link, "type", "veth", "peer", "name", "far", "address", mac)
            ip("link", "set", self.link, "master", bridge, "up")
            ip("link", "set", "far", "netns", self.namespace)
            ip("-n", self.namespace, "link", "set", "lo", "up")
            ip("-n", self.namespace, "address", "add", f"{address}/24", "dev", "far")
            ip("-n", self.namespace, "link", "set", "far", "up")
            # Permanent: without them, packets would be rejected after a while of a cut instead of lost.
            ip("-n", self.namespace, "neighbour", "replace", HOST, "lladdr", HOST_MAC, "dev", "far", "nud", "permanent")
            ip("neighbour", "replace", address, "lladdr", mac, "dev", bridge, "nud", "permanent")
            self.start()
            yield
        finally:
            if self.supervisor.is_running():
                self.stop()
            ip("netns", "delete", self.namespace)

    @contextmanager
    def killed(self) -> Iterator[None]:
        """Without power, until the end of the block."""
        self.kill_everything()
        try:
            yield
        finally:
            self.start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        everything = [self.supervisor, *self.supervisor.children(recursive=True)]
        for process in everything:
            process.suspend()
        try:
            yield
        finally:
            for process in everything:
                process.resume()

    @contextmanager
    def cut_off(self) -> Iterator[None]:
        """All packets to and from the machine are lost without an error."""
        ip("link", "set", self.link, "down")
        try:
            yield
        finally:
            ip("link", "set", self.link, "up")


@contextmanager
def bridged() -> Iterator[str]:
    """A bridge at which this machine has the address HOST. Yields its name."""
    if os.geteuid() or not all(map(shutil.which, ("ip", "unshare"))):
        skip_unless_ci("no right to create network namespaces, or no `ip` (apt-get install iproute2)")
    bridge = f"bridge{os.getpid()}"
    try:
        ip("link", "add", bridge, "address", HOST_MAC, "type", "bridge")
    except subprocess.CalledProcessError as error:
        skip_unless_ci(f"no bridge can be made here: {error.stderr.decode().strip()}")
    try:
        ip("address", "add", f"{HOST}/24", "dev", bridge)
        ip("link", "set", bridge, "up")
        yield bridge
    finally:
        ip("link", "delete", bridge)


@contextmanager
def all_running(machines: Sequence[Machine], bridge: str) -> Iterator[None]:
    with ExitStack() as stack:
        for machine in machines:
            stack.enter_context(machine.running(bridge))
        yield


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
