"""Whose turn it is on a network without a price, within its requests."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from pipeline.i18n import lazy_gettext
from pipeline.records import Comparison, Due, FetchResult, State
from pipeline.settings import Settings
from pipeline.sources.source import Network
from pipeline.steps import turns
from pipeline.steps.chunks import Chunk, unpack
from pipeline.store import Store, accounts, chats, circuit_breakers, comparisons
from pipeline.store.tables import Account
from tests.conftest import NETWORK
from tests.integration.store.conftest import NOON, add_accounts, explain, fetch_result
from tests.toy_network.facts import TOY

TICK = timedelta(seconds=10)
AWAY = lazy_gettext("X did not answer in time")
FREE = replace(TOY, key=NETWORK, posts_per_request=100)
"""Toy, by the key that the tests' accounts have: 1,000 requests in 5 minutes, 100 posts each."""


@dataclass
class Clock:
    store: Store
    network: Network = FREE
    posts: int = 100

    @property
    def settings(self) -> Settings:
        return Settings(posts_per_account=self.posts, _env_file=None)

    def plan(self, at: timedelta = timedelta(0)) -> list[Due]:
        with self.store.write_session() as db:
            return due(turns.plan(db, self.settings, self.network, NOON + at))

    def due(self, at: timedelta = timedelta(0)) -> list[int]:
        return sorted(each.account_id for each in self.plan(at))

    def first(self, *account_ids: int, of: Sequence[int] = (), at: timedelta = timedelta(0)) -> list[int]:
        """What is read at once where these accounts, and these comparisons, are asked for."""
        with self.store.write_session() as db:
            untried = accounts.list_to_read(db, of, account_ids, NOON - timedelta(days=1))
            planned = turns.plan_first(db, self.settings, self.network, untried, NOON + at)
        return sorted(each.account_id for each in due(planned))

    def conclude(self, requests: int, at: timedelta = timedelta(0)) -> set[int]:
        made = Due(0, "id-a", self.posts), FetchResult(0, NOON + at, requests=requests)
        with self.store.write_session() as db:
            return turns.conclude(db, self.settings, self.network, [made], NOON + at)


def due(chunks: list[Chunk]) -> list[Due]:
    return [unpack(each) for chunk in chunks for each in chunk.due]


@pytest.fixture
def clock(store: Store) -> Clock:
    return Clock(store)


def test_each_tracked_account_is_due_once_a_tick_and_an_untracked_one_never(clock: Clock) -> None:
    ids = add_accounts(clock.store, "a", "b", "c")
    with clock.store.write_session() as db:
        chats.untrack(db, 1, [ids[2]])
    assert clock.due() == ids[:2]
    assert clock.due(timedelta(seconds=1)) == []
    assert clock.due(TICK - timedelta(seconds=1)) == ids[:2]


def test_a_whole_timeline_is_due_as_deep_as_charts_go_and_nothing_is_reserved(clock: Clock) -> None:
    clock.posts = 300
    [account_id] = add_accounts(clock.store, "a")
    with clock.store.write_session() as db:
        [chunk] = turns.plan(db, clock.settings, clock.network, NOON)
    assert due([chunk]) == [Due(account_id, "id-a", 300)]
    assert (chunk.post_ids, chunk.reservation) == ([], None)


def test_of_what_a_chat_asks_for_only_what_nobody_has_tried_to_read_is_read_at_once(clock: Clock) -> None:
    first, second, third, other = add_accounts(clock.store, "a", "b", "c", "d")
    with clock.store.write_session() as db:
        asked = comparisons.get_or_create(db, Comparison((first, second))).id
        chats.untrack(db, 1, [other])
    assert clock.first(third, other, of=[asked]) == [first, second, third]
    assert clock.first(third, other, of=[asked]) == []
    assert clock.due(TICK) == [first, second, third]


def test_what_is_asked_for_waits_for_the_tick_where_the_network_is_stopped_or_its_requests_are_used_up(
    clock: Clock,
) -> None:
    ids = add_accounts(clock.store, "a", "b", "c")
    clock.conclude(0)
    clock.conclude(999)
    assert clock.first(*ids) == []
    with clock.store.write_session() as db:
        circuit_breakers.open(db, NETWORK, AWAY, NOON, NOON + TICK)
    assert clock.first(*ids, at=2 * TICK) == []


