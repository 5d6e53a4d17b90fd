"""How many follow an account: taken once an hour, kept day by day, deleted with the account."""

from datetime import date, timedelta

from sqlalchemy import select

from pipeline.records import FetchResult, Profile, State
from pipeline.store import Store, accounts
from pipeline.store.followers import EVERY
from pipeline.store.tables import Account, FollowerCount
from tests.conftest import NETWORK
from tests.integration.store.conftest import NOON, add_accounts, fetch_result

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def known(store: Store, account_id: int) -> int | None:
    with store.read_session() as db:
        return db.get_one(Account, account_id).followers


def days(store: Store) -> dict[date, int]:
    with store.read_session() as db:
        rows = db.scalars(select(FollowerCount).order_by(FollowerCount.day)).all()
        return {row.day: row.count for row in rows}


def tell(store: Store, count: int | None, after: timedelta) -> set[int]:
    """Read the profile of the account that is stored."""
    with store.write_session() as db:
        profile = Profile("nasa", State.ACTIVE, "id-nasa", followers=count)
        return accounts.update_handles(db, [profile], NETWORK, NOON + after)


def test_a_count_is_taken_once_an_hour_and_only_another_one_changes_charts(store: Store) -> None:
    [account_id] = add_accounts(store, "nasa")
    assert known(store, account_id) is None
    assert tell(store, 100, MINUTE) == {account_id}
    assert tell(store, 101, EVERY) == set()
    assert known(store, account_id) == 100
    assert tell(store, 102, MINUTE + EVERY) == {account_id}
    assert known(store, account_id) == 102
    assert tell(store, 102, MINUTE + 2 * EVERY) == set()


def test_each_day_keeps_its_last_count(store: Store) -> None:
    add_accounts(store, "nasa")
    for after, count in ((MINUTE, 5), (4 * EVERY, 7), (DAY, 9), (3 * DAY, 8)):
        tell(store, count, after)
    first = NOON.date()
    assert days(store) == {first: 7, first + DAY: 9, first + 3 * DAY: 8}


def test_what_is_not_told_leaves_the_last_count(store: Store) -> None:
    [account_id] = add_accounts(store, "nasa")
    tell(store, 100, MINUTE)
    assert tell(store, None, DAY) == set()
    assert known(store, account_id) == 100


def test_no_followers_are_known_to_be_none(store: Store) -> None:
    [account_id] = add_accounts(store, "nasa")
    assert tell(store, 0, MINUTE) == {account_id}
    assert known(store, account_id) == 0


def test_a_look_up_and_a_reading_of_posts_may_tell_it_too(store: Store) -> None:
    [account_id] = add_accounts(store, "nasa")
    with store.write_session() as db:
        new = Profile("esa", State.ACTIVE, "id-esa", followers=3)
        accounts.save_profiles(db, [new], NETWORK, NOON)
        read = fetch_result(account_id, 1)
        told = FetchResult(account_id, read.at, read.posts, followers=44)
        assert accounts.save_fetch_results(db, [told]) == {account_id}
    with store.read_session() as db:
        assert {each.handle: each.followers for each in db.scalars(select(Account))} == {"nasa": 44, "esa": 3}


def test_a_count_goes_with_its_account(store: Store) -> None:
    with store.write_session() as db:
        accounts.save_profiles(db, [Profile("esa", State.ACTIVE, "id-esa", followers=3)], NETWORK, NOON)
    assert days(store) == {NOON.date(): 3}
    with store.write_session() as db:
        accounts.delete_unused(db, NOON + DAY)
    assert days(store) == {}
