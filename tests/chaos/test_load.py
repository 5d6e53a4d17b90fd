"""As many chats as Telegram's limits let one bot keep fresh, all of whose charts change every tick, for ten minutes."""

import random
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import psutil
import pytest
from redis import Redis

from pipeline.messaging.client import READY
from pipeline.messaging.queues import CHARTS, REQUESTS, TICKS
from pipeline.records import NETWORK, Comparison, Mode, Profile, State
from pipeline.store import Store, accounts, chats, comparisons, subscriptions
from pipeline.store.tables import Subscription
from tests.chaos.conftest import Report
from tests.conftest import until
from tests.e2e.chat import Json, Sandbox
from tests.e2e.deployment import Deployment, running

CHATS, COMPARISONS, ACCOUNTS = 2000, 200, 500
EACH = 5
"""Accounts of a comparison."""
POSTS = 100
TICK_S = 10
WARM_UP_S, MEASURED_S = 330, 600
"""What Redis keeps longest, for five minutes, comes and goes from then on."""
FIRST_POST = 10**15
FAIR = 1.5
FLAT = 1.05
SAMPLES = 10
"""Of a process that lives long enough to be looked at."""
APART_S = 2
"""Between one tick's readings and the next one's."""
TOO_MANY = 429
SETTINGS = {"X_DAILY_USD": "100000", "X_MONTHLY_USD": "100000", "MAX_CHATS": "5000", "DROPBOX_MIN_SECONDS": "60"}


@dataclass
class Seen:
    """What was noted while the load lasted; moments are seconds since the epoch."""

    edits: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    refused: int = 0
    reads: list[float] = field(default_factory=list)
    ready: list[float] = field(default_factory=list)
    empty: list[float] = field(default_factory=list)
    memory: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    @property
    def waits(self) -> list[float]:
        """How long each chat waited from one chart to the next."""
        return [late - early for at in self.edits.values() for early, late in pairwise(at)]

    @property
    def ticks(self) -> list[tuple[float, float]]:
        """From a tick's first reading to the next one's."""
        restarts = [late for early, late in pairwise([0.0, *self.reads]) if late - early > APART_S]
        return list(pairwise(restarts))

    @property
    def lasted(self) -> list[float]:
        """How long each tick took from its first reading to its last chart."""
        return [max((at for at in self.ready if start < at < end), default=end) - start for start, end in self.ticks]

    @property
    def never_empty(self) -> list[float]:
        """The ticks at whose end some message still waited."""
        return [start for start, end in self.ticks if not any(start < at < end for at in self.empty)]


@pytest.mark.timeout(WARM_UP_S + MEASURED_S + 600)
def test_two_thousand_live_chats_are_served_in_turn_within_telegrams_limits(tmp_path: Path, report: Report) -> None:
    with running(tmp_path, None, SETTINGS, tick_s=TICK_S) as deployment:
        deployment.sandbox.post("x/limit", requests=1_000_000)  # here only Telegram's limits count
        _load(deployment.sandbox)
        _greet(deployment.sandbox)
        _subscribe(deployment)
        _watch(deployment, Seen(), WARM_UP_S)
        seen = Seen()
        _watch(deployment, seen, MEASURED_S)
    edits = sum(map(len, seen.edits.values()))
    report(
        f"{CHATS} live chats of {COMPARISONS} comparisons of {ACCOUNTS} accounts, all changing, for {MEASURED_S} s",
        lost=f"nothing; {edits / MEASURED_S:.1f} charts/s, waits {min(seen.waits):.0f} to {max(seen.waits):.0f} s, "
        f"ticks {median(seen.lasted):.1f} s, the longest {max(seen.lasted):.1f} s",
        fresh_s=median(seen.waits),
    )
    grown = {name: _growth(sizes) for name, sizes in seen.memory.items() if len(sizes) >= SAMPLES}
    problems = {
        "refused by Telegram": seen.refused,
        "chats that saw nothing": CHATS - len(seen.edits),
        "unfair": max(seen.waits) / min(seen.waits) > FAIR,
        "late ticks": [lasted for lasted in seen.lasted if lasted >= TICK_S],
        "queues never empty": seen.never_empty,
        "processes that grow": {name: growth for name, growth in grown.items() if growth > FLAT},
    }
    assert {problem: found for problem, found in problems.items() if found} == {}


def _growth(sizes: list[int]) -> float:
    """Of the last third over the first."""
    third = len(sizes) // 3
    return median(sizes[-third:]) / median(sizes[:third])


def _post_id(account: int) -> int:
    """Of an account's newest post."""
    return FIRST_POST + account * 1000 + POSTS


def _load(sandbox: Sandbox) -> None:
    """The accounts, each with posts that one page holds."""
    chance = random.Random(1)
    newest = datetime.now(UTC) - timedelta(hours=30)
    for start in range(0, ACCOUNTS, 50):
        sandbox.post("x/accounts", accounts=[_account(chance, number, newest) for number in range(start, start + 50)])


