"""A network's own clock, which its bill goes by, and its limits of requests, which its answers tell."""

from datetime import UTC, datetime, timedelta

import pytest

from pipeline.records import Observed, RequestWindow
from pipeline.store import Store, network_status, tables
from pipeline.store.network_status import NetworkTime
from pipeline.store.openings import Day
from tests.conftest import NETWORK
from tests.integration.store.conftest import NOON

SECOND, MINUTE, HOUR, DAY = (timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days"))
MIDNIGHT = NOON.replace(hour=0) + DAY
WINDOW, TICK = timedelta(minutes=15), timedelta(seconds=10)
KIND = "timelines"


def observe(store: Store, at: datetime | None, ahead: timedelta = timedelta(0), *windows: RequestWindow) -> None:
    """An answer came at a moment of the shared clock, from a clock that was so much ahead."""
    with store.write_session() as db:
        ahead_s = None if at is None else ahead.total_seconds()
        network_status.observe(db, NETWORK, [Observed(at, ahead_s, windows)], at or NOON)


def time_at(store: Store, at: datetime) -> NetworkTime:
    with store.read_session() as db:
        return network_status.read_time(db, NETWORK, at)


def told(store: Store, limit: int, remaining: int, ends_in: timedelta = WINDOW) -> None:
    observe(store, None, timedelta(0), RequestWindow(KIND, limit, remaining, NOON + ends_in))


def allowed(store: Store, at: timedelta = timedelta(0), most: int = 10_000, period: timedelta = TICK) -> int:
    time = NetworkTime(NOON + at, Day(NETWORK, NOON.date()), is_settled=True)
    with store.read_session() as db:
        return network_status.allowed_requests(db, time, KIND, most=most, window=WINDOW, period=period)


@pytest.mark.parametrize(
    ("at", "settled"),
    [
        (MIDNIGHT - MINUTE - SECOND, True), (MIDNIGHT - MINUTE + SECOND, False), (MIDNIGHT, False),
        (MIDNIGHT + MINUTE - SECOND, False), (MIDNIGHT + MINUTE, True), (NOON, True),
    ],
)  # fmt: skip
def test_without_a_time_in_answers_the_shared_clock_says_the_day(
    store: Store,
    at: datetime,
    settled: bool,  # noqa: FBT001
) -> None:
    assert time_at(store, at) == NetworkTime(at, Day(NETWORK, at.date()), settled)


@pytest.mark.parametrize("ahead", [timedelta(0), 3 * HOUR, -DAY, 40 * SECOND])
def test_the_day_is_that_of_the_networks_own_clock(store: Store, ahead: timedelta) -> None:
    for at in (NOON, MIDNIGHT - ahead - 5 * MINUTE, MIDNIGHT - ahead - 30 * SECOND, MIDNIGHT - ahead + 2 * MINUTE):
        observe(store, at, ahead)
        time = time_at(store, at + 5 * SECOND)
        assert time.now == at + ahead + 5 * SECOND
        assert time.day == Day(NETWORK, time.now.date())
        assert time.is_settled == (abs(time.now - MIDNIGHT) > MINUTE)


def test_a_day_is_sure_only_when_an_answer_has_said_that_it_began(store: Store) -> None:
    observe(store, MIDNIGHT - 5 * MINUTE)
    later = time_at(store, MIDNIGHT + 5 * MINUTE)
    assert (later.day.date, later.is_settled) == (MIDNIGHT.date(), False)
    observe(store, MIDNIGHT + 30 * SECOND)
    assert not time_at(store, MIDNIGHT + 5 * MINUTE).is_settled, "measured within the guard, it may be wrong by it"
    observe(store, MIDNIGHT + 5 * MINUTE)
    assert time_at(store, MIDNIGHT + 6 * MINUTE).is_settled


def test_an_old_measurement_or_one_from_the_future_is_not_relied_on(store: Store) -> None:
    observe(store, NOON)
    assert time_at(store, NOON + 15 * MINUTE).is_settled
    assert not time_at(store, NOON + 16 * MINUTE).is_settled
    back = time_at(store, NOON - HOUR)
    assert (back.now, back.is_settled) == (NOON, False), "its time never goes back with the shared clock"


def test_the_last_measurement_counts_also_after_the_shared_clock_was_set_back(store: Store) -> None:
    observe(store, NOON, HOUR)
    observe(store, NOON - MINUTE, 2 * HOUR)
    assert time_at(store, NOON - MINUTE).now == NOON - MINUTE + 2 * HOUR
    observe(store, NOON + MINUTE, 3 * HOUR)
    assert time_at(store, NOON + MINUTE).now == NOON + MINUTE + 3 * HOUR
    observe(store, None)
    assert time_at(store, NOON + MINUTE).now == NOON + MINUTE + 3 * HOUR, "an answer without a time changes nothing"


def test_until_an_answer_tells_few_requests_are_sent(store: Store) -> None:
    assert allowed(store) == 5
    assert allowed(store, most=90) == 1
    assert allowed(store, most=1) == 1


@pytest.mark.parametrize(
    ("limit", "remaining", "ends_in", "expected"),
    [
        (10_000, 10_000, WINDOW, 111),
        (10_000, 5_000, WINDOW / 2, 111),
        (900, 900, WINDOW, 10),
        (900, 450, WINDOW, 0),
        (900, 900, WINDOW / 2, 460),
        (10, 9, WINDOW - TICK, 0),
        (10, 9, WINDOW - 16 * TICK, 0),
        (10, 9, WINDOW - 17 * TICK, 1),
        (10, 0, TICK, 0),
        (900, 3, TICK / 2, 3),
    ],
)
def test_the_requests_of_a_window_last_until_it_ends(
    store: Store, limit: int, remaining: int, ends_in: timedelta, expected: int
) -> None:
    told(store, limit, remaining, ends_in)
    assert allowed(store) == expected


def test_a_window_that_ended_begins_anew(store: Store) -> None:
    told(store, 900, 0)
    assert allowed(store, WINDOW - SECOND) == 0
    assert allowed(store, WINDOW) == 10
    told(store, 10, 0, 2 * WINDOW)
    assert allowed(store, 2 * WINDOW) == 1


def test_the_setting_is_an_upper_bound_of_what_the_network_allows(store: Store) -> None:
    told(store, 10_000, 10_000)
    assert allowed(store, most=90) == 1
    told(store, 10_000, 9_910)
    assert allowed(store, most=90) == 0, "90 of this window are used"
    told(store, 60, 60, 2 * WINDOW)
    with store.read_session() as db:
        assert network_status.limit(db, NETWORK, KIND, 90) == 60
        assert network_status.limit(db, NETWORK, "posts", 90) == 90


def test_answers_of_one_window_that_come_late_raise_nothing(store: Store) -> None:
    for remaining in (900, 890, 895):
        told(store, 900, remaining, WINDOW / 2)
    told(store, 900, 850, WINDOW / 3)
    assert allowed(store) == 890 - int(900 * (WINDOW / 2 - TICK) / WINDOW)
    told(store, 900, 899, WINDOW)
    assert allowed(store) == 9


def test_all_requests_of_a_window_are_used_and_never_more(store: Store) -> None:
    for limit in (10, 900, 10_000):
        told(store, limit, limit, WINDOW)
        used = []
        for number in range(90):
            used.append(allowed(store, number * TICK))
            told(store, limit, limit - sum(used), WINDOW)
        assert sum(used) == limit
        assert max(used) <= limit // 90 + 1
        with store.write_session() as db:
            db.delete(db.get_one(tables.RequestWindow, (NETWORK, KIND)))


def test_the_day_ends_at_its_midnight() -> None:
    assert network_status.end_of_day(NOON.date()) == MIDNIGHT == datetime(2026, 11, 24, tzinfo=UTC)
