"""What a comparison's posts gained within a span.

Gained is what an account's posts have at one moment at which it was read, less what they had at another. The posts are
those that the comparison shows, the newest ones; what a post gained that is deleted, or that newer ones pushed out of
them, is no longer counted, and nobody loses it. The later moment is the account's last reading. The earlier one is the
span's start, within a grain: then the chart says just the span's name. Where nobody read the account then, it is the
first reading after that, and the chart says since when. So what came while nobody looked is told by a span that holds
the whole of that time, and by no other. A post made since the account was read before began at nothing.

A post that was not read at the earlier moment, though it was there, makes the account known only from the first reading
of it on. Of many posts one in twenty may do so without that, and counts from then: an old post comes into view when a
newer one is deleted. A count that becomes known has gained nothing by that; one that falls has lost something.

Not known at all is what was gained by an account that was read less than twice within the span; and that nothing was,
where it is late: by a note the chart says of when it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, Select, func, literal, select, type_coerce
from sqlalchemy.orm import Session, aliased

from pipeline.records import Counts, Metric, Post, Span
from pipeline.store.gains import LAYOUTS, WIDTHS, hash_post_id
from pipeline.store.history import GRAINS, MANY, MINUTE, seconds
from pipeline.store.tables import EPOCH, MICROSECOND, Account, EpochMicroseconds, Gain, from_epoch_us, to_epoch_us

PLACES = {metric: [Counts._fields.index(part.value) for part in metric.parts] for metric in Metric}
"""Where a metric's counts stand."""
ENTRIES = {
    width: np.dtype([("post", "<i8"), ("first", "u1"), ("gained", f"<i{width}", (len(Counts._fields),))])
    for width in WIDTHS
}
assert all(ENTRIES[width].itemsize == LAYOUTS[width].size for width in WIDTHS)  # noqa: S101 two names of one thing

Course = tuple[tuple[datetime, int], ...]
Gap = tuple[datetime, datetime]
Stretch = tuple[int, int, bytes]
"""From one reading to another, in microseconds since 1970, and what was gained between them."""