def _account(chance: random.Random, number: int, newest: datetime) -> Json:
    posts = [
        {
            "post_id": str(_post_id(number) - age),
            "created_at": f"{newest - timedelta(hours=age):%Y-%m-%dT%H:%M:%SZ}",
            "retweets": int(chance.lognormvariate(3, 1.2)),
        }
        for age in range(POSTS)
    ]
    return {"username": f"load_{number:03}", "posts": posts}


def _greet(sandbox: Sandbox) -> None:
    """Each chat has written to the bot once, else it may not write there."""
    with httpx.Client(base_url=sandbox.address, timeout=10) as client:
        for chat_id in range(1, CHATS + 1):
            said = {"chat_id": chat_id, "user_id": chat_id, "text": "hello", "chat_type": "private"}
            client.post("/_control/telegram/send", json=said).raise_for_status()


def _subscribe(deployment: Deployment) -> None:
    """Straight into the database: two thousand chats' commands would take as long as the test itself."""
    now = datetime.now(UTC)
    known = {account["username"]: account["id"] for account in deployment.sandbox.get("x/accounts")}
    names = [f"load_{number:03}" for number in range(ACCOUNTS)]
    store = Store(deployment.database)
    with store.write_session() as db:
        accounts.save_profiles(db, [Profile(name, State.ACTIVE, known[name]) for name in names], NETWORK, now)
        ids = sorted(
            account.id for account in accounts.find_by_remote_ids(db, [known[name] for name in names], NETWORK)
        )
        for chat_id in range(1, CHATS + 1):
            first = chat_id % COMPARISONS * ACCOUNTS // COMPARISONS
            chosen = tuple(sorted(ids[(first + place) % ACCOUNTS] for place in range(EACH)))
            chats.add(db, chat_id, now)
            chats.track(db, chat_id, chosen, now)
            row = comparisons.get_or_create(db, Comparison(chosen))
            subscription = Subscription(
                chat_id=chat_id,
                comparison_id=row.id,
                all_tracked=True,
                mode=Mode.LIVE,
                min_version=comparisons.request_redraw(db, row),
                next_at=now,
            )
            subscriptions.add(db, subscription)
    store.close()


def _watch(deployment: Deployment, seen: Seen, length_s: float) -> None:
    """Change every account once a period, and note what is seen meanwhile."""
    ends = time.monotonic() + length_s
    with Redis.from_url(deployment.redis) as redis, _noting_ready(redis, seen), ThreadPoolExecutor(1) as person:
        since = deployment.sandbox.last_call()
        while time.monotonic() < ends:
            changing = person.submit(_change_all, deployment.sandbox, int(time.time()))
            _sample(redis, seen, TICK_S)
            changing.result()
            since = _note_calls(deployment.sandbox, seen, since)
            for name, size in _memory(deployment, redis).items():
                seen.memory[name].append(size)


def _sample(redis: "Redis", seen: Seen, length_s: float) -> None:
    ends = time.monotonic() + length_s

    def look() -> bool:
        if not _waiting(redis):
            seen.empty.append(time.time())
        return time.monotonic() > ends

    until(look, within_s=length_s + 5, every_s=0.2)


def _note_calls(sandbox: Sandbox, seen: Seen, since: int) -> int:
    calls = sandbox.get("calls", since=since)
    for call in calls:
        if call["service"] == "x":
            seen.reads.append(call["at"])
        elif call["method"] == "editMessageMedia":
            seen.edits[int(call["params"]["chat_id"])].append(call["at"])
        seen.refused += call["status"] == TOO_MANY and call["service"] == "telegram"
    return max((int(call["seq"]) for call in calls), default=since)


@contextmanager
def _noting_ready(redis: "Redis", seen: Seen) -> Iterator[None]:
    """Note the moment of each chart that becomes ready."""
    channel: Any = redis.pubsub()  # type: ignore[no-untyped-call]
    channel.subscribe(**{READY: lambda _message: seen.ready.append(time.time())})
    listener = channel.run_in_thread(sleep_time=1)
    try:
        yield
    finally:
        listener.stop()
        listener.join()


def _memory(deployment: Deployment, redis: "Redis") -> dict[str, int]:
    """Of each process, the bytes that it holds; those that it shares with its parent too, or writing to them would look
    like growth. Of Redis, those that it uses: the others come and go as it writes its log anew.
    """
    told: Any = redis.info("memory")
    measured = {"redis": int(told["used_memory"])}
    server = deployment.process("redis").pid
    for process in deployment.supervisor.children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # as one that a library starts to learn something of the machine
            if process.pid != server:
                measured[f"{process.pid} {' '.join(process.cmdline()[-2:])}"] = process.memory_info().rss
    return measured


def _waiting(redis: "Redis") -> int:
    lengths: list[Any] = [redis.llen(queue) for queue in (TICKS, CHARTS, REQUESTS)]
    return sum(lengths)


def _change_all(sandbox: Sandbox, value: int) -> None:
    with httpx.Client(base_url=sandbox.address, timeout=10) as client:
        for account in range(ACCOUNTS):
            client.post(f"/_control/x/posts/{_post_id(account)}", json={"retweets": value % 100_000}).raise_for_status()
