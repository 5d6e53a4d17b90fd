"""Growth: what a comparison's posts gained within a span.

The gain of an account is what its posts have at its last fetch, less what they had at the start of the span. The posts
are those that the comparison shows, the newest ones: what deleted posts gained, or posts that newer ones displaced, is
not counted. A post created between two fetches started at zero.

The start must have been observed: a fetch within one grain of the span's start. Without one, growth is known from the
next fetch on, which is then its `since`. What was gained in a gap without fetches therefore counts in a span that
contains the whole gap, and in no other.

Where posts of an account are fetched apart from each other, this goes for each by itself: what a post gained between
two fetches of its own counts in a span that contains the time between them. In another its counts became known at the
second, if they changed.

A count that became known within the span has no gain until then, so growth is known from that fetch on. One post in
twenty may be such a post without this effect, and is counted from its own first fetch on: an old post comes into view
whenever a newer one is deleted.

Growth is unknown where an account was fetched less than twice within the span, and where a stale account seems to have
gained nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, Select, func, literal, select, type_coerce
from sqlalchemy.orm import Session, aliased

from pipeline.records import Counts, Metric, Post, Span
from pipeline.store.gains import LAYOUTS, WIDTHS, hash_post_id
from pipeline.store.history import BASELINE_RATIO, GRAINS, MINUTE, seconds
from pipeline.store.tables import EPOCH, MICROSECOND, Account, EpochMicroseconds, Gain, from_epoch_us, to_epoch_us

ENTRY_TYPES = {
    width: np.dtype([("post", "<i8"), ("became_known", "u1"), ("gained", f"<i{width}", (len(Counts._fields),))])
    for width in WIDTHS
}
"""gains.LAYOUTS for numpy."""
assert all(ENTRY_TYPES[width].itemsize == LAYOUTS[width].size for width in WIDTHS)  # noqa: S101 two names of one thing


@dataclass(frozen=True, slots=True)
class Growth:
    """What an account's posts gained within a span.

    total: None if unknown.
    series: the cumulative gain after each change, oldest first.
    gaps: start and end of each pause between fetches that is longer than the grain.
    since: the fetch that growth is known from, None if that is the span's start.
    until: the last fetch of a stale account, None if the account is not stale.
    expires_at: when this changes without a further fetch, because the span moves on; None for never.
    """

    total: int | None = None
    series: tuple[tuple[datetime, int], ...] = ()
    gaps: tuple[tuple[datetime, datetime], ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    expires_at: datetime | None = None


class PackedInterval(NamedTuple):
    """A row of the history: two fetches, in microseconds since 1970, and the packed gains between them.

    late: of posts that were not fetched in between, while others may have been.
    """

    start_us: int
    end_us: int
    packed: bytes
    late: bool


@dataclass(frozen=True, slots=True)
class Entries:
    """Arrays of equal length, an element for each gain of a post in an interval.

    interval: the interval's index. post: the hash of the post's id. became_known: whether the metric became known then.
    gained: what the metric gained.
    """

    interval: NDArray[np.int64]
    post: NDArray[np.int64]
    became_known: NDArray[np.bool_]
    gained: NDArray[np.int64]

    def without_gains(self, unknown: Sequence[bool]) -> "Entries":
        """The same, where posts only became known at the end of some of the intervals; unknown: by interval."""
        is_unknown = np.array(unknown, np.bool_)[self.interval]
        became_known = self.became_known | (is_unknown & (self.gained != 0))
        return replace(self, became_known=became_known, gained=np.where(is_unknown, 0, self.gained))

    def sums(self, intervals: int) -> list[int]:
        """The gain of all posts in each interval; intervals: their number."""
        sums = np.bincount(self.interval, self.gained, intervals)  # as doubles, exact up to 9 * 10**15
        return [int(each) for each in sums]


class Window:
    """A span that ends now, in microseconds. Its start is a multiple of the grain, so it moves on in whole grains."""

    def __init__(self, span: Span, now: datetime) -> None:
        self.now_us = to_epoch_us(now)
        self.grain_us, self.length_us = GRAINS[span] // MICROSECOND, span.length // MICROSECOND
        self.start_us = self.floor(self.now_us - self.length_us) + self.grain_us

    def floor(self, at_us: int) -> int:
        return at_us - at_us % self.grain_us

    def is_gap(self, interval: PackedInterval) -> bool:
        return not interval.late and interval.end_us - interval.start_us > self.grain_us

    def begins_before(self, interval: PackedInterval) -> bool:
        """Whether the interval has a part before the window's start, by more than the grain."""
        return interval.start_us < self.start_us - self.grain_us

    def bucket_of(self, interval: PackedInterval) -> tuple[int, bool]:
        """Intervals of one bucket make one step of the series."""
        return self.floor(interval.end_us), self.is_gap(interval)

    def leaves_at(self, at_us: int) -> int:
        """When the window's start will have passed this time."""
        return self.floor(at_us) + self.length_us