@dataclass(frozen=True, slots=True)
class Growth:
    """What an account's posts gained.

    total: None where that is not known.
    course: what had been gained by each moment that it changed, oldest first.
    gaps: from when to when nobody read the account, where that is longer than a grain.
    since: from when on it is known, where that is not the span's start.
    until: when the account was last read, where it is late.
    fades_at: when this is no longer so though nothing is read, since the span slides; None for never.
    """

    total: int | None = None
    course: Course = ()
    gaps: tuple[Gap, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Entries:
    """Which post gained how much in which stretch (its number), and whether it was first told of there."""

    stretch: NDArray[np.int64]
    post: NDArray[np.int64]
    first: NDArray[np.bool_]
    gained: NDArray[np.int64]

    def sums(self, stretches: int) -> list[int]:
        """What was gained in each of the stretches."""
        sums = np.bincount(self.stretch, self.gained, stretches)  # as doubles, exact up to 9 * 10**15
        return [int(each) for each in sums]


def compute_growth(  # noqa: PLR0913, PLR0917 what is asked of a comparison
    session: Session,
    accounts: Sequence[Account],
    posts: Mapping[int, Sequence[Post]],
    metric: Metric,
    span: Span,
    now: datetime,
) -> list[Growth]:
    """What each account's posts gained in the span that ends now, in the accounts' order."""
    window = Window(span, now)
    stretches = _stretches(session, [account.id for account in accounts], window)
    return [_of(each, posts[each.id], stretches[each.id], metric, window) for each in accounts]


class Window:
    """A span that ends now, in microseconds. It begins at a whole grain, so that it slides only then."""

    def __init__(self, span: Span, now: datetime) -> None:
        self.now, self.grain, self.length = to_epoch_us(now), GRAINS[span] // MICROSECOND, span.length // MICROSECOND
        self.start = self.floor(self.now - self.length) + self.grain

    def floor(self, at: int) -> int:
        return at - at % self.grain

    def while_of(self, stretch: Stretch) -> tuple[int, bool]:
        """Stretches of one while make one step, but for those that bridge a gap."""
        return self.floor(stretch[1]), self.is_gap(stretch)

    def is_gap(self, stretch: Stretch) -> bool:
        return stretch[1] - stretch[0] > self.grain

    def passes_at(self, at: int) -> int:
        """When the span will begin after that moment."""
        return self.floor(at) + self.length


def _stretches(session: Session, account_ids: Sequence[int], window: Window) -> dict[int, list[Stretch]]:
    """As coarse as the span's grain, and finer ones of what is later than those."""
    found: dict[int, list[Stretch]] = {account_id: [] for account_id in account_ids}
    grains = [grain for grain in GRAINS.values() if grain // MICROSECOND <= window.grain]
    for grain, coarser in zip(grains, [*grains[1:], None], strict=True):
        wanted = _later(grain, coarser).where(Account.id.in_(account_ids), Gain.end_at >= from_epoch_us(window.start))
        for account_id, since, at, packed in session.connection().execute(wanted).all():
            found[account_id].append((since, at, packed))
    return {account_id: sorted(stretches, key=itemgetter(1)) for account_id, stretches in found.items()}


def _later(grain: timedelta, coarser: timedelta | None) -> Select[int, int, int, bytes]:
    """An account's rows of this grain that are later than its coarser ones: those tell the same again."""
    since, at = type_coerce(Gain.start_at, BigInteger), type_coerce(Gain.end_at, BigInteger)
    rows = select(Account.id, since, at, Gain.packed).join(Gain, Gain.account_id == Account.id)
    rows = rows.where(Gain.grain_s == seconds(grain))
    if coarser is None:
        return rows
    other = aliased(Gain)
    told = other.account_id == Account.id, other.grain_s == seconds(coarser)
    latest = (
        select(func.coalesce(func.max(other.end_at), literal(EPOCH, EpochMicroseconds))).where(*told).scalar_subquery()
    )
    return rows.where(Gain.end_at > latest)


def _of(
    account: Account, posts: Sequence[Post], stretches: Sequence[Stretch], metric: Metric, window: Window
) -> Growth:
    read_at = None if account.fetched_at is None else to_epoch_us(account.fetched_at)
    if read_at is None or read_at < window.start:
        return Growth()
    counted_in = [post.id for post in posts if metric.of(post.counts) is not None]
    entries = _entries([packed for _, _, packed in stretches], counted_in, PLACES[metric])
    known_from = max([window.start, *_bridged(stretches, window), *_told_late(entries, stretches, len(counted_in))])
    since = known_from if known_from > window.start else None
    if read_at <= known_from:
        return Growth(since=_moment(since), expires_at=_next([read_at + MINUTE // MICROSECOND], window))
    first = next((n for n, (_, at, _) in enumerate(stretches) if at > known_from), len(stretches))
    first = 0 if known_from == window.start else first
    counted = stretches[first:]
    course = _course(counted, entries.sums(len(stretches))[first:], window)
    total = course[-1][1] if course else 0
    if account.stale and not total and window.now - read_at > window.grain:
        return Growth(since=_moment(since))
    gaps = [(begin, end) for begin, end, _ in counted if end - begin > window.grain]
    until = read_at if account.stale else None
    return Growth(
        total,
        tuple((from_epoch_us(at), gained) for at, gained in course),
        tuple((from_epoch_us(begin), from_epoch_us(end)) for begin, end in gaps),
        _moment(since),
        _moment(until),
        _fades_at([at for at, _ in course], [begin for begin, _ in gaps], since, until, window),
    )


def _moment(at: int | None) -> datetime | None:
    return None if at is None else from_epoch_us(at)


def _bridged(stretches: Sequence[Stretch], window: Window) -> list[int]:
    """The ends of those that begin before the span does, by more than a grain."""
    return [at for since, at, _ in stretches if since < window.start - window.grain]


def _told_late(entries: Entries, stretches: Sequence[Stretch], posts: int) -> list[int]:
    """When the last of the posts was first told of within the span, leaving out as many as may be."""
    told = zip(entries.post[entries.first].tolist(), entries.stretch[entries.first].tolist(), strict=True)
    last = dict(sorted(told, key=itemgetter(1)))
    latest = sorted(last.values(), reverse=True)[posts // MANY :]
    return [stretches[number][1] for number in latest[:1]]


def _course(stretches: Sequence[Stretch], sums: Sequence[int], window: Window) -> list[tuple[int, int]]:
    """What had been gained after each while, where that changed it: the last of its changes stands for all."""
    course: list[tuple[int, int]] = []
    had = 0
    for _, same in groupby(zip(stretches, sums, strict=True), key=lambda each: window.while_of(each[0])):
        steps = [(stretch[1], gained) for stretch, gained in same if gained]
        gained = sum(gained for _, gained in steps)
        if gained:
            had += gained
            course.append((steps[-1][0], had))
    return course


def _entries(packed: Sequence[bytes], posts: Sequence[str], places: Sequence[int]) -> Entries:
    """What these posts gained of these counts, each stretch's in turn."""
    marks = np.sort(np.array([hash_post_id(post_id) for post_id in posts or [""]], np.int64))
    parts = [_of_width(width, packed, marks, places) for width in WIDTHS]
    return Entries(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _of_width(
    width: int, packed: Sequence[bytes], marks: NDArray[np.int64], places: Sequence[int]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_], NDArray[np.int64]]:
    numbers = [number for number, each in enumerate(packed) if each[0] == width]
    sizes = [len(packed[number]) // ENTRIES[width].itemsize for number in numbers]
    entries = np.frombuffer(b"".join([packed[number][1:] for number in numbers]), ENTRIES[width])
    post = entries["post"].astype(np.int64)
    ours = np.flatnonzero(marks[np.searchsorted(marks[:-1], post)] == post)  # np.isin would sort them all
    first = (entries["first"] & sum(1 << place for place in places)) != 0
    gained = sum((entries["gained"][:, place].astype(np.int64) for place in places), np.zeros(len(entries), np.int64))
    return np.repeat(np.array(numbers, np.int64), sizes)[ours], post[ours], first[ours], gained[ours]


def _fades_at(
    course: Sequence[int], gaps: Sequence[int], since: int | None, until: int | None, window: Window
) -> datetime | None:
    """When the first step leaves the span, or its start comes into a gap or to where the account is known from."""
    moments = [window.passes_at(at) for at in course[:1]]
    moments += [window.passes_at(begin) + window.grain for begin in gaps[:1]]
    moments += [window.passes_at(since)] if since else []
    moments += [window.passes_at(until), until + window.grain] if until else []
    return _next(moments, window)


def _next(moments: Sequence[int], window: Window) -> datetime | None:
    return _moment(min((at for at in moments if at > window.now), default=None))
