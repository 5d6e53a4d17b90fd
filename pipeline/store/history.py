"""The history of counts: what each account's posts gained from fetch to fetch, at a coarser resolution as it ages.

A row is an interval between two fetches of an account. There is one for each fetch that found a changed count, and one,
with or without gains, for each pause of more than a minute between two fetches. So between two rows the account was
watched, and nothing changed. pipeline.store.growth defines what a chart may conclude from that.

Intervals are stored with a resolution of a minute, for an hour. They are rolled up to ten minutes, which are kept for a
day, and these to hours, kept for a week: each span of a chart finds rows at its own resolution. A coarser row repeats
finer ones; what is later than the newest coarser row is in the finer ones alone.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import NamedTuple

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.orm import Session

from pipeline.records import Span
from pipeline.store.gains import Gains, merge, pack, unpack
from pipeline.store.tables import EPOCH, EpochMicroseconds, Gain

GRAINS = {Span.HOUR: timedelta(minutes=1), Span.DAY: timedelta(minutes=10), Span.WEEK: timedelta(hours=1)}
"""The time resolution of each span. A span starts at a multiple of it, in UTC."""
MINUTE, TEN_MINUTES, HOUR = GRAINS.values()
NEVER = datetime(1, 1, 1, tzinfo=UTC)
"""The start of the interval before an account's first fetch."""
MINUTES_PER_DOWNSAMPLING = 10
"""Each account is downsampled every ten minutes, a tenth of the accounts in each minute."""
BASELINE_RATIO = 20
"""If more than one post in so many has a count that became known, the interval is a baseline."""
MOST_SEPARATE = 6
"""How many rows at most are kept separate within one step of a resolution."""
NEWEST = Gain.account_id == bindparam("account"), Gain.grain_s == MINUTE // timedelta(seconds=1)
SELECT_LAST = select(Gain.start_at, Gain.end_at, Gain.packed).where(*NEWEST).order_by(Gain.end_at.desc()).limit(1)
EXTEND_LAST = (
    update(Gain)
    .where(*NEWEST, Gain.end_at == bindparam("old_end_at"))
    .values(end_at=bindparam("end_at"), packed=bindparam("packed"))
)
"""Both are built once: they run in each tick for each account that changed."""


class Interval(NamedTuple):
    """What an account's posts gained between two fetches."""

    start: datetime
    end: datetime
    gains: Gains

    def is_gap(self, grain: timedelta) -> bool:
        """Whether nobody fetched the account for longer than the resolution."""
        return self.end - self.start > grain

    def is_baseline(self) -> bool:
        """Whether many counts became known, so that charts count from its end on."""
        became_known = sum(1 for gain in self.gains.values() if gain[0])
        return became_known * BASELINE_RATIO > max(len(self.gains), BASELINE_RATIO)

    def is_separate(self, grain: timedelta) -> bool:
        """Whether it must not be merged with its neighbours."""
        return self.is_gap(grain) or self.is_baseline()


def seconds(grain: timedelta) -> int:
    return int(grain.total_seconds())


def floor(moment: datetime, grain: timedelta) -> datetime:
    """The last multiple of the grain, in UTC: the start of the minute, of the ten minutes or of the hour."""
    return moment - (moment - EPOCH) % grain


def add(session: Session, account_id: int, interval: Interval) -> None:
    """Store the interval since the last fetch, one row a minute. Every ten minutes the account is downsampled."""
    if not interval.gains and not interval.is_gap(MINUTE):
        return
    last = _load_last(session, account_id)
    if last is not None and _can_extend(last, interval):
        packed = pack(merge([last.gains, interval.gains]))
        extended = {"account": account_id, "old_end_at": last.end, "end_at": interval.end, "packed": packed}
        session.connection().execute(EXTEND_LAST, extended)
    else:
        _insert(session, account_id, MINUTE, [interval])
    if last is None or _downsampling(account_id, last.end) != _downsampling(account_id, interval.end):
        downsample(session, account_id, interval.end)


def downsample(session: Session, account_id: int, now: datetime) -> None:
    """Roll up the account's completed ten minutes and hours, and delete rows older than any chart shows."""
    _coarsen(session, account_id, MINUTE, TEN_MINUTES, now)
    _coarsen(session, account_id, TEN_MINUTES, HOUR, now)
    for span, grain in GRAINS.items():
        is_old = Gain.grain_s == seconds(grain), Gain.end_at < now - span.length - 2 * grain
        session.execute(
            delete(Gain).where(Gain.account_id == account_id, *is_old).execution_options(synchronize_session=False)
        )


def roll_up(intervals: Sequence[Interval], grain: timedelta) -> Iterator[Interval]:
    """Merge one account's intervals, oldest first, to the resolution of the grain."""
    for _, step in groupby(intervals, key=lambda each: floor(each.end, grain)):
        merged = list(_merge_neighbours(list(step), grain))
        yield from merged if len(merged) <= MOST_SEPARATE else _merge_neighbours(merged, grain, keep_baselines=False)


def _merge_neighbours(
    intervals: Sequence[Interval], grain: timedelta, *, keep_baselines: bool = True
) -> Iterator[Interval]:
    """Merge neighbours, but for gaps and, where they are to be kept, baselines."""

    def is_separate(interval: Interval) -> bool:
        return interval.is_separate(grain) if keep_baselines else interval.is_gap(grain)

    for stays_separate, neighbours in groupby(intervals, key=is_separate):
        group = list(neighbours)
        if stays_separate:
            yield from group
        else:
            yield Interval(group[0].start, group[-1].end, merge(each.gains for each in group))


def _can_extend(last: Interval, new: Interval) -> bool:
    """Whether both belong in one row. Two of the same end must: it is part of the primary key."""
    same_minute = floor(last.end, MINUTE) == floor(new.end, MINUTE)
    return last.end == new.end or (same_minute and not last.is_separate(MINUTE) and not new.is_separate(MINUTE))


def _downsampling(account_id: int, moment: datetime) -> int:
    """Which downsampling of the account comes next; the number rises by one every ten minutes."""
    return ((moment - EPOCH) // MINUTE + account_id) // MINUTES_PER_DOWNSAMPLING


def _load_last(session: Session, account_id: int) -> Interval | None:
    row = session.connection().execute(SELECT_LAST, {"account": account_id}).one_or_none()
    return Interval(row[0], row[1], unpack(row[2])) if row else None


def _coarsen(session: Session, account_id: int, fine: timedelta, coarse: timedelta, now: datetime) -> None:
    """Roll up the fine rows that are later than the coarse ones and whose coarse step is over."""
    of_account = Gain.account_id == account_id
    newest = select(func.max(Gain.end_at, type_=EpochMicroseconds())).where(of_account, Gain.grain_s == seconds(coarse))
    is_new = Gain.end_at > (session.scalar(newest) or NEVER), Gain.end_at < floor(now, coarse)
    fine_rows = (
        select(Gain.start_at, Gain.end_at, Gain.packed)
        .where(of_account, Gain.grain_s == seconds(fine), *is_new)
        .order_by(Gain.end_at)
    )
    intervals = [Interval(start, end, unpack(packed)) for start, end, packed in session.execute(fine_rows).all()]
    if intervals:
        _insert(session, account_id, coarse, list(roll_up(intervals, coarse)))


def _insert(session: Session, account_id: int, grain: timedelta, intervals: Sequence[Interval]) -> None:
    common = {"account_id": account_id, "grain_s": seconds(grain)}
    rows = [common | {"start_at": start, "end_at": end, "packed": pack(gains)} for start, end, gains in intervals]
    session.connection().execute(insert(Gain), rows)
