from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import pytest

from pipeline.i18n import lazy_gettext
from pipeline.records import Comparison, FetchResult, State
from pipeline.settings import Settings
from pipeline.sources.x.facts import X
from pipeline.steps import planner
from pipeline.store import Store, accounts, chats, circuit_breakers, comparisons
from tests.conftest import NETWORK
from tests.integration.store.conftest import NOON, add_accounts, fetch_result

TICK = timedelta(seconds=10)
CREDITS = lazy_gettext("X's credits are used up")


@dataclass
class Clock:
    store: Store
    settings: Settings

    def plan(self, at: timedelta = timedelta(0)) -> planner.Plan:
        with self.store.write_session() as db:
            planned = planner.plan(db, self.settings, X, NOON + at)
            accounts.mark_attempted(db, [due.account_id for due in planned.due], NOON + at)
        return planned

    def names(self, at: timedelta) -> list[str]:
        with self.store.read_session() as db:
            return planner.names(db, self.settings, X, NOON + at)

    def due(self, at: timedelta = timedelta(0)) -> list[int]:
        return sorted(due.account_id for due in self.plan(at).due)

    def first(self, *account_ids: int, of: Sequence[int] = (), at: timedelta = timedelta(0)) -> list[int]:
        """What is read at once where these accounts, and these comparisons, are asked for."""
        with self.store.write_session() as db:
            due = planner.plan_first(db, self.settings, X, accounts.list_unattempted(db, of, account_ids), NOON + at)
            accounts.mark_attempted(db, [each.account_id for each in due], NOON + at)
        return [each.account_id for each in due]


@pytest.fixture
def clock(store: Store, monkeypatch: pytest.MonkeyPatch) -> Clock:
    monkeypatch.delenv("X_DAILY_USD", raising=False)
    return Clock(store, settings())


def settings(daily: str = "5", monthly: str = "50", posts: int = 100) -> Settings:
    return Settings(x_daily_usd=Decimal(daily), x_monthly_usd=Decimal(monthly), posts_per_account=posts, _env_file=None)


def test_each_tracked_account_is_due_once_a_tick_and_an_untracked_one_never(clock: Clock) -> None:
    ids = add_accounts(clock.store, "a", "b", "c")
    with clock.store.write_session() as db:
        chats.untrack(db, 1, [ids[2]])
    assert clock.due() == ids[:2]
    assert clock.due(timedelta(seconds=1)) == []
    assert clock.due(TICK - timedelta(seconds=1)) == ids[:2]


def test_of_what_a_chat_asks_for_only_what_nobody_has_tried_to_read_is_read_at_once(clock: Clock) -> None:
    first, second, third, other = add_accounts(clock.store, "a", "b", "c", "d")
    with clock.store.write_session() as db:
        asked = comparisons.get_or_create(db, Comparison((first, second))).id
        add_untracked = accounts.find_by_remote_ids(db, ["id-d"], NETWORK)[0].id
        chats.untrack(db, 1, [add_untracked])
    assert clock.first(third, other, of=[asked]) == [first, second, third]
    assert clock.first(third, other, of=[asked]) == []
    assert clock.due(TICK) == [first, second, third]


def test_what_is_asked_for_waits_for_the_tick_where_x_is_stopped_or_the_budget_is_used_up(clock: Clock) -> None:
    ids = add_accounts(clock.store, "a", "b")
    clock.settings = settings(daily="0.53")  # two profiles for $0.02, and one first reading of $0.50
    assert clock.first(*ids) == ids[:1]
    with clock.store.write_session() as db:
        circuit_breakers.open(db, NETWORK, CREDITS, NOON, NOON + TICK)
    clock.settings = settings()
    assert clock.first(*ids) == clock.first(*ids, at=2 * TICK) == []


