"""What reading each network costs the worker: its real client and steps, and the stand-in in a process of its own.

CPU a tick, requests in 5 minutes beside those that are allowed, seconds between readings of an account, and memory;
beside the same figures of X. Of a server of the fediverse also beside a reader that knows no stages: it reads each
timeline to its end at each tick. How X would be asked within its own limits is not measured here: they are lifted.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from tests.bench.reading import Case, Figures
from tests.conftest import ROOT, free_port, until
from tests.e2e.chat import Sandbox
from tests.servers import Redis

X = Case("x", 100, "bench_{:03}", "username", ("retweets", "likes", "replies", "quotes", "views"), "{id}", warm=12)
BLUESKY = Case(
    "bluesky", 100, "bench-{:03}.bsky.social", "handle", ("reposts", "likes", "replies", "quotes"), "{did}", warm=3
)
FEDIVERSE = Case(
    "fediverse", 50, "bench_{:03}@crowded.example", "handle", ("boosts", "favourites", "replies"), "{uri}#{id}", warm=60
)
WITHOUT_STAGES = replace(FEDIVERSE, handle="bench_{:03}@patient.example")
ALLOWED_BLUESKY, ALLOWED_SERVER, ALLOWED_FURTHER = 3000, 300, 100
"""Requests in 5 minutes that Bluesky, and a server of Mastodon, allow an IP address, and of these for further pages.

As Bluesky's public API does, its stand-in tells of no limit here: a client waits for the end of a window by the
machine's clock, and these ticks go by a faster one.
"""
NO_LIMIT = 1_000_000
SETTINGS = {
    "x_bearer_token": "bench",
    "x_daily_usd": "100000",
    "x_monthly_usd": "100000",
    "x_requests_per_15_min": str(NO_LIMIT),
}
Measure = Callable[..., Figures]
Result = dict[str, Any]


def run() -> Iterator[Result]:
    with _stand_ins() as measure:
        x, bluesky = measure(X), measure(BLUESKY)
        fediverse, whole = measure(FEDIVERSE), measure(WITHOUT_STAGES, whole_timelines=True)
    name, peers = "100 accounts on Bluesky", {"100 on X": x}
    yield from _cost(name, bluesky, peers)
    yield _line(name, "requests in 5 minutes", "", bluesky.requests, {"allowed": ALLOWED_BLUESKY})
    name, peers = "50 accounts on one fediverse server", {"100 on X": x, "without stages": whole}
    yield from _cost(name, fediverse, peers)
    allowed = {"allowed": ALLOWED_SERVER, "without stages": whole.requests}
    yield _line(name, "requests in 5 minutes", "", fediverse.requests, allowed)
    allowed = {"allowed": ALLOWED_FURTHER, "without stages": whole.further}
    yield _line(name, "of these for further pages", "", fediverse.further, allowed)


def _cost(name: str, ours: Figures, peers: dict[str, Figures]) -> Iterator[Result]:
    for figure, unit, field in (
        ("CPU a tick", "ms", "cpu_ms_a_tick"),
        ("memory", "MB", "memory_mb"),
        ("between readings of an account", "s", "between_s"),
    ):
        yield _line(name, figure, unit, getattr(ours, field), {of: getattr(each, field) for of, each in peers.items()})


def _line(name: str, figure: str, unit: str, ours: float, peers: Mapping[str, float]) -> Result:
    return {"bench": f"{name}: {figure}", "unit": unit, "ours": ours, "peers": peers}


@contextmanager
def _stand_ins() -> Iterator[Measure]:
    """Measures a case in a new process, against the stand-ins and a Redis."""
    port = free_port()
    sandbox = subprocess.Popen([sys.executable, "-m", "sandbox", "--port", str(port)], cwd=ROOT)
    address = f"http://127.0.0.1:{port}"
    networks = {
        "x_api_url": f"{address}/x",
        "bluesky_api_url": f"{address}/bluesky",
        "fediverse_api_url": f"{address}/fediverse/{{host}}",
    }
    try:
        until(lambda: _answers(address), within_s=60)
        Sandbox(address).post("x/limits", timelines=NO_LIMIT, posts=NO_LIMIT)
        with TemporaryDirectory(prefix="tallybird-bench-") as folder, Redis(Path(folder)).running() as redis:

            def measure(case: Case, *, whole_timelines: bool = False) -> Figures:
                (data := Path(folder) / str(whole_timelines) / case.key).mkdir(parents=True)
                settings = SETTINGS | networks | {"redis_url": redis.url, "data_dir": str(data)}
                given = {
                    "case": asdict(case),
                    "address": address,
                    "settings": settings,
                    "whole_timelines": whole_timelines,
                }
                command = [sys.executable, "-m", "tests.bench.reading", json.dumps(given)]
                done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
                return Figures(**json.loads(done.stdout))

            yield measure
    finally:
        sandbox.terminate()
        sandbox.wait(30)


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/_control/clock", timeout=2).is_success
    except httpx.TransportError:
        return False
