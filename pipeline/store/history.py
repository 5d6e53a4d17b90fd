"""The history of counts: what each account's posts gained from fetch to fetch, at a coarser resolution as it ages.

A row is an interval between two fetches of an account. There is one for each fetch that found a changed count, and one,
with or without gains, for each pause of more than a minute between two fetches. So between two rows the account was
watched, and nothing changed. pipeline.store.growth defines what a chart may conclude from that.

Where posts of an account are fetched apart, some were fetched last when others were fetched since. What these gained is
in a row of its own, a late one, from their own last fetch on. It is no pause of the account.

Intervals are stored with a resolution of a minute, for an hour. They are rolled up to ten minutes, which are kept for a
day, and these to hours, kept for a week: each span of a chart finds rows at its own resolution. A coarser row repeats
finer ones; what is later than the newest coarser row is in the finer ones alone. A late row stays one until it is no
longer than the resolution.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import NamedTuple

from sqlalchemy import BigInteger, bindparam, delete, func, insert, select, type_coerce, update
from sqlalchemy.orm import Session

from pipeline.records import Span
from pipeline.store.gains import Gains, PostGain, merge, pack, unpack
from pipeline.store.tables import EPOCH, MICROSECOND, EpochMicroseconds, Gain

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
LAST_END = type_coerce(select(func.max(Gain.end_at)).where(*NEWEST).scalar_subquery(), BigInteger)
SELECT_LAST = (
    select(Gain.start_at, Gain.end_at, Gain.packed, Gain.late)
    .where(*NEWEST, type_coerce(Gain.end_at, BigInteger) > LAST_END - MINUTE // MICROSECOND)
    .order_by(Gain.end_at.desc(), Gain.start_at.desc())
)
EXTEND = (
    update(Gain)
    .where(*NEWEST, Gain.start_at == bindparam("start"), Gain.end_at == bindparam("old_end"))
    .where(Gain.late == bindparam("is_late"))
    .values(end_at=bindparam("end_at"), packed=bindparam("packed"))
)
"""Both are built once: they run in each tick for each account that changed."""


class Interval(NamedTuple):
    """What an account's posts gained between two fetches. late: others of its posts may have been fetched meanwhile."""

    start: datetime
    end: datetime
    gains: Gains
    late: bool = False

    def is_long(self, grain: timedelta) -> bool:
        return self.end - self.start > grain

    def is_gap(self, grain: timedelta) -> bool:
        """Whether nobody fetched the account for longer than the resolution."""
        return not self.late and self.is_long(grain)

    @property
    def key(self) -> tuple[datetime, datetime, bool]:
        return self.start, self.end, self.late

    def within_step(self, grain: timedelta) -> "Interval":
        """The same without what of its start is finer than the resolution, unless the start matters: see is_gap."""
        is_kept = self.late or self.is_gap(grain)
        return self if is_kept else self._replace(start=max(self.start, floor(self.end, grain)))

    def is_baseline(self) -> bool:
        """Whether many counts became known, so that charts count from its end on."""
        became_known = sum(1 for gain in self.gains.values() if gain[0])
        return became_known * BASELINE_RATIO > max(len(self.gains), BASELINE_RATIO)

    def is_separate(self, grain: timedelta) -> bool:
        """Whether it must not be merged with its neighbours."""
        return self.is_gap(grain) or self.is_baseline()


class GainSince(NamedTuple):
    """What a post gained since a moment, at which its counts were known. post: the hash of its id."""

    since: datetime
    post: int
    gain: PostGain


def seconds(grain: timedelta) -> int:
    return int(grain.total_seconds())


def floor(moment: datetime, grain: timedelta) -> datetime:
    """The last multiple of the grain, in UTC: the start of the minute, of the ten minutes or of the hour."""
    return moment - (moment - EPOCH) % grain


def split(at: datetime, gained: Iterable[GainSince], *, found: bool, found_before: datetime | None) -> list[Interval]:
    """The intervals that end with a fetch of some of an account's posts: a late one for each other start.

    found, found_before: whether the account is known to have no more posts, and when it was before; see FetchedApart.
    """
    near: list[GainSince] = []
    late: dict[datetime, Gains] = {}
    for each in gained:
        if at - each.since <= MINUTE:
            near.append(each)
        else:
            late.setdefault(floor(each.since, _grain_of(at - each.since)), {})[each.post] = each.gain
    pause = [Interval(found_before or NEVER, at, {})] if found else []
    watched = Interval(min([at, *(each.since for each in near)]), at, {each.post: each.gain for each in near})
    return [*pause, watched, *(Interval(since, at, gains, late=True) for since, gains in late.items())]


def _grain_of(length: timedelta) -> timedelta:
    """The finest resolution of the spans that can hold an interval of this length: a finer start changes no figure."""
    return next((grain for span, grain in GRAINS.items() if length <= span.length + 2 * grain), HOUR)


