"""A tick of 100 due accounts and 50 chats, at a latency of 150 ms, compared with a literal version of the exercise.

Both use the same sandbox and start with the message that beat sends. Every account has changed since the tick before.
A tick ends when the last of the 50 chats has the new chart.
"""

import gc
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from redis import Redis

from pipeline.messaging.celery_app import TICK, make_app
from pipeline.messaging.client import READY
from pipeline.settings import Settings
from tests.conftest import ROOT, until
from tests.e2e.chat import Json, Sandbox
from tests.e2e.deployment import Deployment, running

ACCOUNTS, POSTS, CHATS = 100, 100, 50
LATENCY_S = 0.15
RUNS = 3
OK = 200
POLL_EVERY_S = 0.5
"""Long, since polls burden the sandbox that is measured too. Its own record tells the times."""
WITHOUT_BEAT = [line for line in (ROOT / "Procfile").read_text().splitlines() if not line.startswith("beat")]
Result = dict[str, Any]


def run() -> Iterator[Result]:
    with TemporaryDirectory(prefix="tallybird-bench-") as name:
        folder = Path(name)
        procfile = folder / "Procfile"
        procfile.write_text("\n".join(WITHOUT_BEAT))
        limits = {
            "MAX_ACCOUNTS_PER_CHAT": "100",
            "X_DAILY_USD": "1000",
            "X_MONTHLY_USD": "1000",
            "DROPBOX_MIN_SECONDS": "0",
        }
        with running(folder, None, limits, tick_s=10, procfile=procfile) as deployment:
            names = _load(deployment.sandbox)
            ours = _ours(deployment, names)
            peer = _literal(deployment, names, folder)
    for figure, unit in (("ready", "s"), ("end_to_end", "s"), ("bytes_sent", "B")):
        measured = {"bench": f"tick {figure}", "unit": unit, "ours": ours[figure]}
        yield measured | {"peers": {"literal exercise": peer[figure]}}


def _load(sandbox: Sandbox) -> list[str]:
    """Load accounts with 100 posts each, which is one page."""
    chance = random.Random(1)
    newest = datetime.now(UTC) - timedelta(hours=1)
    accounts = []
    for number in range(ACCOUNTS):
        posts = [
            _post(chance, number * 1000 + POSTS - index, newest - timedelta(hours=index)) for index in range(POSTS)
        ]
        accounts.append({"username": f"bench_{number:03}", "posts": posts})
    sandbox.post("x/accounts", accounts=accounts)
    return [str(account["username"]) for account in accounts]


def _post(chance: random.Random, post_id: int, at: datetime) -> Json:
    reposts = int(chance.lognormvariate(3, 1.2))
    counts = {
        "retweets": reposts,
        "replies": 1,
        "likes": 4 * reposts,
        "quotes": 0,
        "bookmarks": 1,
        "views": 90 * reposts,
    }
    return {"post_id": str(10**15 + post_id), "created_at": f"{at:%Y-%m-%dT%H:%M:%SZ}", "is_repost": 0, **counts}


def _change_all(sandbox: Sandbox, value: int) -> None:
    for number in range(ACCOUNTS):
        sandbox.post(f"x/posts/{10**15 + number * 1000 + POSTS}", retweets=value)


@contextmanager
def _latency(sandbox: Sandbox) -> Iterator[None]:
    for service in ("x", "dropbox", "telegram"):
        sandbox.post("faults", service=service, delay=LATENCY_S, times=1_000_000)
    yield
    sandbox.delete("faults")


