"""The order in which accounts are fetched where a network is slow, does not answer, or allows too few requests.

X stands for any network without a price.
"""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from threading import Event, Thread

import pytest

from pipeline.records import Counts, Due, Post
from pipeline.settings import Settings
from pipeline.sources.problems import not_in_time
from pipeline.sources.x.facts import X
from pipeline.steps.fetch import fetch_accounts
from pipeline.steps.pace import pace
from tests.unit.pipeline.conftest import NOW, Ticks, timeline

pytestmark = pytest.mark.usefixtures("without_price")
POSTS = (Post("1", NOW, Counts(reposts=5)),)


def gaps(due_by_tick: list[list[int]], account_id: int) -> list[int]:
    """How many ticks pass between two fetches of the account."""
    fetched = [number for number, due in enumerate(due_by_tick) if account_id in due]
    return [later - earlier for earlier, later in pairwise(fetched)]


def settings(requests: int, tick_seconds: int = 10, posts: int = 100) -> Settings:
    return Settings(
        x_requests_per_15_min=requests, tick_seconds=tick_seconds, posts_per_account=posts, _env_file=None
    )  # fmt: skip


def test_hundreds_of_accounts_are_fetched_in_rotation_and_none_is_stale_meanwhile(ticks: Ticks) -> None:
    ticks.start(x_requests_per_15_min=4000)
    ids = ticks.add(*(f"a{number}" for number in range(600)))
    ticks.subscribe(ids[:3])
    ticks.subscribe(ids[280:300])
    ticks.subscribe(ids[-1:])
    due_by_tick = [ticks.tick_without_x(number, POSTS) for number in range(14)]
    assert {account for due in due_by_tick for account in due} == set(ids)
    wanted = ticks.versions()
    due_by_tick += [ticks.tick_without_x(number, POSTS) for number in range(14, 45)]
    assert ticks.versions() == wanted, "nothing changed"
    assert {len(due) for due in due_by_tick} == {44, 45}, "4,000 requests in the 90 ticks of 15 minutes"
    assert {gap for account in ids[::40] for gap in gaps(due_by_tick, account)} <= {13, 14}


def test_an_account_that_is_not_fetched_in_time_is_stale_once(ticks: Ticks) -> None:
    [nasa] = ticks.add("nasa")
    ticks.subscribe([nasa])
    ticks.tick_without_x(0, POSTS)
    ticks.start(x_api_url="http://127.0.0.1:9")
    ticks.tick(1)
    wanted = ticks.versions()
    for number in range(2, 7):
        ticks.tick(number)
    assert (ticks.versions(), ticks.account(nasa).stale) == (wanted, False), "a minute is not long"
    ticks.tick(7)
    ticks.tick(8)
    assert ticks.account(nasa).stale
    assert ticks.versions() == {number: version + 1 for number, version in wanted.items()}


def test_accounts_that_repost_do_not_crowd_out_the_others(ticks: Ticks) -> None:
    ticks.start(x_requests_per_15_min=600)
    for number in range(7):
        ticks.load(f"reposts{number}", timeline(1000, lambda each: each % 10 != 9, first=10**8 * (number + 1)))
    for number in range(20):
        ticks.load(f"posts{number}", timeline(5, first=10**10 + 1000 * number))
    busy = ticks.track(*(f"reposts{number}" for number in range(7)))
    light = ticks.track(*(f"posts{number}" for number in range(20)))
    made, read = [], Counter[int]()
    before = ticks.read_at()
    for number in range(90):
        ticks.tick(number)
        made.append(len(ticks.calls()))
        after = ticks.read_at()
        read.update(account for account, at in after.items() if at != before[account])
        before = after
    assert made[-1] <= 600
    assert made[-1] >= 500, "nor are they left unused"
    assert {ticks.account(account).requests for account in busy} == {10}
    assert min(read[account] for account in light) >= 10
    assert min(read[account] for account in busy) >= 3
    later = [read[account] for account in light]
    assert max(later) - min(later) <= 2
    assert 2 < min(later) / max(read[account] for account in busy) < 4, "ten requests: the square root less often"


