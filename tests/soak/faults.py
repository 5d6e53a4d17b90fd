"""What goes wrong: a process is killed or frozen, or a service answers wrongly; and how long charts take to recover."""

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import psutil

from pipeline import watchdog
from tests.chaos import fault_kinds
from tests.conftest import until
from tests.e2e.deployment import Deployment
from tests.soak.load import Load
from tests.soak.shown import Shown

Kind = TypeVar("Kind")
CHILD = "worker's child"
PROCESSES = ("worker", CHILD, "slow", "beat", "bot", "redis")
START_S = 30
"""For a process to be restarted."""
LONG_FROZEN_S, SHORTLY_FROZEN_S = watchdog.LIMIT_S + 10, 20
"""A watched process ends once it is let go on after more than the watchdog's limit; the others go on."""
SERVICE_FAULT_TIMES = 20
"""How many calls are answered wrongly in turn."""


@dataclass
class Fault:
    """Moments in seconds since 1970. figures: each comparison's, changed at the start, which charts are to show.

    recovered_at: when every live chart showed them, or later ones; None: not yet.
    """

    name: str
    figures: dict[int, int]
    started_at: float
    ended_at: float | None = None
    recovered_at: float | None = None

    @property
    def recovery_s(self) -> float | None:
        """From the end of the fault on; 0 where it held nothing up."""
        if self.recovered_at is None or self.ended_at is None:
            return None
        return max(0.0, self.recovered_at - self.ended_at)


class Faults:
    """Makes one fault after another. happened: all of them."""

    def __init__(self, deployment: Deployment, load: Load, shown: Shown, seed: int) -> None:
        self.deployment, self.load, self.shown = deployment, load, shown
        self.happened: list[Fault] = []
        chance = random.Random(seed)
        names = [name for name in PROCESSES if name != "redis" or "REDIS_URL" not in deployment.environment]
        self._of_processes = _in_random_order([(freezes, name) for freezes in (False, True) for name in names], chance)
        self._of_services = _in_random_order(list(_service_faults()), chance)

    def hit_process(self, longest_s: float) -> tuple[float, Callable[[], None]]:
        """Kill or freeze the next process; returns the seconds after which to end the fault, and what ends it."""
        freezes, name = next(self._of_processes)
        process = until(lambda: _process(self.deployment, name), within_s=START_S)[0]
        fault = self._begin(f"{name} {'frozen' if freezes else 'killed'}")
        if not freezes:
            process.kill()
            return 0.0, lambda: self._end(fault)
        process.suspend()

        def resume() -> None:
            process.resume()
            self._end(fault)

        return min(longest_s, SHORTLY_FROZEN_S if name in {CHILD, "redis"} else LONG_FROZEN_S), resume

    def hit_service(self) -> None:
        service, method, kind, answer = next(self._of_services)
        fault = self._begin(f"{service}: {kind}")
        self.deployment.sandbox.delete("faults")  # what the one before has left
        self.deployment.sandbox.post("faults", service=service, method=method, times=SERVICE_FAULT_TIMES, **answer)
        self._end(fault)

    def look(self) -> None:
        """See which faults the charts have recovered from."""
        for fault in self.happened:
            if fault.recovered_at is None and self.shown.have(fault.figures):
                fault.recovered_at = time.time()

    def _begin(self, name: str) -> Fault:
        self.load.change(self.load.comparisons)
        fault = Fault(name, {each.number: each.latest for each in self.load.comparisons}, time.time())
        self.happened.append(fault)
        return fault

    def _end(self, fault: Fault) -> None:
        fault.ended_at = time.time()


def _process(deployment: Deployment, name: str) -> list[psutil.Process]:
    """The process with this name, where it runs, or the worker's children."""
    processes = deployment.processes()
    if name == CHILD:
        return processes["worker"].children() if "worker" in processes else []
    return [processes[name]] if name in processes else []


def _service_faults() -> Iterator[tuple[str, str, str, fault_kinds.Fault]]:
    """Service, method, the fault's name, and what is answered."""
    yield from (("telegram", "editMessageMedia", kind, answer) for kind, answer in fault_kinds.TELEGRAM.items())
    yield from (("x", fault_kinds.TIMELINE, kind, make()) for kind, make in fault_kinds.X.items())
    yield from (("dropbox", "files/upload", kind, answer) for kind, answer in fault_kinds.DROPBOX.items())


def _in_random_order(kinds: list[Kind], chance: random.Random) -> Iterator[Kind]:
    """Without end; each comes once before any comes again."""
    while True:
        yield from chance.sample(kinds, len(kinds))
