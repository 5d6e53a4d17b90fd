"""How long people wait for /list while 300 live charts keep changing, and how many charts are sent meanwhile.

On SQLite and on a private PostgreSQL. The peer is the same deployment while no chart changes.
"""

import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from pipeline.records import Comparison, Mode, Profile, State
from pipeline.store import Store, accounts, chats, comparisons, subscriptions
from pipeline.store.tables import Subscription
from tests.conftest import NETWORK, until
from tests.e2e.chat import Chat, Json, Sandbox
from tests.e2e.deployment import Deployment, running
from tests.servers import PostgreSQL, traversable_folder

CHATS, COMPARISONS, ACCOUNTS, ACCOUNTS_EACH, POSTS = 300, 6, 60, 5, 100
ASKING, QUESTIONS, EVERY_S = 20, 80, 0.5
CHANGE_EVERY_S = 10
FIRST_ASKING = 10_000
FIRST_POST = 10**15
SETTINGS = {"X_DAILY_USD": "100000", "X_MONTHLY_USD": "100000", "MAX_CHATS": "5000"}
Result = dict[str, Any]


def run() -> Iterator[Result]:
    yield from _measured("SQLite", {})
    with traversable_folder() as folder, PostgreSQL(folder).running() as server:
        yield from _measured("PostgreSQL", {"DATABASE_URL": f"{server.url}/postgres"})


def _measured(name: str, settings: dict[str, str]) -> Iterator[Result]:
    with (
        TemporaryDirectory(prefix="tallybird-bench-") as folder,
        running(Path(folder), None, SETTINGS | settings, tick_s=CHANGE_EVERY_S) as deployment,
    ):
        deployment.sandbox.post("x/limit", requests=1_000_000)
        _load(deployment.sandbox)
        _subscribe(deployment)
        asking = [deployment.chat(FIRST_ASKING + number) for number in range(ASKING)]
        _begin(asking)
        until(lambda: _charts_sent(deployment.sandbox, 0) >= CHATS, within_s=120, every_s=2)
        calm = _waits_ms(asking)
        since = deployment.sandbox.last_call()
        started = time.monotonic()
        with _changing(deployment.sandbox):
            busy = _waits_ms(asking)
            shown = _charts_sent(deployment.sandbox, since) / (time.monotonic() - started)
    for figure, of in (("median", median), ("longest", max)):
        peers = {"no chart changes": round(of(calm), 1)}
        yield {"bench": f"answers {name} {figure}", "unit": "ms", "ours": round(of(busy), 1), "peers": peers}
    yield {"bench": f"answers {name} charts meanwhile", "unit": "1/s", "ours": round(shown, 1), "peers": {}}


def _waits_ms(asking: list[Chat]) -> list[float]:
    """Send /list in one chat after the other; the milliseconds until each answer has reached Telegram."""
    since = asking[0].sandbox.last_call()
    sent: dict[int, list[float]] = {chat.id: [] for chat in asking}
    begun = time.monotonic()
    for number in range(QUESTIONS):
        until(lambda number=number: time.monotonic() >= begun + number * EVERY_S, every_s=0.01)  # type: ignore[misc]
        chat = asking[number % ASKING]
        sent[chat.id].append(time.time())
        chat.send("/list")
    until(lambda: len(_answers(asking[0].sandbox, sent, since)) == QUESTIONS, within_s=60, every_s=1)
    answers = _answers(asking[0].sandbox, sent, since)
    return [1000 * (call["at"] - sent[call["params"]["chat_id"]].pop(0)) for call in answers]


def _answers(sandbox: Sandbox, sent: dict[int, list[float]], since: int) -> list[Json]:
    calls = sandbox.calls("telegram", since)
    return [call for call in calls if call["method"] == "sendMessage" and call["params"].get("chat_id") in sent]


def _charts_sent(sandbox: Sandbox, since: int) -> int:
    charts = ("sendPhoto", "editMessageMedia")
    return sum(
        call["method"] in charts and call["status"] == httpx.codes.OK for call in sandbox.calls("telegram", since)
    )


@contextmanager
def _changing(sandbox: Sandbox) -> Iterator[None]:
    """Within the block, every account's counts change every CHANGE_EVERY_S seconds, enough for other charts."""
    ends, chance = False, random.Random(2)

    def change() -> None:
        with httpx.Client(base_url=sandbox.address, timeout=10) as client:
            while not ends:
                next_at = time.monotonic() + CHANGE_EVERY_S
                for account in range(ACCOUNTS):
                    value = {"retweets": chance.randrange(1000)}
                    client.post(f"/_control/x/posts/{_post_id(account)}", json=value).raise_for_status()
                until(lambda: ends or time.monotonic() > next_at, within_s=2 * CHANGE_EVERY_S)  # noqa: B023

    with ThreadPoolExecutor(1) as pool:
        changing = pool.submit(change)
        try:
            yield
        finally:
            ends = True
        changing.result()


def _post_id(account: int) -> int:
    """The id of an account's newest post."""
    return FIRST_POST + account * 1000 + POSTS


def _load(sandbox: Sandbox) -> None:
    chance, newest = random.Random(1), datetime.now(UTC) - timedelta(hours=30)
    made = []
    for number in range(ACCOUNTS):
        posts = [
            {
                "post_id": str(_post_id(number) - age),
                "created_at": f"{newest - timedelta(hours=age):%Y-%m-%dT%H:%M:%SZ}",
                "retweets": int(chance.lognormvariate(3, 1.2)),
            }
            for age in range(POSTS)
        ]
        made.append({"username": f"bench_{number:03}", "posts": posts})
    sandbox.post("x/accounts", accounts=made)


def _subscribe(deployment: Deployment) -> None:
    """Write subscriptions to the database, since the commands of hundreds of chats would take too long."""
    now = datetime.now(UTC)
    known = {account["username"]: account["id"] for account in deployment.sandbox.get("x/accounts")}
    store = Store(deployment.database)
    for chat_id in range(1, CHATS + 1):
        deployment.chat(chat_id).send("hello")  # since a bot may not write first
    with store.write_session() as db:
        profiles = [Profile(name, State.ACTIVE, known[name]) for name in sorted(known) if name.startswith("bench_")]
        accounts.save_profiles(db, profiles, NETWORK, now)
        ids = sorted(
            account.id
            for account in accounts.find_by_remote_ids(db, [each.remote_id or "" for each in profiles], NETWORK)
        )
        for chat_id in range(1, CHATS + 1):
            first = chat_id % COMPARISONS * ACCOUNTS // COMPARISONS
            chosen = tuple(sorted(ids[(first + index) % ACCOUNTS] for index in range(ACCOUNTS_EACH)))
            chats.add(db, chat_id, now)
            chats.track(db, chat_id, chosen, now)
            row = comparisons.get_or_create(db, Comparison(chosen))
            live = {"comparison_id": row.id, "all_tracked": True, "mode": Mode.LIVE, "next_at": now}
            version = comparisons.request_redraw(db, row)
            subscriptions.add(db, Subscription(chat_id=chat_id, min_version=version, **live))
    store.close()


def _begin(asking: list[Chat]) -> None:
    for chat in asking:
        chat.send("/track bench_000")
    until(lambda: all(_was_answered(chat) for chat in asking), within_s=60, every_s=1)


def _was_answered(chat: Chat) -> bool:
    return any(message["by_bot"] for message in chat.messages())