@pytest.mark.parametrize(("requests", "taken"), [(270, 2), (45, 1), (600, 9), (10_000, 33)])
def test_all_requests_of_a_window_are_enough_whatever_an_account_takes(ticks: Ticks, requests: int, taken: int) -> None:
    ticks.start(x_requests_per_15_min=requests)
    ids = ticks.add(*(f"a{number}" for number in range(12)))
    ticks.tick_without_x(0, POSTS, taken)
    made = [taken * len(ticks.tick_without_x(1000 + number, POSTS, taken)) for number in range(90)]
    assert sum(made) <= requests
    assert sum(made) >= min(requests, len(ids) * taken * 90) * 0.8


@pytest.mark.parametrize(
    ("accounts", "requests", "tick_s", "waits_s"),
    [
        ({1: 100}, 10_000, 10, {1: 10}),
        ({1: 2000}, 10_000, 10, {1: 180}),
        ({1: 2000}, 1_000, 3600, {1: 7200}),
        ({1: 1000}, 10_000, 60, {1: 90}),
        ({1: 90, 9: 10}, 600, 10, {1: 182.43, 9: 547.3}),
    ],
)
def test_an_account_waits_as_long_as_the_requests_of_all_take(
    accounts: dict[int | None, int], requests: int, tick_s: int, waits_s: dict[int, float]
) -> None:
    current = pace(accounts, settings(requests, tick_s), X)
    waits = {taken: current.interval(taken).total_seconds() for taken in waits_s}
    assert waits == pytest.approx(waits_s, rel=1e-3)


class Network(BaseHTTPRequestHandler):
    """Shows each account one post; those that hang get no answer until the end."""

    protocol_version = "HTTP/1.1"
    hanging: frozenset[str] = frozenset()
    over = Event()

    def do_GET(self) -> None:
        if self.path.split("/")[3] in self.hanging:
            self.over.wait(20)
        shown = {"id": "7", "created_at": "2026-11-23T10:00:00.000Z", "public_metrics": {"like_count": 1}}
        body = json.dumps({"data": [shown], "meta": {"result_count": 1}}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle(self) -> None:
        try:
            super().handle()
        except ConnectionError:
            return

    def log_message(self, *_: object) -> None: ...


class Server(ThreadingHTTPServer):
    request_queue_size = 200
    daemon_threads = True


@pytest.fixture
def network() -> Iterator[str]:
    Network.over.clear()
    server = Server(("127.0.0.1", 0), Network)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    Network.over.set()
    server.shutdown()
    server.server_close()


def test_where_x_is_slow_all_are_fetched_in_a_few_ticks(ticks: Ticks) -> None:
    ticks.start(tick_seconds=3, x_requests_per_15_min=10**6)
    ticks.http.post("x/limit", json={"requests": 10**6}).raise_for_status()
    for number in range(110):
        ticks.load(f"a{number}", timeline(1, first=10**6 * (number + 1)))
    ticks.track(*(f"a{number}" for number in range(110)))
    ticks.fault(method="GET /2/users/:id/tweets", delay=1.4, times=10_000)
    for number in range(3):
        ticks.tick(number)
    assert None not in ticks.read_at().values()


def test_accounts_that_hang_do_not_crowd_out_the_others(ticks: Ticks, network: str) -> None:
    ids = ticks.add(*(f"a{number}" for number in range(180)))
    Network.hanging = frozenset(str(account) for account in ids[:120])
    ticks.start(tick_seconds=2, x_requests_per_15_min=10**6, x_api_url=network)
    for number in range(3):
        ticks.tick(number)
    read = ticks.read_at()
    assert [account for account in ids[120:] if read[account] is None] == []
    last = [read[account] for account in ids[120:]]
    assert min(at for at in last if at) >= NOW + timedelta(seconds=2), "and again"


def test_an_account_that_hangs_delays_the_others_no_longer_than_the_time_limit(ticks: Ticks, network: str) -> None:
    Network.hanging = frozenset({"1"})
    ticks.start(x_api_url=network)
    hangs, late = Due(1, "1", 100), timedelta(seconds=0.5)
    [reading, other] = fetch_accounts(X, ticks.x, [hangs, Due(2, "2", 100)], NOW, late)
    assert (reading.posts, reading.problem, reading.was_asked) == (None, not_in_time("X"), True)
    assert other.complete