def _ours(deployment: Deployment, names: list[str]) -> dict[str, float]:
    sandbox = deployment.sandbox
    for chat_id in range(1, CHATS + 1):
        chat = deployment.chat(chat_id)
        chat.send("/track " + " ".join(names))
        chat.send("/subscribe")
    until(lambda: all(_shows(sandbox, chat_id) for chat_id in range(1, CHATS + 1)), within_s=120, every_s=1)
    settings = Settings(data_dir=deployment.folder / "data", _env_file=None)
    with _latency(sandbox), Redis.from_url(settings.redis_address) as redis:
        app = make_app(settings)
        runs = [_our_tick(sandbox, app, redis, 10_000 * (number + 1)) for number in range(RUNS)]
        app.close()
    return {figure: sorted(run[figure] for run in runs)[RUNS // 2] for figure in runs[0]}


def _shows(sandbox: Sandbox, chat_id: int) -> bool:
    return any(message["photo"] for message in sandbox.get(f"telegram/chats/{chat_id}"))


def _our_tick(sandbox: Sandbox, app: Any, redis: Any, value: int) -> dict[str, float]:
    time.sleep(6)  # an account is due again half a period after its last fetch
    _change_all(sandbox, value)
    since = sandbox.last_call()
    with redis.pubsub() as channel:
        channel.subscribe(READY)
        channel.get_message(timeout=10)  # the subscription's own answer
        started = time.time()
        app.send_task(TICK)
        assert channel.get_message(timeout=60), "no chart became ready"
        ready = time.time() - started
    until(lambda: len(_edits(sandbox, since)) == CHATS, within_s=60, every_s=POLL_EVERY_S)
    whole = _answered(_edits(sandbox, since)[-1]) - started
    until(lambda: [call for call in sandbox.calls("dropbox", since) if call["method"] == "files/upload"], within_s=30)
    return {"ready": round(ready, 3), "end_to_end": round(whole, 3), "bytes_sent": _bytes(sandbox, since)}


def _answered(call: Json) -> float:
    """When the sandbox answered a call, in seconds since 1970; its record has the time of the request."""
    return float(call["at"]) + LATENCY_S


def _edits(sandbox: Sandbox, since: int) -> list[Json]:
    return [call for call in sandbox.calls("telegram", since) if call["method"] == "editMessageMedia"]


def _bytes(sandbox: Sandbox, since: int) -> int:
    return sum(call["bytes"] for service in ("x", "dropbox", "telegram") for call in sandbox.calls(service, since))


def _literal(deployment: Deployment, names: list[str], folder: Path) -> dict[str, float]:
    """The peer's figures. It uses a database of its own in the same Redis, and as many worker processes."""
    sandbox = deployment.sandbox
    ids = {account["username"]: account["id"] for account in sandbox.get("x/accounts")}
    environment = {
        "LITERAL_REDIS": f"redis+socket://{deployment.folder}/data/redis/redis.sock?virtual_host=1",
        "LITERAL_SANDBOX": sandbox.address,
        "LITERAL_FOLDER": str(folder),
    }
    os.environ.update(environment)
    from tests.bench import literal  # noqa: PLC0415 - its import reads the environment

    command = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "tests.bench.literal",
        "worker",
        "-c",
        "2",
        "--loglevel",
        "WARNING",
    ]
    with (folder / "literal.log").open("ab") as log:
        worker = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
    try:
        until(lambda: literal.app.control.ping(timeout=0.5), within_s=60)
        with _latency(sandbox):
            runs = [_literal_tick(sandbox, literal, [(name, ids[name]) for name in names]) for _ in range(RUNS)]
    finally:
        gc.collect()  # Celery's results use Redis when they are deleted
        worker.terminate()
        worker.wait(30)
    return {figure: sorted(run[figure] for run in runs)[RUNS // 2] for figure in runs[0]}


def _literal_tick(sandbox: Sandbox, literal: Any, accounts: list[tuple[str, str]]) -> dict[str, float]:
    since = sandbox.last_call()
    started = time.time()
    literal.tick(accounts, list(range(1, CHATS + 1)))
    until(lambda: len(_sent(sandbox, since)) == CHATS, within_s=120, every_s=POLL_EVERY_S)
    ready, whole = (_answered(_sent(sandbox, since)[index]) - started for index in (0, -1))
    ready -= LATENCY_S  # the chart was ready when it was sent, before Telegram answered
    return {"ready": round(ready, 3), "end_to_end": round(whole, 3), "bytes_sent": _bytes(sandbox, since)}


def _sent(sandbox: Sandbox, since: int) -> list[Json]:
    return [call for call in sandbox.calls("telegram", since) if call["method"] == "sendPhoto" and call["status"] == OK]
