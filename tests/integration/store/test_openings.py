"""The ledger's rows: a post or profile is counted once a UTC day, and what may be billed counts until it is known."""

from collections.abc import Collection
from datetime import timedelta

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from pipeline.store import Store, chats, ledger, openings
from pipeline.store.ledger import POSTS, USERS
from pipeline.store.openings import Day
from pipeline.store.tables import LedgerEntry, Opening, Reservation
from tests.conftest import NETWORK
from tests.integration.store.conftest import NOON, add_accounts

TODAY, TOMORROW = Day(NETWORK, NOON.date()), Day(NETWORK, NOON.date() + timedelta(days=1))
MINUTE = timedelta(minutes=1)


def counted(db: Session, day: Day = TODAY, resource: str = POSTS) -> int:
    """What the ledger counts."""
    row = db.get(LedgerEntry, (day.network, day.date, resource))
    return row.count if row else 0


def asked(db: Session, day: Day = TODAY, resource: str = POSTS) -> set[str]:
    which = Opening.day == day.date, Opening.resource == resource, Opening.asked
    return set(db.scalars(select(Opening.remote_id).where(*which)))


def reserved(db: Session) -> dict[str, int]:
    return {row.pending: row.count for row in db.scalars(select(Reservation))}


def ids(*remote_ids: str) -> dict[str, int | None]:
    return dict.fromkeys(remote_ids)


def due(db: Session, most: int = 100, at: timedelta = timedelta(0)) -> list[tuple[str, bool]]:
    return [(each.post_id, each.is_new) for each in openings.list_due(db, TODAY, NOON + at, most)]


def release(db: Session, remote_ids: Collection[str]) -> int:
    openings.release(db, TODAY, POSTS, remote_ids)
    return counted(db)


def test_what_is_asked_for_counts_once_a_day_however_often_it_is(store: Store) -> None:
    with store.write_session() as db:
        assert openings.ask(db, TODAY, POSTS, ids("1", "2")) == 0
        assert openings.ask(db, TODAY, POSTS, ids("2", "3")) == 1
        assert openings.record(db, TODAY, POSTS, ids("1", "2", "3")) == 3
        assert (counted(db), asked(db)) == (3, {"1", "2", "3"})
        assert openings.ask(db, TOMORROW, POSTS, ids("1")) == 0
        assert openings.ask(db, TODAY, USERS, ids("1")) == 0
        assert [counted(db), counted(db, TOMORROW), counted(db, resource=USERS)] == [3, 1, 1]


def test_the_database_holds_one_row_for_a_day_and_post(store: Store) -> None:
    row = {"network": NETWORK, "day": TODAY.date, "resource": POSTS, "remote_id": "1", "asked": True, "returned": True}
    with store.write_session() as db:
        db.execute(insert(Opening), [row])
        with pytest.raises(IntegrityError):
            db.execute(insert(Opening), [row])
        db.rollback()


def test_what_is_only_planned_is_not_spent_and_is_planned_once(store: Store) -> None:
    [account] = add_accounts(store, "nasa")
    with store.write_session() as db:
        openings.ask(db, TODAY, POSTS, {"2": account})
        for _ in range(2):
            openings.plan(db, TODAY, [(account, "1"), (account, "2"), (account, "3")], NOON)
        assert (openings.count_planned(db, TODAY), counted(db), asked(db)) == (2, 1, {"2"})
        assert due(db) == [("1", True), ("3", True)], "the one that was opened before is read when it is due"
        openings.ask(db, TODAY, POSTS, {"1": account})
        assert (openings.count_planned(db, TODAY), counted(db)) == (1, 2)
        assert openings.list_post_ids(db, TODAY) == {"1", "2", "3"}
        assert openings.count_by_account(db, NETWORK, TODAY.date) == [(account, POSTS, 2)]


def test_posts_are_due_at_their_moment_the_longest_waiting_first(store: Store) -> None:
    [account] = add_accounts(store, "nasa")
    with store.write_session() as db:
        openings.record(db, TODAY, POSTS, dict.fromkeys("123", account))
        openings.plan(db, TODAY, [(account, "4")], NOON + 2 * MINUTE)
        assert due(db) == []
        openings.defer(db, TODAY, {"1": NOON + 3 * MINUTE, "2": NOON + MINUTE, "3": None})
        assert due(db, at=MINUTE) == [("2", False)]
        assert due(db, at=5 * MINUTE) == [("2", False), ("4", True), ("1", False)]
        assert due(db, 2, at=5 * MINUTE) == [("2", False), ("4", True)]
        openings.defer(db, TOMORROW, {"3": NOON})
        assert due(db) == [], "another day's"


def test_what_is_not_returned_is_taken_back_and_not_asked_for_again(store: Store) -> None:
    [account] = add_accounts(store, "nasa")
    with store.write_session() as db:
        openings.plan(db, TODAY, [(account, each) for each in "1234"], NOON)
        openings.ask(db, TODAY, POSTS, ids("1", "2", "3"))
        openings.record(db, TODAY, POSTS, ids("1"))
        assert release(db, ["2"]) == 2
        assert release(db, ["2"]) == 2, "the step may run twice"
        assert release(db, ["4"]) == 2, "it was never counted"
        assert [post_id for post_id, _ in due(db)] == ["1", "3"]