@pytest.mark.parametrize(("posts", "at_once"), [(100, 3), (3200, 1)])
def test_more_accounts_than_x_answers_for_are_read_in_turn(clock: Clock, posts: int, at_once: int) -> None:
    ids = add_accounts(clock.store, *"abcde")
    plenty = Decimal(1000)
    clock.settings = Settings(
        x_requests_per_15_min=3 * 90, posts_per_account=posts, x_daily_usd=plenty, x_monthly_usd=plenty, _env_file=None
    )
    batches = [clock.due(TICK * number) for number in range(6)]
    assert {len(batch) for batch in batches} == {at_once}
    assert {account for batch in batches[: -(-len(ids) // at_once)] for account in batch} == set(ids)


def test_nobody_tracking_means_nothing_due(clock: Clock) -> None:
    assert clock.due() == []


def test_an_account_that_x_does_not_show_is_asked_for_less_often(clock: Clock) -> None:
    [account_id] = add_accounts(clock.store, "a")
    with clock.store.write_session() as db:
        accounts.save_fetch_results(
            db, [FetchResult(account_id, NOON, state=State.SUSPENDED, problem=lazy_gettext("suspended"))]
        )
    assert clock.due() == [account_id]
    assert clock.due(TICK) == []
    assert clock.due(timedelta(minutes=15)) == [account_id]


def test_what_fits_in_the_budget_is_read_once_and_then_everything_stops(clock: Clock) -> None:
    clock.settings = settings(daily="1.2")  # three profiles for $0.03, and two first readings of $0.50
    ids = add_accounts(clock.store, "a", "b", "c")
    first = clock.plan()
    assert ([due.account_id for due in first.due], first.short) == (ids[:2], None)
    with clock.store.write_session() as db:
        accounts.save_fetch_results(db, [fetch_result(account_id, *range(100)) for account_id in ids[:2]])
    stopped = clock.plan(TICK)
    assert stopped.due == []
    assert stopped.short is not None
    assert (stopped.short.period, stopped.short.limit) == ("day", Decimal("1.2"))
    assert clock.due(timedelta(days=1)) == [ids[0], ids[2]], "the one that had no turn comes first"


def test_what_is_in_flight_is_paid_for_before_anything_else(clock: Clock) -> None:
    clock.settings = settings(daily="1.3")  # four profiles for $0.04, and two first readings of $0.50
    ids = add_accounts(clock.store, "a", "b", "c", "d")
    assert clock.first(ids[0]) == ids[:1]
    at_once = clock.plan(timedelta(seconds=1))
    assert ([due.account_id for due in at_once.due], at_once.short) == ([ids[1]], None)
    assert clock.first(ids[2], at=timedelta(seconds=2)) == []
    with clock.store.write_session() as db:
        at = NOON + timedelta(seconds=3)
        results = [fetch_result(account_id, *range(20), at=at) for account_id in ids[:2]]
        accounts.save_fetch_results(db, results)
    assert clock.first(*ids, at=timedelta(seconds=4)) == [ids[2], ids[3]], "they cost less than was kept back"


def test_what_is_in_flight_is_no_reason_to_say_that_the_budget_is_used_up(clock: Clock) -> None:
    clock.settings = settings(daily="0.9")
    first, second = add_accounts(clock.store, "a", "b")
    assert clock.first(first) == [first]
    planned = clock.plan(timedelta(seconds=1))
    assert (planned.due, planned.short) == ([], None)
    assert clock.due(TICK) == [second], "no fetch lasts until the next tick: the first one failed and cost nothing"


def test_a_reading_that_is_paid_for_costs_nothing_more_that_day(clock: Clock) -> None:
    clock.settings = settings(daily="0.52")
    [account_id] = add_accounts(clock.store, "a")
    assert clock.due() == [account_id]
    with clock.store.write_session() as db:
        accounts.save_fetch_results(db, [fetch_result(account_id, *range(100))])
    assert clock.due(TICK) == [account_id]


def test_the_month_limits_too(clock: Clock) -> None:
    clock.settings = settings(monthly="0.3")
    add_accounts(clock.store, "a")
    planned = clock.plan()
    assert planned.due == []
    assert planned.short is not None
    assert (planned.short.period, planned.short.until.day, planned.short.until.month) == ("month", 1, 12)


def test_a_stop_holds_until_its_moment_and_then_one_account_asks_first(clock: Clock) -> None:
    ids = add_accounts(clock.store, "a", "b", "c")
    hour = timedelta(hours=1)
    with clock.store.write_session() as db:
        circuit_breakers.open(db, NETWORK, CREDITS, NOON, NOON + hour)
    assert clock.due() == []
    assert clock.due(hour) == ids[:1]
    assert clock.due(hour + TICK) == ids[1:2], "another, since it may be the first one's own trouble"
    with clock.store.write_session() as db:
        circuit_breakers.close(db, NETWORK, NOON + hour + TICK)
    assert clock.due(hour + 2 * TICK) == ids


def test_names_are_looked_at_by_hundreds_in_turn_and_paid_from_what_the_readings_leave(clock: Clock) -> None:
    clock.settings = settings(daily="1000", monthly="1000")
    add_accounts(clock.store, *(f"a{number}" for number in range(250)))
    minute = timedelta(minutes=1)
    batches = [clock.names(number * minute) for number in range(3)]
    assert sorted(len(batch) for batch in batches) == [83, 83, 84]
    assert len({remote_id for batch in batches for remote_id in batch}) == 250
    tomorrow = timedelta(days=1)
    clock.settings = settings(daily=str(250 * Decimal("0.5") + Decimal("0.035")), monthly="1000")
    assert len(clock.names(tomorrow)) == 3, "as many as the money left pays for"
    with clock.store.write_session() as db:
        circuit_breakers.open(db, NETWORK, CREDITS, NOON + tomorrow, NOON + tomorrow + minute)
    assert clock.names(tomorrow) == clock.names(tomorrow + 2 * minute) == [], "until X has answered again"
