"""Whose turn it is on a network of many servers, each with a budget of its own, whose timelines are read in stages."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import pairwise

import pytest

from pipeline.i18n import lazy_gettext
from pipeline.records import Counts, Due, FetchResult, Observed, Post, Profile, RequestWindow, State
from pipeline.settings import Settings
from pipeline.sources.source import Limits, Network, service_of
from pipeline.steps import store_stages, turns
from pipeline.steps.chunks import unpack
from pipeline.store import Store, accounts, chats, circuit_breakers, network_status
from tests.integration.store.conftest import NOON
from tests.toy_network.facts import TOY

pytestmark = pytest.mark.parametrize("address", ["sqlite"], indirect=True)
"""What may differ on PostgreSQL is tried by the tests of each module of the store, on both."""

TICK, MINUTES_5 = timedelta(seconds=10), timedelta(minutes=5)
LIMITS = Limits(
    requests=150, window=MINUTES_5, older_requests=50, every=timedelta(seconds=15), older_every=MINUTES_5
)  # fmt: skip
SERVERS = replace(TOY, server=lambda remote_id: remote_id.partition("@")[2], limits=lambda _: LIMITS)
"""Toy, whose accounts are on many servers: 40 posts a request, and so three for 100."""
AWAY = lazy_gettext("did not answer in time")


@dataclass
class Planner:
    """Ticks one after the other, in which every server answers, unless it is said how."""

    store: Store
    network: Network = SERVERS
    now_s: int = 0
    readings: list[tuple[int, Due]] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        return Settings(tick_seconds=10, posts_per_account=100, _env_file=None)

    def track(self, *handles: str) -> dict[str, int]:
        with self.store.write_session() as db:
            profiles = [Profile(handle, State.ACTIVE, handle) for handle in handles]
            accounts.save_profiles(db, profiles, self.network.key, NOON)
            known = accounts.find_by_remote_ids(db, handles, self.network.key)
            chats.add(db, 1, NOON)
            chats.track(db, 1, [each.id for each in known], NOON)
            return {each.remote_id: each.id for each in known}

    def tick(self, answer: Callable[[Due], FetchResult] | None = None) -> list[Due]:
        """One tick; returns what was due in it."""
        now = NOON + timedelta(seconds=self.now_s)
        with self.store.write_session() as db:
            chunks = turns.plan(db, self.settings, self.network, now)
        assert len(chunks) <= 1, "slow servers take one thread each, and no second slot"
        due = [unpack(each) for chunk in chunks for each in chunk.due]
        answers = [(each, answer(each) if answer else self.read(each)) for each in due]
        with self.store.write_session() as db:
            store_stages.store(db, self.settings, answers)
            turns.conclude(db, self.settings, self.network, answers, now)
        self.readings += [(self.now_s, each) for each in due]
        self.now_s += 10
        return due

    def read(self, due: Due) -> FetchResult:
        """As many posts as are due, an hour apart."""
        now = NOON + timedelta(seconds=self.now_s)
        read = [Post(str(number), NOON - timedelta(hours=number), Counts(likes=1)) for number in range(due.depth)]
        return FetchResult(due.account_id, now, tuple(read), complete=True, requests=-(-due.depth // 40))

    def requests(self, server: str, since_s: int, until_s: int) -> tuple[int, int]:
        """How many first and further pages a server was asked for."""
        mine = [
            each
            for at, each in self.readings
            if since_s <= at < until_s and self.network.server(each.remote_id) == server
        ]
        return len(mine), sum(-(-each.depth // 40) - 1 for each in mine)

    def intervals(self, remote_id: str, *, whole: bool) -> set[int]:
        times = [at for at, each in self.readings if each.remote_id == remote_id and (not whole or each.depth == 100)]
        return {later - earlier for earlier, later in pairwise(times)}


@pytest.fixture
def planner(store: Store) -> Planner:
    return Planner(store)


def depths(due: list[Due]) -> dict[str, int]:
    return {each.remote_id: each.depth for each in due}


def test_the_newest_page_is_read_first_and_the_whole_soon_after(planner: Planner) -> None:
    planner.track("ada@one.example")
    assert [depths(planner.tick()) for _ in range(4)] == [
        {"ada@one.example": 40},
        {},
        {"ada@one.example": 100},
        {},
    ]
    for _ in range(100):
        planner.tick()
    assert planner.intervals("ada@one.example", whole=False) == {20}, "no sooner than every 15 seconds"
    assert planner.intervals("ada@one.example", whole=True) == {300}


def test_each_server_has_its_own_budget_for_first_and_for_further_pages(planner: Planner) -> None:
    planner.track(*(f"user{number}@large.example" for number in range(50)), "ada@small.example")
    for _ in range(120):
        planner.tick()
    for since_s in range(300, 900, 100):
        first, further = planner.requests("large.example", since_s, since_s + 300)
        assert first + further <= 150 + 6, "the burst of a tick more"
        assert 90 <= first <= 110
        assert 36 <= further <= 52
    assert max(planner.intervals("ada@small.example", whole=False)) == 20, "whatever the other server is asked"
    every = planner.intervals("user7@large.example", whole=False)
    assert 130 <= min(every) <= max(every) <= 170, "100 of 150 requests for first pages of 50 accounts in 5 minutes"
    assert max(planner.intervals("user7@large.example", whole=True)) <= 750
    read = Counter(each.remote_id for _, each in planner.readings)
    of_large = [count for name, count in read.items() if name.endswith("@large.example")]
    assert max(of_large) - min(of_large) <= 1, "none has more turns than another"
    with planner.store.read_session() as db:
        assert not [each.handle for each in accounts.list_tracked(db) if each.stale], "late is who misses turns"


def test_a_whole_reading_that_fails_after_its_first_page_is_made_again_soon(planner: Planner) -> None:
    def fail_midway(due: Due) -> FetchResult:
        read = planner.read(replace(due, depth=40))
        return read if due.depth == 40 else replace(read, complete=False, problem=AWAY)

    planner.track("ada@one.example")
    for _ in range(4):
        planner.tick(fail_midway)
    for _ in range(20):
        planner.tick()
    whole = [at for at, each in planner.readings if each.depth == 100]
    assert whole[0] < 40 <= whole[1] < 100
    assert len(whole) == 2, "and no more once it has succeeded"


def test_a_server_whose_breaker_is_open_is_not_asked_and_the_others_are(planner: Planner) -> None:
    planner.track("ada@one.example", "bob@one.example", "cleo@two.example")
    service = service_of(SERVERS, "ada@one.example")
    with planner.store.write_session() as db:
        circuit_breakers.open(db, service, AWAY, NOON, NOON + timedelta(seconds=25))
    assert depths(planner.tick()) == {"cleo@two.example": 40}
    planner.tick()
    assert planner.tick()[0].remote_id == "cleo@two.example"
    first = depths(planner.tick())
    assert list(first.values()) == [40], "one account asks first whether it answers again"
    with planner.store.write_session() as db:
        circuit_breakers.close(db, service, NOON + timedelta(seconds=40))
    assert len(planner.tick()) == 2


def test_what_a_server_says_to_be_left_lasts_evenly_and_is_never_passed(planner: Planner) -> None:
    handles = [f"user{number}@one.example" for number in range(20)]
    planner.track(*handles, "ada@two.example")
    planner.tick()
    window = RequestWindow("timelines", 300, 8, NOON + timedelta(seconds=90), "one.example")
    with planner.store.write_session() as db:
        network_status.observe(db, SERVERS.key, [Observed(windows=(window,))], NOON)
    asked = []
    for _ in range(8):
        asked.append(len([each for each in planner.tick() if each.remote_id != "ada@two.example"]))
        used = sum(asked)
        left = replace(window, remaining=8 - used)
        with planner.store.write_session() as db:
            network_status.observe(db, SERVERS.key, [Observed(windows=(left,))], NOON)
    assert asked[0] == 1
    assert 5 <= sum(asked) <= 8
    assert planner.intervals("ada@two.example", whole=False) == {20}


def test_a_server_that_allows_less_than_others_is_asked_for_half_of_that(planner: Planner) -> None:
    planner.track(*(f"user{number}@one.example" for number in range(20)))
    window = RequestWindow("timelines", 60, 60, NOON, "one.example")
    with planner.store.write_session() as db:
        network_status.observe(db, SERVERS.key, [Observed(windows=(window,))], NOON)
    for _ in range(90):
        planner.tick()
    for since_s in (300, 400, 500):
        assert sum(planner.requests("one.example", since_s, since_s + 300)) <= 30 + 2
    with planner.store.read_session() as db:
        assert not [each.handle for each in accounts.list_tracked(db) if each.stale], "its accounts' turns are rarer"


def test_a_page_that_does_not_reach_the_one_before_has_the_whole_read_next(planner: Planner) -> None:
    [account_id] = planner.track("ada@one.example").values()

    def many_new(due: Due) -> FetchResult:
        now = NOON + timedelta(seconds=planner.now_s)
        read = [Post(f"new{number}", now - timedelta(seconds=number / 10), Counts()) for number in range(due.depth)]
        return FetchResult(due.account_id, now, tuple(read), complete=True, requests=1)

    for _ in range(5):
        planner.tick()
    before = planner.now_s
    [due] = [*planner.tick(many_new), *planner.tick(many_new)]
    assert due.depth == 40
    with planner.store.read_session() as db:
        account = accounts.get_many(db, [account_id])[0]
    assert account.fetched_at is not None
    assert account.fetched_at < NOON + timedelta(seconds=before), "some of its posts are not known"
    assert [each.depth for each in [*planner.tick(), *planner.tick()]] == [100]


def test_first_readings_that_a_chat_waits_for_ask_for_first_pages_of_servers_that_answer(planner: Planner) -> None:
    planner.track("ada@one.example", "bob@two.example")
    with planner.store.write_session() as db:
        circuit_breakers.open(db, service_of(SERVERS, "bob@two.example"), AWAY, NOON, NOON + MINUTES_5)
        untried = accounts.list_tracked(db, SERVERS.key)
        [chunk] = turns.plan_first(db, planner.settings, SERVERS, untried, NOON)
    assert [(unpack(each).remote_id, unpack(each).depth) for each in chunk.due] == [("ada@one.example", 40)]
