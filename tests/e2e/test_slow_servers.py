"""Servers that hang, which anybody may name, delay no other network: neither its readings nor what people ask for."""

import json
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from pipeline.records import Profile, State
from pipeline.store import Store, accounts, chats
from tests.conftest import ROOT, until
from tests.e2e.chat import Chat
from tests.e2e.deployment import Deployment, running
from tests.e2e.test_networks import ADA, publish
from tests.slow_network.facts import FILE, SLOW

pytestmark = pytest.mark.timeout(400)
TICK_S = 10
PROMPT_S = 4
"""Half of what a tick lets a server take, and far more than the way of a reading to the database takes."""
CHAT, OTHER_CHAT = 5001, 5002


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Of a server that lets anybody connect, and says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=1000) as server:
        yield server.getsockname()[1]


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory, timelines: Path, port: int) -> Iterator[Deployment]:
    folder = tmp_path_factory.mktemp("slow")
    (folder / "data").mkdir(mode=0o700)
    (folder / "data" / FILE).write_text(json.dumps({"port": port}), encoding="utf-8")
    publish(folder, boosts=7)
    procfile = ROOT / "tests/toy_network/Procfile"
    with running(folder, timelines, tick_s=TICK_S, procfile=procfile) as started:
        yield started


@pytest.fixture(scope="module")
def store(deployment: Deployment) -> Iterator[Store]:
    store = Store(deployment.database)
    yield store
    store.close()


def track_slow(store: Store, *hosts: str) -> None:
    """As if a chat had found these while they answered."""
    now = datetime.now(UTC)
    handles = [f"ada@{host}.slow" for host in hosts]
    with store.write_session() as db:
        accounts.save_profiles(db, [Profile(each, State.ACTIVE, each) for each in handles], SLOW.key, now)
        chats.track(db, CHAT, [each.id for each in accounts.find_by_remote_ids(db, handles, SLOW.key)], now)


def read_at(store: Store, handle: str, network: str) -> datetime:
    with store.read_session() as db:
        [account] = accounts.find_by_remote_ids(db, [handle], network)
        return account.fetched_at or datetime(2000, 1, 1, tzinfo=UTC)


def lag_s(store: Store) -> float:
    """How long after Ada was read that is in the database."""
    before = read_at(store, ADA, "toy")
    until(lambda: read_at(store, ADA, "toy") > before, within_s=3 * TICK_S, every_s=0.1)
    return (datetime.now(UTC) - read_at(store, ADA, "toy")).total_seconds()


def texts_of_bot(chat: Chat) -> list[str]:
    return [each["text"] for each in chat.messages() if each["by_bot"]]


def test_fifty_servers_that_hang_in_each_tick_delay_nothing_of_another_network(
    deployment: Deployment, store: Store
) -> None:
    chat, other = deployment.chat(CHAT), deployment.chat(OTHER_CHAT)
    assert chat.ask(f"/track @{ADA} ada@answers_at_once.slow").startswith("Added: ")
    until(lambda: read_at(store, "ada@answers_at_once.slow", "slow").year > 2000, within_s=3 * TICK_S)
    usual = lag_s(store)
    lags, reads, named = [], [read_at(store, ADA, "toy")], list[list[str]]()
    for number in range(3):
        track_slow(store, *(f"hangs{number}_{host}" for host in range(50)))
        hosts = [f"hangs{number}_{host}.slow" for host in "ab"]
        other.send("/track " + " ".join(f"eve@{host}" for host in hosts))
        named.append(hosts)
        lags.append(lag_s(store))
        reads.append(read_at(store, ADA, "toy"))
    waits = [(later - earlier).total_seconds() for earlier, later in pairwise(reads)]
    assert max(lags) < PROMPT_S, (usual, lags)
    assert max(waits) < 1.5 * TICK_S, waits
    started, asked = time.monotonic(), chat.send(f"/compare @{ADA}")
    until(lambda: any(each["photo"] and each["message_id"] > asked for each in chat.messages()), within_s=30)
    assert time.monotonic() - started < PROMPT_S
    until(lambda: len(texts_of_bot(other)) == len(named), within_s=60)
    for answer, hosts in zip(texts_of_bot(other), named, strict=True):
        assert answer.startswith("Not added:")
        for host in hosts:
            assert f"@eve@{host} (Slow): {host} did not answer in time" in answer
    assert "Traceback" not in deployment.log.read_text(errors="replace")
