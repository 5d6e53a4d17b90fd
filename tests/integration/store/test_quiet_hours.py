from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipeline.records import QuietHours
from pipeline.store import Store, chats, quiet_hours
from pipeline.store.quiet_hours import ends_at
from pipeline.store.tables import Chat
from tests.integration.store.conftest import NOON

NIGHT = QuietHours(time(22), time(7))
ZONES = ["UTC", "Europe/Madrid", "America/Santiago", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Kiritimati"]
CLOCK_TIMES = st.times(timezones=st.none()).map(lambda at: at.replace(second=0, microsecond=0))
MADRID = ZoneInfo("Europe/Madrid")


def at(wall: str, *, fold: int = 0) -> datetime:
    return datetime.fromisoformat(wall).replace(tzinfo=MADRID, fold=fold).astimezone(UTC)


def minutes(moment: time | datetime) -> int:
    return moment.hour * 60 + moment.minute


@given(
    now=st.integers(0, 3650 * 24 * 3600).map(
        lambda seconds: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    ),
    start=CLOCK_TIMES,
    end=CLOCK_TIMES,
    zone=st.sampled_from(ZONES),
)
def test_they_last_while_the_chats_own_clock_is_between_start_and_end(
    now: datetime, start: time, end: time, zone: str
) -> None:
    local = now.astimezone(ZoneInfo(zone))
    offsets = {(now + timedelta(days=days)).astimezone(ZoneInfo(zone)).utcoffset() for days in (-2, -1, 0, 1, 2)}
    assume(start != end and len(offsets) == 1)
    passed, length = (minutes(local) - minutes(start)) % 1440, (minutes(end) - minutes(start)) % 1440
    ends = ends_at(QuietHours(start, end), zone, now)
    if passed >= length:
        assert ends is None
    else:
        assert ends == (local.replace(second=0, microsecond=0) + timedelta(minutes=length - passed)).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "ends"),
    [
        (at("2026-03-28T23:30"), at("2026-03-29T07:00")),  # the clocks skip from 2 to 3: a night of 8 hours
        (at("2026-10-25T02:30"), at("2026-10-25T07:00")),
        (at("2026-10-25T02:30", fold=1), at("2026-10-25T07:00")),  # the same time by the clock, an hour later
    ],
)
def test_a_night_in_which_the_clocks_change_ends_by_the_clock(now: datetime, ends: datetime) -> None:
    assert ends_at(NIGHT, "Europe/Madrid", now) == ends


def test_an_end_that_the_clocks_skip_or_repeat_is_not_too_early() -> None:
    until_half_past_two = QuietHours(time(22), time(2, 30))
    skipped = ends_at(until_half_past_two, "Europe/Madrid", at("2026-03-29T01:59"))
    assert skipped == at("2026-03-29T03:30")
    repeated = ends_at(until_half_past_two, "Europe/Madrid", at("2026-10-25T02:15"))
    assert repeated == at("2026-10-25T02:30", fold=1)


def test_a_chat_has_them_by_its_own_zone(store: Store) -> None:
    late = datetime(2026, 11, 28, 21, 30, tzinfo=UTC)
    with store.write_session() as db:
        chats.add(db, 1, NOON)
        assert quiet_hours.not_before(db, 1, late) is None
        db.get_one(Chat, 1).quiet_hours = NIGHT
        assert quiet_hours.not_before(db, 1, late) is None
        db.get_one(Chat, 1).time_zone = "Europe/Madrid"
    with store.read_session() as db:
        assert quiet_hours.not_before(db, 1, late) == datetime(2026, 11, 29, 6, tzinfo=UTC)
        assert quiet_hours.not_before(db, 2, late) is None, "a chat that is not stored"
