"""What planning and storing cost on networks without a price: CPU a tick, and how long accounts wait for their turns.

Answers are made here, so that neither a network nor its client is measured. Every post of an answer has changed.
"""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import fmean, median
from tempfile import TemporaryDirectory
from typing import Any

from pipeline.records import Counts, Due, FetchResult, Post, Profile, State
from pipeline.settings import Settings
from pipeline.sources.source import Limits, Network
from pipeline.steps import store_stages, turns
from pipeline.steps.chunks import unpack
from pipeline.store import Store, accounts, chats
from pipeline.store.migrate import migrate
from tests.toy_network.facts import TOY

START = datetime(2026, 11, 28, 12, tzinfo=UTC)
TICKS = 36
MINUTES_5 = timedelta(minutes=5)
STAGED = Limits(150, MINUTES_5, older_requests=50, every=timedelta(seconds=15), older_every=MINUTES_5)
WHOLE = Limits(3000, MINUTES_5)
SETTINGS = Settings(posts_per_account=100, _env_file=None)
ONE = replace(TOY, key="one", limits=lambda _: WHOLE, posts_per_request=100)
MANY = replace(TOY, key="many", limits=lambda _: STAGED, server=lambda remote_id: remote_id.partition("@")[2])
CASES: dict[str, tuple[Network, int, int]] = {
    "100 accounts on one server, whole": (ONE, 100, 1),
    "50 accounts on one server, in stages": (MANY, 50, 1),
    "200 accounts on 100 servers, in stages": (MANY, 200, 100),
}
"""The network, and how many accounts on how many servers."""


def run() -> Iterator[dict[str, Any]]:
    for name, case in CASES.items():
        for figure, unit, value in _measure(*case):
            yield {"bench": f"{name}: {figure}", "unit": unit, "ours": value, "peers": {}}


def _measure(network: Network, count: int, servers: int) -> Iterator[tuple[str, str, float]]:
    handles = [f"user{number}@host{number % servers}.example" for number in range(count)]
    with TemporaryDirectory(prefix="tallybird-bench-") as folder:
        store = Store(f"sqlite:///{Path(folder)}/tallybird.db")
        migrate(store)
        _track(store, network, handles)
        cpu_s, read = [], dict[int, list[int]]()
        for number in range(TICKS):
            spent_s, due = _tick(store, network, number)
            cpu_s.append(spent_s)
            for each in due:
                read.setdefault(each.account_id, []).append(number)
        store.close()
    waits = [10 * (later - earlier) for times in read.values() for earlier, later in pairwise(times)]
    yield "CPU a tick", "ms", round(1000 * fmean(cpu_s[TICKS // 3 :]), 1)
    yield "between readings of an account", "s", round(median(waits), 1)


def _track(store: Store, network: Network, handles: list[str]) -> None:
    with store.write_session() as db:
        accounts.save_profiles(db, [Profile(each, State.ACTIVE, each) for each in handles], network.key, START)
        known = accounts.find_by_remote_ids(db, handles, network.key)
        chats.add(db, 1, START)
        chats.track(db, 1, [each.id for each in known], START)


def _tick(store: Store, network: Network, number: int) -> tuple[float, list[Due]]:
    now = START + number * timedelta(seconds=10)
    before = time.process_time()
    with store.write_session() as db:
        due = [unpack(each) for chunk in turns.plan(db, SETTINGS, network, now) for each in chunk.due]
    planned = time.process_time() - before
    answers = [(each, _read(network, each, number, now)) for each in due]
    before = time.process_time()
    with store.write_session() as db:
        if network.has_servers:
            store_stages.store(db, SETTINGS, answers)
        else:
            accounts.save_fetch_results(db, [result for _, result in answers])
        turns.conclude(db, SETTINGS, network, answers, now)
    return planned + time.process_time() - before, due


def _read(network: Network, due: Due, number: int, now: datetime) -> FetchResult:
    posts = tuple(
        Post(str(index), START - timedelta(hours=index), Counts(number, number, number, number))
        for index in range(due.depth)
    )
    requests = -(-due.depth // network.posts_per_request)
    return FetchResult(due.account_id, now, posts, complete=True, requests=requests)
