"""The next time of a schedule: on days of the week, in any time zone, and where clocks are changed."""

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from pipeline.store.timing import Schedule

NINE = time(9)
MADRID, LORD_HOWE, KATHMANDU = map(ZoneInfo, ("Europe/Madrid", "Australia/Lord_Howe", "Asia/Kathmandu"))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "zone", "after", "expected"),
    [
        (Schedule((NINE,)), "UTC", "2026-11-28 08:59:59", "2026-11-28 09:00"),
        (Schedule((NINE,)), "UTC", "2026-11-28 09:00", "2026-11-29 09:00"),
        (Schedule((NINE,), (0,)), "UTC", "2026-11-28 12:00", "2026-11-30 09:00"),  # from Saturday to Monday
        (Schedule((NINE,), (5,)), "UTC", "2026-11-28 09:00", "2026-12-05 09:00"),  # to the same day of next week
        (Schedule((NINE, time(18, 30)), (0, 4)), "UTC", "2026-11-27 09:00", "2026-11-27 18:30"),
        (Schedule((NINE,)), "Europe/Madrid", "2026-07-01 06:59", "2026-07-01 07:00"),  # two hours ahead in summer
        (Schedule((NINE,)), "Europe/Madrid", "2026-11-28 07:59", "2026-11-28 08:00"),
        (Schedule((time(0, 15),), (0,)), "Asia/Kathmandu", "2026-11-28 12:00", "2026-11-29 18:30"),  # Monday there
        # 29 March 2026: from 02:00 to 03:00, so that there is no 02:30; that moment is called 03:30.
        (Schedule((time(2, 30),)), "Europe/Madrid", "2026-03-28 23:00", "2026-03-29 01:30"),
        (Schedule((time(2, 30),)), "Europe/Madrid", "2026-03-29 01:30", "2026-03-30 00:30"),
        # 25 October 2026: from 03:00 back to 02:00, so that 02:30 comes twice, an hour apart.
        (Schedule((time(2, 30),)), "Europe/Madrid", "2026-10-24 23:00", "2026-10-25 00:30"),
        (Schedule((time(2, 30),)), "Europe/Madrid", "2026-10-25 00:30", "2026-10-26 01:30"),
        (Schedule((time(2, 30),)), "Europe/Madrid", "2026-10-25 01:00", "2026-10-26 01:30"),
        # 30 December 2011 did not exist in Samoa.
        (Schedule((NINE,)), "Pacific/Apia", "2011-12-29 19:00", "2011-12-30 19:00"),
    ],
)
def test_the_next_time_of_a_schedule(schedule: Schedule, zone: str, after: str, expected: str) -> None:
    assert schedule.next_after(utc(after), ZoneInfo(zone)) == utc(expected)


@given(
    some.sets(some.times().map(lambda each: each.replace(second=0, microsecond=0)), min_size=1, max_size=3),
    some.sets(some.integers(0, 6), min_size=1),
    some.sampled_from([MADRID, LORD_HOWE, KATHMANDU]),
    some.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=some.just(UTC)),  # noqa: DTZ001
)
def test_a_schedule_goes_on_once_for_each_of_its_days_and_is_stored_as_text(
    times: set[time], days: set[int], zone: ZoneInfo, after: datetime
) -> None:
    schedule = Schedule(tuple(sorted(times)), tuple(sorted(days)))
    assert Schedule.parse(str(schedule)) == schedule
    moments = [after]
    for _ in range(15):
        moments.append(schedule.next_after(moments[-1], zone))
    assert all(earlier < later for earlier, later in pairwise(moments))
    assert {moment.astimezone(zone).weekday() for moment in moments[1:]} <= days
    shown = [(moment.astimezone(zone).date(), moment) for moment in moments[2:-1]]
    per_day = {day: sum(each == day for each, _ in shown) for day, _ in shown}
    assert all(count <= len(times) for count in per_day.values())


def test_a_missed_chart_is_left_out_once_the_next_one_is_nearer() -> None:
    daily, at = Schedule((NINE,)), utc("2026-11-28 09:00")
    assert not daily.is_too_late(at, at + timedelta(hours=12), ZoneInfo("UTC"))
    assert daily.is_too_late(at, at + timedelta(hours=12, seconds=1), ZoneInfo("UTC"))
    weekly = Schedule((NINE,), (5,))
    assert not weekly.is_too_late(at, at + timedelta(days=3), ZoneInfo("UTC"))
    assert weekly.is_too_late(at, at + timedelta(days=30), ZoneInfo("UTC"))
