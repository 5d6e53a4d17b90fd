"""The time for a growth chart's data, and the database's size, after 30 days with growth of every count at every tick.

Older ticks are stored in larger steps, like those to which the history is thinned out; the last minutes have every
tick. So the database equals that of 30 days, but takes minutes to make.
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import insert

from pipeline.records import ChartSpec, Comparison, Counts, FetchResult, Post, Span, View
from pipeline.steps.snapshot import snapshot
from pipeline.store import Store, accounts, comparisons
from pipeline.store.migrate import migrate
from pipeline.store.tables import Account
from pipeline.store.tables import Comparison as ComparisonRow

NOW = datetime(2026, 11, 23, 15, 20, tzinfo=UTC)
TICK = timedelta(seconds=10)
POSTS = 100
FEW, MANY = 5, 50
ALLOWED_MS = {FEW: 50, MANY: 300}
ALLOWED_MB = 5
ROUNDS = 5
STEPS = (
    (timedelta(days=30), timedelta(hours=6)),
    (timedelta(days=9), timedelta(hours=1)),
    (timedelta(hours=26), timedelta(minutes=10)),
    (timedelta(hours=2), timedelta(minutes=1)),
    (timedelta(minutes=10), TICK),
)
"""Pairs: from so long ago on, steps of this size."""
Result = dict[str, Any]


def run() -> Iterator[Result]:
    for amount in (FEW, MANY):
        with TemporaryDirectory(prefix="tallybird-bench-") as folder:
            path = Path(folder) / "tallybird.db"
            store = Store(f"sqlite:///{path}")
            migrate(store)
            fill(store, amount)
            took = max(_cpu_ms(store, amount, span) for span in Span)
            store.close()
            megabytes = sum(file.stat().st_size for file in Path(folder).iterdir()) / amount / 1e6
        yield _result(f"growth data {amount}x{POSTS}", "ms CPU", round(took, 1), ALLOWED_MS[amount])
        yield _result(f"growth database an account of {amount}", "MB", round(megabytes, 2), ALLOWED_MB)


def _result(bench: str, unit: str, ours: float, allowed: float) -> Result:
    return {"bench": bench, "unit": unit, "ours": ours, "peers": {"allowed": allowed}}


def fill(store: Store, amount: int) -> None:
    """Store accounts with old posts, each count of which grows in every step."""
    with store.write_session() as db:
        names = [
            {"id": number, "network": "x", "remote_id": f"{number}", "handle": f"a{number}"}
            for number in range(1, amount + 1)
        ]
        db.execute(insert(Account), names)
    chance = Random(1)
    paces = {number: [chance.lognormvariate(0, 1) for _ in range(POSTS)] for number in range(1, amount + 1)}
    for ago in _moments():
        ticks = (STEPS[0][0] - ago) / TICK
        with store.write_session() as db:
            accounts.save_fetch_results(
                db, [_fetch_result(number, NOW - ago, paces[number], ticks) for number in paces]
            )


def _moments() -> Iterator[timedelta]:
    ago = STEPS[0][0]
    while ago >= timedelta(0):
        yield ago
        ago -= next(step for since, step in reversed(STEPS) if ago <= since)


def _fetch_result(account_id: int, at: datetime, paces: list[float], ticks: float) -> FetchResult:
    posts = [
        Post(f"{account_id * 10**16 + number}", NOW - timedelta(days=60, hours=number), _counts(pace, ticks))
        for number, pace in enumerate(paces)
    ]
    return FetchResult(account_id, at, tuple(posts), complete=True)


def _counts(pace: float, ticks: float) -> Counts:
    grown = 1 + pace / 3
    return Counts(*(int(ticks * grown * share) for share in (1, 4, 1.1, 1.05, 1.2, 90)))


def _cpu_ms(store: Store, amount: int, span: Span) -> float:
    with store.write_session() as db:
        spec = ChartSpec(view=View.GROWTH, span=span)
        comparison = comparisons.get_or_create(db, Comparison(tuple(range(1, amount + 1)), spec))
    return median(_once(store, comparison.id) for _ in range(ROUNDS))


def _once(store: Store, comparison_id: int) -> float:
    with store.read_session() as db:
        comparison = db.get_one(ComparisonRow, comparison_id)
        started = time.process_time()
        data = snapshot(db, comparison, NOW).data
        took = time.process_time() - started
    assert all(row.total for row in data.rows)
    return took * 1000
