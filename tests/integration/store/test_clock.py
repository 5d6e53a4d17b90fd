from datetime import timedelta

import pytest
from sqlalchemy import update

from pipeline.i18n import lazy_gettext
from pipeline.records import Mode
from pipeline.store import Store, accounts, clock, comparisons, notices
from pipeline.store.tables import Account, Subscription
from tests.integration.store.conftest import NOON, add_accounts, reading
from tests.integration.store.test_subscriptions import draw, outdated, show, subscribe

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def busy(store: Store) -> Store:
    """At noon an account was read and a chart shown, the next of which may come in ten minutes."""
    ids = add_accounts(store, "a")
    subscribe(store, ids, Mode.NEW, interval_s=600)
    draw(store, "chart 1")
    [showing] = outdated(store)
    show(store, showing)
    with store.write_session() as db:
        accounts.mark_tried(db, ids, NOON)
        accounts.save(db, [reading(ids[0], 5)])
        comparisons.mark_changed(db, ids)
        comparisons.claim_outdated(db, NOON, 1)
    return store


def test_a_clock_that_goes_on_moves_nothing(busy: Store) -> None:
    with busy.write_session() as db:
        assert not clock.follow(db, NOON + 10 * SECOND)
        assert not clock.follow(db, NOON - SECOND)


def test_after_the_clock_was_set_back_everything_waits_as_long_as_before(busy: Store) -> None:
    early = NOON - HOUR
    with busy.write_session() as db:
        assert clock.follow(db, early) == HOUR
        assert not clock.follow(db, early)
    assert draw(busy, "chart 2", early) == []
    assert draw(busy, "chart 2", early + comparisons.CLAIM + SECOND) != []
    assert outdated(busy, early + timedelta(minutes=9)) == []
    assert len(outdated(busy, early + timedelta(minutes=10))) == 1


def test_after_the_clock_was_set_back_new_readings_count(busy: Store) -> None:
    with busy.write_session() as db:
        clock.follow(db, NOON - HOUR)
        assert accounts.save(db, [reading(1, 6, at=NOON - HOUR + SECOND)])


def test_after_the_clock_was_set_back_a_stop_lasts_no_longer(busy: Store) -> None:
    with busy.write_session() as db:
        notices.stop(db, "x", lazy_gettext("too many requests"), NOON, NOON + 10 * SECOND)
        clock.follow(db, NOON - HOUR)
        assert notices.stopped(db, "x", NOON - HOUR + 9 * SECOND)
        assert not notices.stopped(db, "x", NOON - HOUR + 10 * SECOND)


def test_what_waits_on_purpose_is_left_alone(busy: Store) -> None:
    with busy.write_session() as db:
        db.execute(update(Subscription).values(next_at=NOON + 5 * HOUR))
        db.execute(update(Account).values(tried_at=NOON))
        clock.follow(db, NOON + SECOND)
    assert outdated(busy, NOON + 4 * HOUR) == []
