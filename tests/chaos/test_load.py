"""Two thousand live chats, whose charts all change every tick, for ten minutes: what Telegram's limits allow a bot."""

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
from pipeline.records import Comparison, Mode, Profile, State
from pipeline.store import Store, accounts, chats, comparisons, subscriptions
from pipeline.store.tables import Subscription
from tests.chaos.conftest import Report
from tests.conftest import NETWORK, until
from tests.e2e.chat import Json, Sandbox
from tests.e2e.deployment import Deployment, running

CHATS, COMPARISONS, ACCOUNTS = 2000, 200, 500
ACCOUNTS_EACH = 5
"""Of a comparison."""
POSTS = 100
TICK_S = 10
WARM_UP_S, MEASURED_S = 330, 600
"""After the warm-up Redis no longer grows, since it keeps nothing longer than five minutes."""
FIRST_POST = 10**15
FAIR = 1.5
"""The longest wait of a chat over the shortest."""
FLAT = 1.05
"""A process's memory at the end over that at the start."""
SAMPLES = 10
"""A process with fewer is too short-lived to be judged."""
APART_S = 2
"""A longer pause between requests to X separates two ticks."""
TOO_MANY = 429
SETTINGS = {"X_DAILY_USD": "100000", "X_MONTHLY_USD": "100000", "MAX_CHATS": "5000", "DROPBOX_MIN_SECONDS": "60"}


@dataclass
class Measurements:
    """What is measured under load; times are seconds since 1970."""

    edits: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    refused: int = 0
    requests: list[float] = field(default_factory=list)
    ready: list[float] = field(default_factory=list)
    empty: list[float] = field(default_factory=list)
    memory: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    @property
    def waits(self) -> list[float]:
        """The seconds between two charts of a chat."""
        return [late - early for at in self.edits.values() for early, late in pairwise(at)]

    @property
    def ticks(self) -> list[tuple[float, float]]:
        """The start of each tick, its first request to X, and that of the next one."""
        restarts = [late for early, late in pairwise([0.0, *self.requests]) if late - early > APART_S]
        return list(pairwise(restarts))

    @property
    def tick_seconds(self) -> list[float]:
        """The seconds from each tick's first request to its last chart."""
        return [max((at for at in self.ready if start < at < end), default=end) - start for start, end in self.ticks]

    @property
    def never_empty(self) -> list[float]:
        """The ticks at whose end a task still waited in a queue."""
        return [start for start, end in self.ticks if not any(start < at < end for at in self.empty)]


@pytest.mark.timeout(WARM_UP_S + MEASURED_S + 600)
def test_two_thousand_live_chats_are_served_fairly_within_telegrams_limits(tmp_path: Path, report: Report) -> None:
    with running(tmp_path, None, SETTINGS, tick_s=TICK_S) as deployment:
        deployment.sandbox.post("x/limit", requests=1_000_000)  # so that only Telegram's limits matter
        _load(deployment.sandbox)
        _open_chats(deployment.sandbox)
        _subscribe(deployment)
        _measure(deployment, Measurements(), WARM_UP_S)
        measured = Measurements()
        _measure(deployment, measured, MEASURED_S)
    edits = sum(map(len, measured.edits.values()))
    report(
        f"{CHATS} live chats of {COMPARISONS} comparisons of {ACCOUNTS} accounts, all changing, for {MEASURED_S} s",
        lost=f"nothing; {edits / MEASURED_S:.1f} charts/s, "
        f"waits {min(measured.waits):.0f} to {max(measured.waits):.0f} s, "
        f"ticks {median(measured.tick_seconds):.1f} s, the longest {max(measured.tick_seconds):.1f} s",
        fresh_s=median(measured.waits),
    )
    grown = {name: _growth(sizes) for name, sizes in measured.memory.items() if len(sizes) >= SAMPLES}
    problems = {
        "refused by Telegram": measured.refused,
        "chats without a chart": CHATS - len(measured.edits),
        "unfair": max(measured.waits) / min(measured.waits) > FAIR,
        "late ticks": [seconds for seconds in measured.tick_seconds if seconds >= TICK_S],
        "queues never empty": measured.never_empty,
        "processes that grow": {name: growth for name, growth in grown.items() if growth > FLAT},
    }
    assert {problem: value for problem, value in problems.items() if value} == {}