def add(session: Session, account_id: int, intervals: Iterable[Interval]) -> None:
    """Store what was gained until a fetch, one row a minute. Every ten minutes the account is downsampled."""
    wanted = [each for each in intervals if each.gains or each.is_gap(MINUTE)]
    if not wanted:
        return
    rows = _load_last(session, account_id)
    last_end = max((each.end for each in rows), default=NEVER)
    for each in wanted:
        _add(session, account_id, rows, each._replace(end=max(each.end, last_end)))
    end = max(each.end for each in wanted)
    if not rows or _downsampling(account_id, last_end) != _downsampling(account_id, end):
        downsample(session, account_id, end)


def _add(session: Session, account_id: int, rows: Sequence[Interval], interval: Interval) -> None:
    """Extend the row that takes the interval in, or insert one. rows: the last ones, the newest first."""
    new = interval.within_step(MINUTE)
    last = next((each for each in rows if each.key == new.key), None) or _find_extendable(rows, new)
    if last is None:
        _insert(session, account_id, MINUTE, [new])
        return
    key = {"account": account_id, "start": last.start, "old_end": last.end, "is_late": last.late}
    packed = pack(merge([last.gains, new.gains]))
    session.connection().execute(EXTEND, key | {"end_at": new.end, "packed": packed})


def _find_extendable(rows: Sequence[Interval], new: Interval) -> Interval | None:
    alike = [each for each in rows if each.late == new.late and (not new.late or each.start == new.start)]
    return alike[0] if alike and _can_extend(alike[0], new) else None


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
        members = [each if each.late and each.is_long(grain) else each._replace(late=False) for each in step]
        yield from _merge_late([each for each in members if each.late], grain)
        merged = list(_merge_neighbours(list(_merge_same_ends(members, grain)), grain))
        yield from merged if len(merged) <= MOST_SEPARATE else _merge_neighbours(merged, grain, keep_baselines=False)


def _merge_same_ends(intervals: Sequence[Interval], grain: timedelta) -> Iterator[Interval]:
    """One interval for each end, of those that are neither late nor gaps; the gaps as they are."""
    ordinary = sorted((each for each in intervals if not each.late), key=lambda each: (each.end, each.is_gap(grain)))
    for (_, is_gap), alike in groupby(ordinary, key=lambda each: (each.end, each.is_gap(grain))):
        group = list(alike)
        yield from group if is_gap else [group[0]._replace(gains=merge(each.gains for each in group))]


def _merge_late(intervals: Sequence[Interval], grain: timedelta) -> Iterator[Interval]:
    """Merge those that begin in the same step of the resolution."""
    by_start = sorted(intervals, key=lambda each: floor(each.start, grain))
    for start, alike in groupby(by_start, key=lambda each: floor(each.start, grain)):
        group = list(alike)
        end = max(each.end for each in group)
        yield Interval(start, end, merge(each.gains for each in group), late=True)


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
            whole = Interval(floor(group[-1].end, grain), group[-1].end, merge(each.gains for each in group))
            yield whole._replace(start=max(whole.start, group[0].start))


def _can_extend(last: Interval, new: Interval) -> bool:
    """Whether both belong in one row of the minute."""
    is_kept = last.is_separate(MINUTE) or new.is_separate(MINUTE)
    return floor(last.end, MINUTE) == floor(new.end, MINUTE) and (new.late or not is_kept)


def _downsampling(account_id: int, moment: datetime) -> int:
    """Which downsampling of the account comes next; the number rises by one every ten minutes."""
    return ((moment - EPOCH) // MINUTE + account_id) // MINUTES_PER_DOWNSAMPLING


def _load_last(session: Session, account_id: int) -> list[Interval]:
    """The rows of the last minute that has any, the newest first."""
    rows = session.connection().execute(SELECT_LAST, {"account": account_id}).all()
    return [Interval(start, end, unpack(packed), late) for start, end, packed, late in rows]


def _coarsen(session: Session, account_id: int, fine: timedelta, coarse: timedelta, now: datetime) -> None:
    """Roll up the fine rows that are later than the coarse ones and whose coarse step is over."""
    of_account = Gain.account_id == account_id
    newest = select(func.max(Gain.end_at, type_=EpochMicroseconds())).where(of_account, Gain.grain_s == seconds(coarse))
    is_new = Gain.end_at > (session.scalar(newest) or NEVER), Gain.end_at < floor(now, coarse)
    fine_rows = (
        select(Gain.start_at, Gain.end_at, Gain.packed, Gain.late)
        .where(of_account, Gain.grain_s == seconds(fine), *is_new)
        .order_by(Gain.end_at)
    )
    rows = session.execute(fine_rows).all()
    intervals = [Interval(start, end, unpack(packed), late) for start, end, packed, late in rows]
    if intervals:
        _insert(session, account_id, coarse, list(roll_up(intervals, coarse)))


def _insert(session: Session, account_id: int, grain: timedelta, intervals: Sequence[Interval]) -> None:
    common = {"account_id": account_id, "grain_s": seconds(grain)}
    rows = [
        common | {"start_at": start, "end_at": end, "packed": pack(gains), "late": late}
        for start, end, gains, late in intervals
    ]
    session.connection().execute(insert(Gain), rows)
