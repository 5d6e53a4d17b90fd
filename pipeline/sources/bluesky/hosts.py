"""The hosts of the public API, of which the later stand in for the earlier, and when to ask which."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

FAULTS = 3
"""After so many faults in a row a host is not asked for a while. Fewer may be one account's, or one request's."""
PAUSE = timedelta(seconds=30)


@dataclass
class Host:
    """A host. faults: in a row. paused_until: by time.monotonic()."""

    address: str
    faults: int = 0
    paused_until: float = 0


class Hosts:
    """Shared by threads."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._hosts = [Host(address) for address in addresses]
        self._lock = threading.Lock()

    def to_ask(self) -> list[Host]:
        """The hosts that may be asked now, the next where the one before fails."""
        with self._lock:
            return [host for host in self._hosts if host.paused_until <= time.monotonic()]

    def note(self, host: Host, *, answered: bool) -> None:
        """The host answered, or its answer was a fault of the way there."""
        with self._lock:
            host.faults = 0 if answered else host.faults + 1
            if host.faults >= FAULTS:
                host.paused_until = time.monotonic() + PAUSE.total_seconds()

    def pause(self) -> timedelta | None:
        """How long no host is to be asked; None where one may be."""
        with self._lock:
            left_s = min(host.paused_until for host in self._hosts) - time.monotonic()
        return timedelta(seconds=left_s) if left_s > 0 else None
