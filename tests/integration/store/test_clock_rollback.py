from datetime import timedelta

import pytest
from sqlalchemy import update

from pipeline.i18n import lazy_gettext
from pipeline.records import Counts, Mode, Post
from pipeline.store import (
    Store,
    accounts,
    circuit_breakers,
    clock_rollback,
    comparisons,
    ledger,
    openings,
    posts,
    reading_queue,
)
from pipeline.store.openings import Day
from pipeline.store.posts import FetchedApart
from pipeline.store.tables import Account, Subscription
from tests.conftest import NETWORK
from tests.integration.store.conftest import NOON, add_accounts, fetch_result
from tests.integration.store.test_subscriptions import deliver, list_deliveries, render, subscribe

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def used_store(store: Store) -> Store:
    """At noon an account was fetched and a chart delivered; the next one is due in ten minutes at the earliest."""
    ids = add_accounts(store, "a")
    subscribe(store, ids, Mode.NEW, interval_s=600)
    render(store, "chart 1")
    [delivery] = list_deliveries(store)
    deliver(store, delivery)
    with store.write_session() as db:
        accounts.mark_attempted(db, ids, NOON)
        accounts.save_fetch_results(db, [fetch_result(ids[0], 5)])
        comparisons.mark_changed(db, ids)
        comparisons.claim_next(db, NOON, 1)
    return store


def test_a_clock_that_goes_on_moves_nothing(used_store: Store) -> None:
    with used_store.write_session() as db:
        assert not clock_rollback.shift_timestamps(db, NOON + 10 * SECOND)
        assert not clock_rollback.shift_timestamps(db, NOON - SECOND)


def test_after_the_clock_was_set_back_everything_waits_as_long_as_before(used_store: Store) -> None:
    early = NOON - HOUR
    with used_store.write_session() as db:
        assert clock_rollback.shift_timestamps(db, early) == HOUR
        assert not clock_rollback.shift_timestamps(db, early)
    assert render(used_store, "chart 2", early) == []
    assert render(used_store, "chart 2", early + comparisons.CLAIM_DURATION + SECOND) != []
    assert list_deliveries(used_store, early + timedelta(minutes=9)) == []
    assert len(list_deliveries(used_store, early + timedelta(minutes=10))) == 1


def test_after_the_clock_was_set_back_new_readings_count(used_store: Store) -> None:
    with used_store.write_session() as db:
        clock_rollback.shift_timestamps(db, NOON - HOUR)
        assert accounts.save_fetch_results(db, [fetch_result(1, 6, at=NOON - HOUR + SECOND)])


def test_after_the_clock_was_set_back_a_stop_lasts_no_longer(used_store: Store) -> None:
    with used_store.write_session() as db:
        circuit_breakers.open(db, "x", lazy_gettext("too many requests"), NOON, NOON + 10 * SECOND)
        clock_rollback.shift_timestamps(db, NOON - HOUR)
        assert circuit_breakers.find_open(db, "x", NOON - HOUR + 9 * SECOND)
        assert not circuit_breakers.find_open(db, "x", NOON - HOUR + 10 * SECOND)


def test_after_the_clock_was_set_back_new_posts_are_asked_for_and_opened_ones_read_again(used_store: Store) -> None:
    early, day = NOON - HOUR, Day(NETWORK, NOON.date())
    post = Post("7", NOON - HOUR, Counts(reposts=1))
    with used_store.write_session() as db:
        db.execute(update(Account).values(next_at=NOON + 10 * SECOND))
        openings.ask(db, day, ledger.POSTS, {"7": 1})
        openings.defer(db, day, {"7": NOON + 10 * SECOND})
        posts.save_apart(db, [FetchedApart(1, NOON, [post])])
        clock_rollback.shift_timestamps(db, early)
        assert reading_queue.list_due(db, NETWORK, early + 9 * SECOND, 1) == []
        assert [each.id for each in reading_queue.list_due(db, NETWORK, early + 10 * SECOND, 1)] == [1]
        assert [each.post_id for each in openings.list_due(db, day, early + 10 * SECOND, 1)] == ["7"]
        assert posts.save_apart(db, [FetchedApart(1, early + SECOND, [post._replace(counts=Counts(reposts=2))])]) == {1}


def test_what_waits_on_purpose_is_left_alone(used_store: Store) -> None:
    with used_store.write_session() as db:
        db.execute(update(Subscription).values(next_at=NOON + 5 * HOUR))
        db.execute(update(Account).values(attempted_at=NOON))
        clock_rollback.shift_timestamps(db, NOON + SECOND)
    assert list_deliveries(used_store, NOON + 4 * HOUR) == []