def compute_growth(  # noqa: PLR0913, PLR0917 the parts of a comparison's spec
    session: Session,
    accounts: Sequence[Account],
    posts: Mapping[int, Sequence[Post]],
    parts: Sequence[Metric],
    span: Span,
    now: datetime,
) -> list[Growth]:
    """The growth of each account over the span that ends now, in the accounts' order.

    posts: those of each account that count, by account id. parts: the counts that make up the metric.
    """
    window = Window(span, now)
    intervals = _load_intervals(session, [account.id for account in accounts], window)
    return [_of_account(each, posts[each.id], intervals[each.id], parts, window) for each in accounts]


def _load_intervals(session: Session, account_ids: Sequence[int], window: Window) -> dict[int, list[PackedInterval]]:
    """Intervals that end within the window, oldest first, by account id.

    They have the window's resolution, but for the newest, which have not been rolled up to it yet.
    """
    found: dict[int, list[PackedInterval]] = {account_id: [] for account_id in account_ids}
    grains = [grain for grain in GRAINS.values() if grain // MICROSECOND <= window.grain_us]
    in_window = Account.id.in_(account_ids), Gain.end_at >= from_epoch_us(window.start_us)
    for grain, coarser in zip(grains, [*grains[1:], None], strict=True):
        query = _select_not_rolled_up(grain, coarser).where(*in_window)
        for account_id, *row in session.connection().execute(query).all():
            found[account_id].append(PackedInterval._make(row))
    return {account_id: sorted(intervals, key=lambda each: each.end_us) for account_id, intervals in found.items()}


def _select_not_rolled_up(grain: timedelta, coarser: timedelta | None) -> Select[int, int, int, bytes, bool]:
    """Rows of this grain that no row of the coarser grain repeats; all of them if there is no coarser one."""
    start_us, end_us = type_coerce(Gain.start_at, BigInteger), type_coerce(Gain.end_at, BigInteger)
    rows = select(Account.id, start_us, end_us, Gain.packed, Gain.late).join(Gain, Gain.account_id == Account.id)
    rows = rows.where(Gain.grain_s == seconds(grain))
    if coarser is None:
        return rows
    other = aliased(Gain)
    is_coarser = other.account_id == Account.id, other.grain_s == seconds(coarser)
    newest = func.coalesce(func.max(other.end_at), literal(EPOCH, EpochMicroseconds))
    return rows.where(Gain.end_at > select(newest).where(*is_coarser).scalar_subquery())


def _of_account(
    account: Account,
    posts: Sequence[Post],
    intervals: Sequence[PackedInterval],
    parts: Sequence[Metric],
    window: Window,
) -> Growth:
    fetched_us = None if account.fetched_at is None else to_epoch_us(account.fetched_at)
    if fetched_us is None or fetched_us < window.start_us:
        return Growth()
    counted = [post.id for post in posts if post.counts.total(parts) is not None]
    indices = [Counts._fields.index(part) for part in parts]
    entries = _unpack_entries([each.packed for each in intervals], counted, indices)
    entries = entries.without_gains([each.late and window.begins_before(each) for each in intervals])
    known_us = _known_from(intervals, entries, len(counted), window)
    since_us = known_us if known_us > window.start_us else None
    if fetched_us <= known_us:
        return Growth(since=_to_moment(since_us), expires_at=_next([fetched_us + MINUTE // MICROSECOND], window))
    sums = entries.sums(len(intervals))
    steps = [
        (each, gained)
        for each, gained in zip(intervals, sums, strict=True)
        if since_us is None or each.end_us > since_us
    ]
    series = _accumulate(steps, window)
    total = series[-1][1] if series else 0
    if account.stale and not total and window.now_us - fetched_us > window.grain_us:
        return Growth(since=_to_moment(since_us))
    gaps = [(each.start_us, each.end_us) for each, _ in steps if window.is_gap(each)]
    late = [each.start_us for each, gained in steps if each.late and gained]
    until_us = fetched_us if account.stale else None
    return Growth(
        total,
        tuple((from_epoch_us(at_us), gained) for at_us, gained in series),
        tuple((from_epoch_us(start_us), from_epoch_us(end_us)) for start_us, end_us in gaps),
        _to_moment(since_us),
        _to_moment(until_us),
        _expires_at([at for at, _ in series], [*(start for start, _ in gaps), *late], since_us, until_us, window),
    )


def _to_moment(at_us: int | None) -> datetime | None:
    return None if at_us is None else from_epoch_us(at_us)


def _known_from(intervals: Sequence[PackedInterval], entries: Entries, posts: int, window: Window) -> int:
    """The time that growth is known from, in microseconds; posts: how many are counted."""
    bridging = [each.end_us for each in intervals if not each.late and window.begins_before(each)]
    return max([window.start_us, *bridging, *_late_baseline(entries, intervals, posts)])


def _late_baseline(entries: Entries, intervals: Sequence[PackedInterval], posts: int) -> list[int]:
    """When the last of the posts became known within the window, without one in twenty; empty if none did."""
    known = entries.became_known
    pairs = zip(entries.post[known].tolist(), entries.interval[known].tolist(), strict=True)
    last_by_post = dict(sorted(pairs, key=itemgetter(1)))
    latest = sorted(last_by_post.values(), reverse=True)[posts // BASELINE_RATIO :]
    return [intervals[index].end_us for index in latest[:1]]


def _accumulate(steps: Sequence[tuple[PackedInterval, int]], window: Window) -> list[tuple[int, int]]:
    """(time in microseconds, cumulative gain) of each bucket that changed it; the time is its last change."""
    series: list[tuple[int, int]] = []
    total = 0
    for _, bucket in groupby(steps, key=lambda step: window.bucket_of(step[0])):
        changes = [(each.end_us, gained) for each, gained in bucket if gained]
        gained = sum(gained for _, gained in changes)
        if gained:
            total += gained
            series.append((changes[-1][0], total))
    return series


def _unpack_entries(packed: Sequence[bytes], posts: Sequence[str], indices: Sequence[int]) -> Entries:
    """The gains of these posts (ids) in these counts (indices of Counts), added up to one metric."""
    hashes = np.sort(np.array([hash_post_id(post_id) for post_id in posts or [""]], np.int64))
    parts = [_unpack_width(width, packed, hashes, indices) for width in WIDTHS]
    return Entries(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _unpack_width(
    width: int, packed: Sequence[bytes], hashes: NDArray[np.int64], indices: Sequence[int]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_], NDArray[np.int64]]:
    """The columns of Entries from the intervals that are packed in this width, in bytes; hashes: of posts, sorted."""
    numbers = [number for number, each in enumerate(packed) if each[0] == width]
    sizes = [len(packed[number]) // ENTRY_TYPES[width].itemsize for number in numbers]
    entries = np.frombuffer(b"".join([packed[number][1:] for number in numbers]), ENTRY_TYPES[width])
    post = entries["post"].astype(np.int64)
    wanted = np.flatnonzero(hashes[np.searchsorted(hashes[:-1], post)] == post)  # np.isin would sort them all
    became_known = (entries["became_known"] & sum(1 << index for index in indices)) != 0
    gained = sum((entries["gained"][:, index].astype(np.int64) for index in indices), np.zeros(len(entries), np.int64))
    interval = np.repeat(np.array(numbers, np.int64), sizes)
    return interval[wanted], post[wanted], became_known[wanted], gained[wanted]


def _expires_at(
    series_us: Sequence[int], starts_us: Sequence[int], since_us: int | None, until_us: int | None, window: Window
) -> datetime | None:
    """When the first step leaves the window, or its start enters a gap or a late row, or passes since or until.

    starts_us: of gaps and of late rows with gains.
    """
    moments_us = [window.leaves_at(at) for at in series_us[:1]]
    moments_us += [window.leaves_at(start) + window.grain_us for start in starts_us]
    moments_us += [window.leaves_at(since_us)] if since_us else []
    moments_us += [window.leaves_at(until_us), until_us + window.grain_us] if until_us else []
    return _next(moments_us, window)


def _next(moments_us: Sequence[int], window: Window) -> datetime | None:
    return _to_moment(min((at for at in moments_us if at > window.now_us), default=None))
