"""Reads a network's accounts from its stand-in for some minutes, by its real client and the real steps of a tick.

Run with its arguments as JSON, it prints the Figures as JSON: each case has a process, and so a memory, of its own.

The stand-in's clock and that of the steps go a tick further at a time, and nothing waits for a tick. Every account has
100 posts of its own, of which the newest has other counts at each tick.
"""

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import fmean, median
from typing import Any

import psutil

from pipeline.records import Due, Profile, State
from pipeline.settings import Settings
from pipeline.sources.registry import NETWORKS
from pipeline.steps import fetch as fetch_step
from pipeline.steps import plan as plan_step
from pipeline.steps import store as store_step
from pipeline.steps import store_stages
from pipeline.steps.chunks import Chunk
from pipeline.steps.resources import Resources
from pipeline.store import accounts, chats
from pipeline.store.migrate import migrate
from tests.e2e.chat import Json, Sandbox

POSTS = 100
TICK = timedelta(seconds=10)
WINDOW = 30
"""Ticks that are measured: those of 5 minutes."""
MEGABYTE = 10**6


@dataclass(frozen=True, slots=True)
class Case:
    """Accounts of a network, as the control API of its stand-in has them.

    handle: with the place of a number. handle_field, count_fields: what they are called. remote_id: an account's id,
    with the fields of its listing. warm: how many ticks pass first.
    """

    key: str
    accounts: int
    handle: str
    handle_field: str
    count_fields: tuple[str, ...]
    remote_id: str
    warm: int


@dataclass(frozen=True, slots=True)
class Figures:
    """requests: in 5 minutes, of which further ones were for pages after a timeline's first. between_s: the median."""

    cpu_ms_a_tick: float
    memory_mb: float
    requests: int
    further: int
    between_s: float = 0


@dataclass
class Reader:
    """A case's accounts, which one chat tracks. now: of the tick."""

    case: Case
    sandbox: Sandbox
    resources: Resources
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def prepare(self) -> None:
        self._load(POSTS, 0)
        migrate(self.resources.store)
        self.resources.mark_redis_known()
        listed = self._listed()
        profiles = [Profile(each[self.case.handle_field], State.ACTIVE, self._remote_id(each)) for each in listed]
        with self.resources.store.write_session() as db:
            accounts.save_profiles(db, profiles, self.case.key, self.now)
            known = accounts.find_by_remote_ids(db, list(map(self._remote_id, listed)), self.case.key)
            assert len(known) == self.case.accounts
            chats.add(db, 1, self.now)
            chats.track(db, 1, [each.id for each in known], self.now)

    def advance(self, number: int) -> None:
        """The next tick begins: the newest post of each account has other counts."""
        self.now += TICK
        self.sandbox.post("clock", at=self.now.isoformat())
        self._load(1, number)

    def tick(self) -> tuple[float, list[int]]:
        """The CPU time of a tick in seconds, and the ids of the accounts that were read."""
        before = time.process_time()
        chunks = plan_step.plan(self.resources, self.case.key, self.now)
        digests = [fetch_step.fetch(self.resources, Chunk(*each), self.now) for each in chunks]
        store_step.store(self.resources, self.case.key, digests, self.now)
        return time.process_time() - before, [due[0] for chunk in chunks for due in chunk.due]

    def tick_of_whole_timelines(self) -> tuple[float, list[int]]:
        """The same for all accounts at once, each as deep as charts go, on a network of many servers."""
        network, settings = NETWORKS[self.case.key], self.resources.settings
        before = time.process_time()
        with self.resources.store.write_session() as db:
            due = [Due(each.id, each.remote_id, POSTS) for each in accounts.list_tracked(db, network.key)]
        results = fetch_step.fetch_servers(network, self.resources.source(network), due, self.now, timedelta(minutes=1))
        with self.resources.store.write_session() as db:
            store_stages.store(db, settings, zip(due, results, strict=True))
        return time.process_time() - before, [each.account_id for each in results if each.complete]

    def further_of(self, calls: list[Json]) -> int:
        return sum("max_id" in call["params"] or "cursor" in call["params"] for call in calls)

    def _listed(self) -> list[Json]:
        handles = set(map(self.case.handle.format, range(self.case.accounts)))
        listed = self.sandbox.get(f"{self.case.key}/accounts")
        return [each for each in listed if each[self.case.handle_field] in handles]

    def _remote_id(self, listed: Json) -> str:
        return self.case.remote_id.format(**listed)

    def _load(self, posts: int, number: int) -> None:
        self.sandbox.post(f"{self.case.key}/accounts", accounts=list(self._made(posts, number)))

    def _made(self, posts: int, number: int) -> Iterator[dict[str, Any]]:
        """Each account's newest posts. Their counts depend on the number of the tick."""
        for account in range(self.case.accounts):
            ids = range((account + 1) * POSTS, (account + 1) * POSTS - posts, -1)
            made = [self._post(str(10**15 + each), account, hours, number) for hours, each in enumerate(ids, 1)]
            yield {self.case.handle_field: self.case.handle.format(account), "posts": made}

    def _post(self, post_id: str, account: int, hours: int, number: int) -> dict[str, Any]:
        at = BEGAN - timedelta(hours=hours, seconds=account)
        counts = dict.fromkeys(self.case.count_fields, 7 * account + hours + number)
        return {"post_id": post_id, "created_at": f"{at:%Y-%m-%dT%H:%M:%SZ}", **counts}