def _growth(sizes: list[int]) -> float:
    """The median of the last third over that of the first."""
    third = len(sizes) // 3
    return median(sizes[-third:]) / median(sizes[:third])


def _post_id(account: int) -> int:
    """The id of an account's newest post."""
    return FIRST_POST + account * 1000 + POSTS


def _load(sandbox: Sandbox) -> None:
    """Load the accounts, each with posts of one page."""
    chance = random.Random(1)
    newest = datetime.now(UTC) - timedelta(minutes=1)  # young posts are read most often
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


def _open_chats(sandbox: Sandbox) -> None:
    """Let each chat write to the bot once, since a bot may not write first."""
    with httpx.Client(base_url=sandbox.address, timeout=10) as client:
        for chat_id in range(1, CHATS + 1):
            message = {"chat_id": chat_id, "user_id": chat_id, "text": "hello", "chat_type": "private"}
            client.post("/_control/telegram/send", json=message).raise_for_status()


def _subscribe(deployment: Deployment) -> None:
    """Write subscriptions to the database, since the commands of two thousand chats would take too long."""
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
            chosen = tuple(sorted(ids[(first + index) % ACCOUNTS] for index in range(ACCOUNTS_EACH)))
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


def _measure(deployment: Deployment, measured: Measurements, length_s: float) -> None:
    """Change every account once a tick, and measure."""
    ends = time.monotonic() + length_s
    with Redis.from_url(deployment.redis) as redis, _noting_ready(redis, measured), ThreadPoolExecutor(1) as changer:
        since = deployment.sandbox.last_call()
        while time.monotonic() < ends:
            changing = changer.submit(_change_all, deployment.sandbox, int(time.time()))
            _sample(redis, measured, TICK_S)
            changing.result()
            since = _note_calls(deployment.sandbox, measured, since)
            for name, size in _memory(deployment, redis).items():
                measured.memory[name].append(size)


def _sample(redis: "Redis", measured: Measurements, length_s: float) -> None:
    ends = time.monotonic() + length_s

    def check() -> bool:
        if not _waiting(redis):
            measured.empty.append(time.time())
        return time.monotonic() > ends

    until(check, within_s=length_s + 5, every_s=0.2)


def _note_calls(sandbox: Sandbox, measured: Measurements, since: int) -> int:
    calls = sandbox.get("calls", since=since)
    for call in calls:
        if call["service"] == "x":
            measured.requests.append(call["at"])
        elif call["method"] == "editMessageMedia":
            measured.edits[int(call["params"]["chat_id"])].append(call["at"])
        measured.refused += call["status"] == TOO_MANY and call["service"] == "telegram"
    return max((int(call["seq"]) for call in calls), default=since)


@contextmanager
def _noting_ready(redis: "Redis", measured: Measurements) -> Iterator[None]:
    """Note the time at which each chart is ready."""
    channel: Any = redis.pubsub()  # type: ignore[no-untyped-call]
    channel.subscribe(**{READY: lambda _message: measured.ready.append(time.time())})
    listener = channel.run_in_thread(sleep_time=1)
    try:
        yield
    finally:
        listener.stop()
        listener.join()


def _memory(deployment: Deployment, redis: "Redis") -> dict[str, int]:
    """The bytes of memory of each process.

    They include memory shared with the parent, since a write to it would look like growth. Of Redis it is the memory in
    use, since the rest changes whenever it rewrites its log.
    """
    info: Any = redis.info("memory")
    measured = {"redis": int(info["used_memory"])}
    server = deployment.process("redis").pid
    for process in deployment.supervisor.children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # libraries start short-lived processes
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