def test_what_was_returned_today_stays_counted_when_it_is_deleted_later_on_the_day(store: Store) -> None:
    [account] = add_accounts(store, "nasa")
    with store.write_session() as db:
        openings.record(db, TODAY, POSTS, dict.fromkeys("12", account))
        openings.defer(db, TODAY, {"1": NOON, "2": NOON})
        assert release(db, ["1"]) == 2
        assert due(db) == [("2", False)]


def test_it_is_known_which_posts_were_asked_for_without_an_answer(store: Store) -> None:
    [account] = add_accounts(store, "nasa")
    with store.write_session() as db:
        openings.plan(db, TODAY, [(account, each) for each in "123"], NOON)
        openings.ask(db, TODAY, POSTS, dict.fromkeys("12", account))
        openings.record(db, TODAY, POSTS, {"1": account})
        listed = {each.post_id: (each.is_new, each.is_unanswered) for each in openings.list_due(db, TODAY, NOON, 9)}
        assert listed == {"1": (False, False), "2": (False, True), "3": (True, False)}


def test_what_is_planned_of_an_account_that_nobody_tracks_any_more_keeps_no_money(store: Store) -> None:
    [account] = add_accounts(store, "nasa")
    with store.write_session() as db:
        openings.plan(db, TODAY, [(account, "1")], NOON)
        assert openings.count_planned(db, TODAY) == 1
        chats.untrack(db, 1, [account])
        assert (openings.count_planned(db, TODAY), due(db)) == (0, [])


def test_a_reservation_counts_until_it_is_settled(store: Store) -> None:
    with store.write_session() as db:
        first = openings.reserve(db, TODAY, POSTS, 20, {"1", "2"})
        openings.reserve(db, TODAY, USERS, 1, {"nasa"})
        assert ledger.reserved_posts(db, NETWORK, TODAY.date) == 20
        assert openings.is_reserved(db, first)
        openings.settle(db, first, {})
        assert not openings.is_reserved(db, first)
        openings.settle(db, first, {"1": 5})
        assert reserved(db) == {'["nasa"]': 1}, "the second run changes nothing"


def test_a_question_without_an_answer_stays_reserved_once_with_the_most_that_it_may_cost(store: Store) -> None:
    with store.write_session() as db:
        for unanswered, expected in (({"1": 5, "2": 10}, [5, 10]), ({"1": 15}, [15, 10]), ({"1": 5}, [15, 10])):
            openings.settle(db, openings.reserve(db, TODAY, POSTS, 40, {"1", "2"}), unanswered)
            assert reserved(db) == {'["1"]': expected[0], '["2"]': expected[1]}
        openings.settle(db, openings.reserve(db, TOMORROW, POSTS, 40, {"1"}), {"1": 5})
        assert ledger.reserved_posts(db, NETWORK, TODAY.date) == 25, "another day is billed anew"
        assert ledger.reserved_posts(db, NETWORK, TOMORROW.date) == 5


def test_a_full_answer_releases_the_same_question_of_that_day_and_no_other(store: Store) -> None:
    with store.write_session() as db:
        for day in (TODAY, TOMORROW):
            for question in ("1", "1 before 77", "2"):
                openings.settle(db, openings.reserve(db, day, POSTS, 9, {question}), {question: 5})
        openings.release_answered(db, TODAY, POSTS, {"1"})
        assert ledger.reserved_posts(db, NETWORK, TODAY.date) == 10
        assert ledger.reserved_posts(db, NETWORK, TOMORROW.date) == 15
        openings.release_answered(db, TODAY, POSTS, {"1 before 77", "2", "3"})
        assert ledger.reserved_posts(db, NETWORK, TODAY.date) == 0


def test_a_reservation_of_a_lost_worker_goes_once_all_of_its_questions_are_answered(store: Store) -> None:
    with store.write_session() as db:
        openings.reserve(db, TODAY, POSTS, 40, {"1", "2"})
        openings.release_answered(db, TODAY, POSTS, {"1"})
        assert ledger.reserved_posts(db, NETWORK, TODAY.date) == 40
        openings.release_answered(db, TODAY, POSTS, {"2"})
        assert reserved(db) == {}


def test_openings_are_kept_a_while_and_their_number_for_ever(store: Store) -> None:
    with store.write_session() as db:
        openings.record(db, TODAY, POSTS, ids("1", "2"))
        openings.record(db, TOMORROW, POSTS, ids("1"))
        openings.delete_before(db, TOMORROW.date)
        assert (asked(db), asked(db, TOMORROW)) == (set(), {"1"})
        assert ledger.count_posts(db, NETWORK) == 3


def test_thousands_at_once_are_counted_like_few(store: Store) -> None:
    many = ids(*map(str, range(12_000)))
    with store.write_session() as db:
        openings.record(db, TODAY, POSTS, many)
        assert openings.record(db, TODAY, POSTS, many | ids("new")) == 12_000
        assert counted(db) == 12_001
        assert release(db, list(many)) == 12_001
        assert len(openings.accounts_of(db, TODAY, list(many))) == 12_000
