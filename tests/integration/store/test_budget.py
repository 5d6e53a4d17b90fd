"""What the people's queries say of X's bill; the figures are worked out by hand."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from pipeline import records
from pipeline.settings import Settings
from pipeline.sources.x.facts import X
from pipeline.store import Store, budget, chats, ledger, openings
from pipeline.store.ledger import POSTS, USERS, Money
from pipeline.store.tables import Account, Chat, Post, RequestWindow, Tracking
from tests.integration.store.conftest import NOON
from tests.toy_network.facts import TOY

TODAY = NOON.date()  # 23 November: seven days of the month are left after it
DAY = timedelta(days=1)
FIRST_OF_MONTH = TODAY.replace(day=1)


def add(db: Session, account_id: int, *chats: int, network: str = "x", **columns: object) -> None:
    """An account that these chats track."""
    name = f"a{account_id}"
    db.add(Account(id=account_id, network=network, remote_id=name, handle=name, **columns))
    db.flush()
    for chat_id in chats:
        if db.get(Chat, chat_id) is None:
            db.add(Chat(id=chat_id, added_at=NOON))
            db.flush()
        db.add(Tracking(chat_id=chat_id, account_id=account_id, added_at=NOON))
    db.flush()


def ask(db: Session, account_id: int | None, count: int, on: date = TODAY, resource: str = POSTS) -> None:
    """So many posts, or profiles, of the account are opened on the day."""
    ids = {f"{account_id}-{number}": account_id for number in range(count)}
    openings.ask(db, openings.Day("x", on), resource, ids)


def money(db: Session, daily: str = "5", monthly: str = "50") -> Money:
    today, month = (ledger.spent_usd(db, X, since, TODAY) for since in (TODAY, FIRST_OF_MONTH))
    return Money(TODAY, today, month, Decimal(daily), Decimal(monthly))


def usd(*amounts: str) -> tuple[Decimal, ...]:
    return tuple(map(Decimal, amounts))


def test_the_cost_of_an_account_is_split_between_the_chats_that_track_it(store: Store) -> None:
    with store.write_session() as db:
        add(db, 1, 10, 20)
        add(db, 2, 20)
        add(db, 3, 30)
        db.get_one(Chat, 30).inactive_reason = "blocked"
        ask(db, 1, 20)
        ask(db, 1, 1, resource=USERS)
        ask(db, 2, 4)
        ask(db, 2, 6, on=TODAY - DAY)
        ask(db, 2, 100, on=FIRST_OF_MONTH - DAY)
        ask(db, 3, 8)
        ask(db, None, 2)
        openings.ask(db, openings.Day("x", TODAY), USERS, {"looked-up": 2}, chat_id=10)
        assert budget.by_account(db, X, TODAY) == {
            1: usd("0.11", "0.11"),
            2: usd("0.02", "0.05"),
            3: usd("0.04", "0.04"),
        }
        assert budget.by_chat(db, X, TODAY) == {10: usd("0.065", "0.065"), 20: usd("0.075", "0.105")}


def test_what_is_asked_for_and_not_answered_counts_for_the_accounts_whose_first_and_older_posts_it_was(
    store: Store,
) -> None:
    with store.write_session() as db:
        add(db, 1, 10)
        add(db, 2, 20, fetched_at=NOON)
        openings.reserve(db, openings.Day("x", TODAY), POSTS, 30, ["1", "2 before 77"])
        openings.reserve(db, openings.Day("x", TODAY), POSTS, 200, ["2"])
        openings.reserve(db, openings.Day("x", TODAY - DAY), POSTS, 4, ["2 before 99"])
        openings.reserve(db, openings.Day("x", TODAY), USERS, 2, ["nasa", "esa"])
        assert budget.by_account(db, X, TODAY) == {1: usd("0.075", "0.075"), 2: usd("0.075", "0.095")}
        assert budget.by_chat(db, X, TODAY) == {10: usd("0.075", "0.075"), 20: usd("0.075", "0.095")}
        assert budget.left_for(db, X, money(db), 10) == Decimal("2.425")
        assert budget.reserved_usd(db, X, TODAY) == Decimal("0.15") + Decimal(1) + Decimal("0.02")


def test_a_chat_may_spend_the_rest_of_its_share_and_nothing_of_the_others(store: Store) -> None:
    with store.write_session() as db:
        add(db, 1, 10)
        add(db, 2, 20)
        ask(db, 1, 300)
        assert [budget.left_for(db, X, money(db), chat_id) for chat_id in (10, 20)] == [Decimal(1), Decimal("2.5")]
        ask(db, 1, 800)
        assert [budget.left_for(db, X, money(db), chat_id) for chat_id in (10, 20)] == [Decimal(0), Decimal(1)]


def test_a_chat_that_is_about_to_track_has_a_share_too(store: Store) -> None:
    with store.write_session() as db:
        assert budget.left_for(db, X, money(db), 10) == Decimal(5)
        add(db, 1, 20, 30)
        assert budget.left_for(db, X, money(db, daily="6"), 10) == Decimal(2)
        assert budget.left_for(db, X, money(db, daily="6"), 20) == Decimal(3)


def test_untracking_gives_a_chat_no_new_share(store: Store) -> None:
    with store.write_session() as db:
        add(db, 1, 10)
        add(db, 2, 10, 20)
        add(db, 3, 10)
        ask(db, 1, 300)
        ask(db, 2, 100)
        chats.untrack(db, 10, [1, 2])
        assert budget.left_for(db, X, money(db), 10) == Decimal("2.5") - Decimal("1.5")
        assert budget.left_for(db, X, money(db), 20) == Decimal("2.5") - Decimal("0.5")
        chats.track(db, 10, [1], NOON)
        assert budget.left_for(db, X, money(db), 10) == Decimal(1)
        assert budget.readings(db, X, 1, TODAY).spent.today == Decimal("1.5")


def test_what_a_forgotten_chat_spent_is_nobodys(store: Store) -> None:
    with store.write_session() as db:
        add(db, 1, 10)
        openings.ask(db, openings.Day("x", TODAY), USERS, {"looked-up": 1}, chat_id=10)
        chats.delete_chat(db, 10)
        assert budget.by_chat(db, X, TODAY) == {}
        assert money(db).today == Decimal("0.01")


@pytest.mark.parametrize(("daily", "monthly", "left"), [("0", "50", "0"), ("5", "0", "0"), ("5", "0.25", "0.20")])
def test_a_chat_may_never_spend_more_than_all_limits_leave(store: Store, daily: str, monthly: str, left: str) -> None:
    with store.write_session() as db:
        add(db, 1, 10)
        ask(db, 1, 10)
        assert budget.left_for(db, X, money(db, daily, monthly), 10) == Decimal(left)


def test_the_day_is_forecast_from_what_is_spent_planned_and_found_until_midnight(store: Store) -> None:
    with store.write_session() as db:
        add(db, 1, 10, posts_per_day=8.0, finds_on=TODAY)
        add(db, 2, 10, posts_per_day=100.0, finds_on=TODAY - DAY)
        add(db, 3, 10, finds_on=TODAY)
        ask(db, 1, 10)
        openings.plan(db, openings.Day("x", TODAY), [(1, f"old-{number}") for number in range(6)], NOON)
        expected = Decimal("0.05") + 6 * Decimal("0.005") + 4 * Decimal("0.005")  # half of 8 posts are still to come
        assert budget.forecast(db, X, money(db), NOON).today == expected
        assert budget.forecast(db, X, money(db, daily="0.07"), NOON).today == Decimal("0.07")
        assert budget.forecast(db, X, money(db, monthly="0.06"), NOON).today == Decimal("0.06")
        assert budget.forecast(db, X, money(db, daily="0"), NOON).today == Decimal("0.05")


@pytest.mark.parametrize(
    ("days_ago", "pace"),
    [([1, 2, 3, 4], "0.25"), ([1, 2, 3, 4, 5, 6, 7, 8, 9], "0.25"), ([2, 4], "0.125"), ([9, 1], "0.0357142857")],
)
def test_the_month_goes_on_at_the_pace_of_the_last_seven_full_days(
    store: Store, days_ago: Sequence[int], pace: str
) -> None:
    with store.write_session() as db:
        add(db, 1, 10)
        for ago in days_ago:
            ask(db, 1, 50, on=TODAY - ago * DAY)
        ask(db, 1, 2)
        expected = len(days_ago) * Decimal("0.25") + Decimal("0.01") + 7 * Decimal(pace)
        assert budget.forecast(db, X, money(db), NOON).month == pytest.approx(expected)
        limited = budget.forecast(db, X, money(db, monthly="1"), NOON).month
        assert limited == pytest.approx(max(money(db).month, min(expected, Decimal(1))))


def test_without_a_full_day_the_month_goes_on_at_the_estimated_cost_of_what_is_tracked(store: Store) -> None:
    with store.write_session() as db:
        add(db, 1, 10, posts_per_day=4.0)
        add(db, 2, 10)
        add(db, 3, posts_per_day=50.0)
        ask(db, 1, 100)
        assert budget.forecast(db, X, money(db), NOON).month == Decimal("0.5") + 7 * (
            Decimal("0.06") + Decimal("0.002")
        )


def test_how_true_the_charts_are_is_the_mean_of_what_is_tracked_and_known(store: Store) -> None:
    with store.write_session() as db:
        add(db, 1, 10, 20, expected_error=0.01)
        add(db, 2, 20, expected_error=0.02)
        add(db, 3, 20, 30)
        add(db, 4, expected_error=0.9)
        errors = [budget.expected_error(db, X, chat_id) for chat_id in (10, 20, 30, None)]
        assert errors == [0.01, pytest.approx(0.015), None, pytest.approx(0.015)]


def test_the_requests_that_are_left_are_those_of_the_network_and_of_the_settings(store: Store) -> None:
    settings = Settings(x_requests_per_15_min=100, _env_file=None)
    with store.write_session() as db:
        for kind, resets_at in (("posts", NOON + DAY), ("profiles", NOON), ("timelines", NOON + DAY)):
            db.add(RequestWindow(network="x", kind=kind, limit=300, remaining=240, resets_at=resets_at))
        assert budget.request_windows(db, X, settings, NOON) == [
            records.RequestWindow("posts", 300, 240, NOON + DAY),
            records.RequestWindow("profiles", 300, 300, NOON),
            records.RequestWindow("timelines", 100, 40, NOON + DAY),
        ]
        assert budget.request_windows(db, TOY, settings, NOON) == []


def test_an_accounts_readings_are_told(store: Store) -> None:
    with store.write_session() as db:
        add(db, 1, 10, 20)
        for number in range(3):
            read_at = NOON - number * DAY
            db.add(Post(account_id=1, post_id=str(number), created_at=NOON - 9 * DAY, read_at=read_at))
        ask(db, 1, 2)
        ask(db, 1, 3, on=TODAY - DAY)
        ask(db, 1, 1, resource=USERS)
        openings.plan(db, openings.Day("x", TODAY), [(1, "planned")], NOON)
        told = budget.readings(db, X, 1, TODAY)
        assert told == budget.Readings(3, 2, NOON - 2 * DAY, 2, budget.Spent(*usd("0.02", "0.035")))


def test_a_network_without_a_price_costs_nothing(store: Store) -> None:
    with store.write_session() as db:
        add(db, 1, 10, network="toy", posts_per_day=9.0)
        nothing = Money(TODAY, Decimal(0), Decimal(0), Decimal(0), Decimal(0))
        assert budget.forecast(db, TOY, nothing, NOON) == budget.Spent()
        assert budget.by_account(db, TOY, TODAY) == budget.by_chat(db, TOY, TODAY) == {}
        assert budget.left_for(db, TOY, nothing, 10) == 0
