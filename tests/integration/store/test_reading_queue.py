"""Which accounts of a network with a price wait to be read, in which order."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

import pytest

from pipeline.records import State
from pipeline.store import Store, accounts, chats, reading_queue
from pipeline.store.tables import Account, Post
from tests.conftest import NETWORK
from tests.integration.store.conftest import NOON, add_accounts

TODAY = NOON.date()
TICK, MINUTE, DAY = timedelta(seconds=10), timedelta(minutes=1), timedelta(days=1)
WEEK = 7 * DAY


def change(store: Store, account_id: int, **columns: Any) -> None:
    with store.write_session() as db:
        account = db.get_one(Account, account_id)
        for name, value in columns.items():
            setattr(account, name, value)


def add_posts(store: Store, account_id: int, count: int) -> None:
    """Posts of an hour each; the oldest is number 1."""
    with store.write_session() as db:
        for number in range(1, count + 1):
            made = NOON - timedelta(hours=count - number)
            db.add(Post(account_id=account_id, post_id=f"{account_id}-{number}", created_at=made, missing_counts=0))


def due(store: Store, at: timedelta = timedelta(0), most: int = 10) -> list[int]:
    with store.read_session() as db:
        return [each.id for each in reading_queue.list_due(db, NETWORK, NOON + at, most)]


def unread(store: Store, at: timedelta = timedelta(0), most: int = 10, of: Collection[int] = (1, 2)) -> list[int]:
    with store.read_session() as db:
        return [each.id for each in reading_queue.list_unread(db, NETWORK, NOON + at, TICK, of, most)]


def incomplete(store: Store, most: int = 10, of: Collection[int] = (1, 2)) -> list[int]:
    with store.read_session() as db:
        return [each.id for each in reading_queue.list_incomplete(db, NETWORK, of, most)]


def attempt(store: Store, at: timedelta, *account_ids: int) -> None:
    with store.write_session() as db:
        accounts.mark_attempted(db, account_ids, NOON + at)


def until_ids(store: Store) -> list[str | None]:
    with store.read_session() as db:
        return [each.until_id for each in sorted(accounts.list_tracked(db, NETWORK), key=lambda each: each.id)]


def test_accounts_are_due_for_new_posts_at_their_moment_the_longest_waiting_first(store: Store) -> None:
    first, second, third, never = add_accounts(store, "a", "b", "c", "d")
    for account_id, at in ((first, MINUTE), (second, -MINUTE), (third, 3 * MINUTE), (never, None)):
        change(store, account_id, next_at=at if at is None else NOON + at)
    assert due(store) == [second]
    assert due(store, 2 * MINUTE) == [second, first]
    assert due(store, 5 * MINUTE, 2) == [second, first]


@pytest.mark.parametrize("gone", ["untracked", "inactive", "another network"])
def test_who_is_not_tracked_on_the_network_waits_for_nothing(store: Store, gone: str) -> None:
    [account_id] = add_accounts(store, "a")
    change(store, account_id, next_at=NOON, until_id="7")
    assert due(store) == incomplete(store) == unread(store) == [account_id]
    with store.write_session() as db:
        if gone == "untracked":
            chats.untrack(db, 1, [account_id])
        elif gone == "inactive":
            chats.deactivate(db, 1, "blocked", NOON)
        else:
            db.get_one(Account, account_id).network = "toy"
    assert due(store) == incomplete(store) == unread(store) == []


def test_of_accounts_that_were_never_read_the_one_that_was_tried_longest_ago_comes_first(store: Store) -> None:
    first, second, third = add_accounts(store, "a", "b", "c")
    assert unread(store) == [first, second, third]
    attempt(store, timedelta(0), first)
    attempt(store, timedelta(seconds=1), second)
    assert unread(store) == [third], "the others were tried in this tick"
    assert unread(store, TICK) == [third, first, second]
    assert unread(store, TICK, 2) == [third, first]
    change(store, third, fetched_at=NOON)
    assert unread(store, TICK) == [first, second]


def test_who_is_not_shown_is_tried_again_after_a_quarter_of_an_hour(store: Store) -> None:
    [account_id] = add_accounts(store, "a")
    change(store, account_id, state=State.PROTECTED)
    attempt(store, timedelta(0), account_id)
    assert unread(store, 14 * MINUTE) == []
    assert unread(store, 15 * MINUTE) == [account_id]


def test_the_account_whose_posts_reach_back_least_gets_older_ones_first(store: Store) -> None:
    short, long, whole, hidden = add_accounts(store, "a", "b", "c", "d")
    for account_id, days in ((long, 90), (short, 2), (hidden, 1)):
        change(store, account_id, until_id="7", fetched_back_to=NOON - days * DAY)
    change(store, hidden, state=State.SUSPENDED)
    assert incomplete(store) == [short, long]
    assert incomplete(store, 1) == [short]
    change(store, whole, until_id=None, fetched_back_to=NOON)
    assert incomplete(store) == [short, long]


def test_only_the_accounts_of_the_chats_that_can_pay_are_listed(store: Store) -> None:
    [mine] = add_accounts(store, "a", chat_id=1)
    [theirs] = add_accounts(store, "b", chat_id=2)
    for account_id in (mine, theirs):
        change(store, account_id, until_id="7")
    assert (unread(store, of=[1]), unread(store, of=[2]), unread(store, of=[])) == ([mine], [theirs], [])
    assert (incomplete(store, of=[1]), incomplete(store, of=[2])) == ([mine], [theirs])


def test_where_more_posts_are_wanted_older_ones_are_read_from_the_oldest_stored_one_on(store: Store) -> None:
    ids = add_accounts(store, "a", "b", "c", "d")
    for account_id, stored in zip(ids, (30, 60, 30, 30), strict=True):
        add_posts(store, account_id, stored)
        change(store, account_id, fetched_back_to=NOON - DAY)
    change(store, ids[2], fetched_back_to=None)  # it has no older ones
    change(store, ids[3], until_id="where it was")
    with store.write_session() as db:
        reading_queue.change_depth(db, NETWORK, 60)
    assert until_ids(store) == [f"{ids[0]}-1", None, None, "where it was"]
    with store.write_session() as db:
        reading_queue.change_depth(db, NETWORK, 30)
    assert until_ids(store) == [None] * 4


def test_profiles_are_looked_up_weekly_and_daily_of_who_is_not_shown(store: Store) -> None:
    never, today, week, hidden, gone = add_accounts(store, "a", "b", "c", "d", "e")
    days = ((never, None), (today, TODAY), (week, TODAY - WEEK), (hidden, TODAY - DAY), (gone, TODAY))
    for account_id, day in days:
        change(store, account_id, profiled_on=day)
    for account_id in (hidden, gone):
        change(store, account_id, state=State.SUSPENDED)

    def list_unprofiled(most: int) -> list[int | None]:
        with store.read_session() as db:
            return list(reading_queue.list_unprofiled(db, NETWORK, TODAY, WEEK, most).values())

    assert list_unprofiled(10) == [hidden, never, week]
    assert list_unprofiled(1) == [hidden]
    assert list_unprofiled(0) == []


def test_rates_are_those_of_accounts_that_are_asked_today(store: Store) -> None:
    first, second, third = add_accounts(store, "a", "b", "c")
    for account_id, rate, day in ((first, 4.0, TODAY), (second, 0.5, TODAY), (third, 9.0, TODAY - DAY)):
        change(store, account_id, posts_per_day=rate, finds_on=day, next_at=NOON if day == TODAY else None)
    with store.read_session() as db:
        assert reading_queue.posts_per_day(db, NETWORK, TODAY) == 4.5
        assert reading_queue.posts_per_day(db, NETWORK, TODAY + DAY) == 0
        assert reading_queue.rates(db, NETWORK, without=[first]) == [0.5]


def test_an_account_that_is_due_and_was_not_asked_is_stale_and_one_that_is_due_later_is_not(store: Store) -> None:
    late, later, not_today, fresh = add_accounts(store, "a", "b", "c", "d")
    change(store, late, fetched_at=NOON - 5 * MINUTE, next_at=NOON - 4 * MINUTE)
    change(store, later, fetched_at=NOON - 5 * MINUTE, next_at=NOON + MINUTE)
    change(store, not_today, fetched_at=NOON - 5 * MINUTE, next_at=None)
    change(store, fresh, fetched_at=NOON, next_at=NOON)
    with store.write_session() as db:
        assert reading_queue.mark_overdue(db, NETWORK, NOON - 2 * MINUTE) == {late, not_today}
        assert reading_queue.mark_overdue(db, NETWORK, NOON - 2 * MINUTE) == set()
