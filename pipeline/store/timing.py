"""When a subscription delivers charts: whenever one changed, at an interval, or at times of day.

Pure: a chat's time zone and the moment are passed in, and nothing is read or stored.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pipeline.records import Mode

EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Times of day on days of the week, where Monday is 0. Both are sorted and not empty."""

    times: tuple[time, ...]
    days: tuple[int, ...] = EVERY_DAY

    def next_after(self, after: datetime, zone: ZoneInfo) -> datetime:
        """The first moment of the schedule that is later than `after`, in UTC.

        Of a time that comes twice, as clocks are set back, it is the first one. A time that clocks jump over counts as
        before the jump: where they go from 02:00 to 03:00, 02:30 is the moment that is called 03:30.
        """
        return min(moment for moment in self._moments_around(after, zone) if moment > after)

    def is_too_late(self, scheduled: datetime, now: datetime, zone: ZoneInfo) -> bool:
        """Whether a chart that was not delivered when scheduled is left out: the next time is nearer than this one."""
        return now - scheduled > self.next_after(scheduled, zone) - now

    def _moments_around(self, after: datetime, zone: ZoneInfo) -> Iterator[datetime]:
        """The moments from the day before `after` to a week and a day after it, so that every day of the week is in."""
        today = after.astimezone(zone).date()
        for day in (today + timedelta(days=offset) for offset in range(-1, 9)):
            if day.weekday() in self.days:
                # In UTC, since Python compares times of one zone by their wall clocks.
                yield from (datetime.combine(day, each, zone).astimezone(UTC) for each in self.times)

    def __str__(self) -> str:
        """As it is stored: "09:00,18:30 0,4"."""
        return f"{','.join(each.strftime('%H:%M') for each in self.times)} {','.join(map(str, self.days))}"

    @classmethod
    def parse(cls, stored: str) -> "Schedule":
        times, days = stored.split()
        return cls(tuple(map(time.fromisoformat, times.split(","))), tuple(map(int, days.split(","))))


@dataclass(frozen=True, slots=True)
class Timing:
    """When a subscription delivers: at an interval or by a schedule in new messages; by neither, live."""

    interval: timedelta | None = None
    schedule: Schedule | None = None

    @property
    def interval_s(self) -> int | None:
        return None if self.interval is None else int(self.interval.total_seconds())

    @property
    def mode(self) -> Mode:
        return Mode.NEW if self.interval or self.schedule else Mode.LIVE


LIVE = Timing()
