"""Drawing a spread of 5 accounts with 100 posts each, against other ways to draw the same picture at the same size.

Ours and the peers take turns, so that what else the machine does slows all of them alike; each figure is a median.
"""

import gc
import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from io import BytesIO
from random import Random
from statistics import median
from string import ascii_lowercase
from typing import Any, cast

from PIL import Image

from pipeline.records import ChartData, ChartRow, ChartSpec, View
from pipeline.sources.registry import noun
from tests.bench.peers import Draw, Missing, Peer, Size
from tests.conftest import ROOT
from tests.unit.chart.made import png

ACCOUNTS, POSTS = 5, 100
WARM, ROUNDS = 3, 25
PEERS = ("vega", "plotly_kaleido", "gnuplot", "by_hand")
NOW = datetime(2026, 11, 23, 15, 20, tzinfo=UTC)
ALLOWED_GROWTH_PERCENT = 5
OURS = "ours"
Result = dict[str, Any]


def run() -> Iterator[Result]:
    picture = Image.open(BytesIO(png(new_layout(0))))
    with ExitStack() as stack:
        drawers = {OURS: png} | dict(_opened(stack, Size(*picture.size)))
        gc.freeze()  # as the worker does once all is loaded
        fresh_ms, size_bytes = _measured(drawers, new_layout)
        live_ms, _ = _measured(drawers, live_update)
    yield _result("new layout", "ms", fresh_ms)
    yield _result("live update", "ms", live_ms)
    yield _result("size", "B", size_bytes)
    yield _growth()


def new_layout(number: int) -> ChartData:
    """Handles and counts that were never drawn before."""
    chance = Random(number)
    return spread(["".join(chance.choices(ascii_lowercase, k=10)) for _ in range(ACCOUNTS)], chance, number)


def live_update(number: int) -> ChartData:
    """The same accounts, posts and axis; each count has grown a little since the time before."""
    data = spread([f"account_{place}" for place in range(ACCOUNTS)], Random(1), number)
    chance = Random(number)
    rows = (replace(row, values=tuple(value + chance.randint(0, 2) for value in row.values)) for row in data.rows)
    return replace(data, rows=tuple(rows))


def spread(handles: list[str], chance: Random, number: int, view: View = View.SPREAD) -> ChartData:
    """Read a minute later each time; no post is younger than a day, so that all dots are full."""
    times = tuple(NOW - timedelta(hours=30 + 5 * post) for post in range(POSTS))
    rows = [
        _row(handle, tuple(int(chance.lognormvariate(3 + place * 0.5, 1.1)) for _ in times), times)
        for place, handle in enumerate(handles)
    ]
    spec = ChartSpec(view=view)
    return ChartData(spec, NOW + timedelta(minutes=number), tuple(rows), noun(spec.metric, ["x"]))


def _row(handle: str, values: tuple[int, ...], times: tuple[datetime, ...]) -> ChartRow:
    """With a total that was gained within the last day, as growth shows it."""
    total = sum(values)
    gains = tuple((NOW - timedelta(hours=hours), total * (24 - hours) // 24) for hours in range(23, -1, -1))
    return ChartRow(handle, values, times, total=total, gains=gains)


def _opened(stack: ExitStack, size: Size) -> Iterator[tuple[str, Draw]]:
    for module in PEERS:
        try:
            peer = cast("Peer", import_module(f"tests.bench.peers.{module}"))
            yield peer.NAME, stack.enter_context(peer.opened(size))
        except ModuleNotFoundError as missing:
            _say(f"{module} is left out: {missing}; make bench installs it")
        except Missing as missing:
            _say(f"{module} is left out: {missing}")


def _measured(drawers: dict[str, Draw], made: Callable[[int], ChartData]) -> tuple[dict[str, float], dict[str, float]]:
    """Milliseconds and bytes of a picture, by who drew it."""
    times: dict[str, list[float]] = defaultdict(list)
    sizes: dict[str, list[float]] = defaultdict(list)
    for number in range(1, WARM + ROUNDS + 1):
        data = made(number)
        for name, drawer in drawers.items():
            started = time.perf_counter()
            picture = drawer(data)
            took = time.perf_counter() - started
            if number > WARM:
                times[name].append(took * 1000)
                sizes[name].append(len(picture))
    return _medians(times), _medians(sizes)


def _medians(figures: dict[str, list[float]]) -> dict[str, float]:
    return {name: round(median(values), 2) for name, values in figures.items()}


def _result(figure: str, unit: str, medians: dict[str, float]) -> Result:
    peers = {name: value for name, value in medians.items() if name != OURS}
    return {"bench": f"chart {figure}", "unit": unit, "ours": medians[OURS], "peers": peers}


def _growth() -> Result:
    """Measured in a process of its own, so that nothing else takes or frees memory there."""
    done = subprocess.run([sys.executable, "-m", "tests.bench.memory"], cwd=ROOT, stdout=subprocess.PIPE, check=True)
    allowed = {f"allowed {ALLOWED_GROWTH_PERCENT} %": ALLOWED_GROWTH_PERCENT}
    return {"bench": "chart memory growth", "unit": "%", "ours": json.loads(done.stdout), "peers": allowed}


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