def test_ticks_that_come_early_and_late_lose_no_requests(clock: Clock) -> None:
    """Six accounts are all that is answered for; ticks come up to a second off their time."""
    ids = add_accounts(clock.store, *"abcdef")
    few = replace(TOY.limits(clock.settings), requests=6 * 30)
    clock.network = replace(FREE, limits=lambda _: few)
    early_s = [0, 0.3, -0.8, 0.6, -0.2, 0.9, -1, 0.1, 0.5, -0.4] * 3
    read = 0
    for number, late_s in enumerate(early_s):
        at = number * TICK + timedelta(seconds=late_s)
        read += len(clock.due(at))
        clock.conclude(len(ids), at)
    assert read >= 0.99 * len(ids) * len(early_s)


@pytest.mark.parametrize(("posts", "at_once"), [(100, 3), (3200, 1)])
def test_more_accounts_than_the_network_answers_for_are_read_in_turn(clock: Clock, posts: int, at_once: int) -> None:
    ids = add_accounts(clock.store, *"abcde")
    few = replace(TOY.limits(clock.settings), requests=3 * 30)
    clock.network, clock.posts = replace(FREE, limits=lambda _: few), posts
    batches = [clock.due(TICK * number) for number in range(6)]
    assert {len(batch) for batch in batches} == {at_once}
    assert {account for batch in batches[: -(-len(ids) // at_once)] for account in batch} == set(ids)


def test_nobody_tracking_means_nothing_due(clock: Clock) -> None:
    assert clock.due() == []


def test_an_account_that_the_network_does_not_show_is_asked_for_less_often(clock: Clock) -> None:
    [account_id] = add_accounts(clock.store, "a")
    with clock.store.write_session() as db:
        hidden = FetchResult(account_id, NOON, state=State.SUSPENDED, problem=lazy_gettext("suspended"))
        accounts.save_fetch_results(db, [hidden])
    assert clock.due() == [account_id]
    assert clock.due(TICK) == []
    assert clock.due(timedelta(minutes=15)) == [account_id]


def test_a_stop_holds_until_its_moment_and_then_one_account_asks_first(clock: Clock) -> None:
    ids = add_accounts(clock.store, "a", "b", "c")
    hour = timedelta(hours=1)
    with clock.store.write_session() as db:
        circuit_breakers.open(db, NETWORK, AWAY, NOON, NOON + hour)
    assert clock.due() == []
    assert clock.due(hour) == ids[:1]
    assert clock.due(hour + TICK) == ids[1:2], "another, since it may be the first one's own trouble"
    with clock.store.write_session() as db:
        circuit_breakers.close(db, NETWORK, NOON + hour + TICK)
    assert clock.due(hour + 2 * TICK) == ids


def test_an_account_is_late_after_a_minute_or_three_of_its_turns(clock: Clock) -> None:
    ids = add_accounts(clock.store, "one", "nine")
    minute, second = timedelta(minutes=1), timedelta(seconds=1)
    with clock.store.write_session() as db:
        for account_id, requests in zip(ids, (1, 9), strict=True):
            accounts.save_fetch_results(db, [replace(fetch_result(account_id, 3), requests=requests)])
    few = replace(TOY.limits(clock.settings), requests=20, window=timedelta(minutes=15))
    clock.network = replace(FREE, limits=lambda _: few)
    unit_s = 10 * (1 + 3) / (12 * 10 / 900)  # 20 requests in 15 minutes but for 8, shared by roots of 1 and 9
    assert clock.conclude(10, timedelta(seconds=3 * unit_s) - second) == set()
    assert clock.conclude(10, timedelta(seconds=3 * unit_s) + second) == {ids[0]}
    assert clock.conclude(10, timedelta(seconds=9 * unit_s) - second) == set()
    assert clock.conclude(10, timedelta(seconds=9 * unit_s) + second) == {ids[1]}
    with clock.store.write_session() as db:
        db.execute(update(Account).values(stale=False))
    clock.network = FREE
    assert clock.conclude(10, minute) == set()
    assert clock.conclude(10, minute + second) == set(ids)


def test_whose_turn_it_is_is_found_without_sorting_all_accounts(clock: Clock) -> None:
    ids = add_accounts(clock.store, *(f"a{number}" for number in range(60)))
    with clock.store.write_session() as db:
        for number, account_id in enumerate(ids):
            account = db.get_one(Account, account_id)
            account.polled_at, account.requests = NOON - number * TICK, 1 + number % 2

    def list_waiting(db: Session) -> list[int]:
        return [each.id for each in accounts.list_waiting(db, NETWORK, NOON, NOON, {1: 2, 2: 1})]

    with clock.store.read_session() as db:
        assert list_waiting(db) == [ids[58], ids[56], ids[59]], "the longest unread of each number of requests"
    assert [line for line in explain(clock.store, "accounts", list_waiting) if "ix_accounts_polled_at" in line]