BEGAN = datetime.now(UTC)


def read(reader: Reader) -> Figures:
    """The figures of a case."""
    case = reader.case
    cpu_s, turns, since = list[float](), dict[int, list[int]](), 0
    for number in range(1, case.warm + WINDOW + 1):
        if number == case.warm + 1:
            since = reader.sandbox.last_call()
        reader.advance(number)
        spent_s, read_now = reader.tick()
        cpu_s.append(spent_s)
        for account in read_now:
            turns.setdefault(account, []).append(number)
    calls = reader.sandbox.calls(case.key, since)
    assert {call["status"] for call in calls} == {200}
    waits = [TICK.total_seconds() * (later - earlier) for times in turns.values() for earlier, later in pairwise(times)]
    return _figures(cpu_s[case.warm :], len(calls), reader.further_of(calls), median(waits))


def read_whole_timelines(reader: Reader) -> Figures:
    """The figures of a case where each tick reads every timeline. Its server has to allow that."""
    case = reader.case
    host = case.handle.partition("@")[2]
    reader.sandbox.post("fediverse/servers", host=host, requests=1_000_000, pages=1_000_000)
    cpu_s, since, ticks = [], reader.sandbox.last_call(), 3
    for number in range(1, ticks + 1):
        reader.advance(number)
        spent_s, read_now = reader.tick_of_whole_timelines()
        assert len(read_now) == case.accounts
        cpu_s.append(spent_s)
    calls = reader.sandbox.calls(case.key, since)
    each = WINDOW // ticks
    return _figures(cpu_s, each * len(calls), each * reader.further_of(calls), TICK.total_seconds())


def _figures(cpu_s: list[float], requests: int, further: int, between_s: float) -> Figures:
    memory_mb = psutil.Process().memory_info().rss / MEGABYTE
    return Figures(round(1000 * fmean(cpu_s), 1), round(memory_mb, 1), requests, further, between_s)


def main(case: dict[str, Any], address: str, settings: dict[str, Any], *, whole_timelines: bool) -> None:
    resources = Resources(Settings.model_validate(settings | {"posts_per_account": POSTS}))
    reader = Reader(Case(**case), Sandbox(address), resources)
    reader.prepare()
    print(json.dumps(asdict((read_whole_timelines if whole_timelines else read)(reader))))
    resources.store.close()


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
