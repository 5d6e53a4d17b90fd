"""How often posts may be read again for nothing, and what is concluded where the network bills them."""

from datetime import timedelta
from decimal import Decimal

import pytest

from pipeline.settings import Settings
from pipeline.sources.x.facts import X
from pipeline.store import Store, network_status, openings, usage
from pipeline.store.ledger import POSTS
from pipeline.store.openings import Day
from pipeline.store.usage import Verdict
from tests.conftest import NETWORK
from tests.integration.store.conftest import NOON

TODAY = NOON.date()
TOMORROW = TODAY + timedelta(days=1)
MINUTE = timedelta(minutes=1)
SETTINGS = Settings(x_daily_usd=Decimal(5), x_monthly_usd=Decimal(50), _env_file=None)


def bill(store: Store, count: int, day: int = 0, of: str = "post") -> None:
    """The ledger counts so many posts more."""
    with store.write_session() as db:
        ids = dict.fromkeys(f"{of} {number}" for number in range(count))
        openings.record(db, Day(NETWORK, TODAY + timedelta(days=day)), POSTS, ids)


def compare(store: Store, used: int, day: int = 0) -> Verdict:
    with store.write_session() as db:
        return usage.compare(db, X, SETTINGS, used, TODAY + timedelta(days=day), NOON + timedelta(days=day))


def allowed(store: Store, day: int = 0) -> int:
    with store.write_session() as db:
        return usage.allowed_repeats(db, X, SETTINGS, TODAY + timedelta(days=day))


def repeat(store: Store, count: int) -> None:
    with store.write_session() as db:
        network_status.get(db, NETWORK).repeats += count


def test_repeats_may_be_as_many_as_a_days_money_would_pay_until_the_counts_are_compared(store: Store) -> None:
    assert allowed(store) == 1000
    repeat(store, 400)
    assert allowed(store) == 600
    repeat(store, 900)
    assert allowed(store) == 0
    assert compare(store, 0) is Verdict.EQUAL
    assert allowed(store) == 1000


@pytest.mark.parametrize(
    ("billed", "used", "verdict"),
    [
        (0, 0, Verdict.EQUAL),
        (0, 100, Verdict.EQUAL),
        (0, 101, Verdict.EXCEEDED),
        (1000, 1000, Verdict.EQUAL),
        (1000, 1120, Verdict.EQUAL),
        (1000, 1121, Verdict.EXCEEDED),
        (1000, 600, Verdict.EQUAL),
    ],
)
def test_more_than_two_per_cent_and_a_request_above_the_ledger_ends_repeats_for_the_day(
    store: Store, billed: int, used: int, verdict: Verdict
) -> None:
    bill(store, 70, of="before")
    assert compare(store, 500) is Verdict.EQUAL, "what X counted before the day is not compared"
    bill(store, billed)
    assert compare(store, 500 + used) is verdict
    assert (allowed(store) == 0) == (verdict is Verdict.EXCEEDED)
    assert allowed(store, day=1) == 1000


def test_a_verdict_holds_for_the_day_even_where_later_counts_are_equal_again(store: Store) -> None:
    compare(store, 0)
    assert compare(store, 500) is Verdict.EXCEEDED
    bill(store, 1000)
    compare(store, 500)
    assert allowed(store) == 0
    assert compare(store, 500, day=1) is Verdict.EQUAL
    assert allowed(store, day=1) == 1000


def test_what_was_asked_and_not_answered_may_be_billed(store: Store) -> None:
    compare(store, 0)
    with store.write_session() as db:
        openings.reserve(db, Day(NETWORK, TODAY), POSTS, 200, {"1"})
    assert compare(store, 300) is Verdict.EQUAL


def test_a_billing_month_that_begins_anew_is_no_reason_to_compare_what_was_before(store: Store) -> None:
    compare(store, 90_000)
    bill(store, 200)
    assert compare(store, 150) is Verdict.EQUAL
    assert compare(store, 150 + 101) is Verdict.EXCEEDED, "from now on it is compared with this"
