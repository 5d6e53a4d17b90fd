"""How counts came about: what each account's posts gained from reading to reading, the older the coarser.

A row holds what was gained between two readings of an account, `since` and `at`. There is one where a count changed,
and one, maybe of no gain, where nobody read the account for more than a minute: so that whatever lies between two rows
was observed, and nothing changed there. What that lets a chart say, pipeline.store.growth defines.

A minute's rows are kept for an hour. Those of ten minutes are put together in one that is kept for a day, and an hour's
in one for a week: each chart finds rows as fine as it can show. A coarser row tells again what finer ones do; whatever
is not later than it is in it.
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
"""How fine a span is known; it begins at a whole one."""
MINUTE, TEN_MINUTES, HOUR = GRAINS.values()
NEVER = datetime(1, 1, 1, tzinfo=UTC)
"""Since when there are no counts: the `since` of a first reading."""
TURN = 10
"""Accounts are thinned each ten minutes, a tenth of them each minute."""
MANY = 20
"""A reading that first tells of more than one post in so many is a beginning: its row stays apart from others."""
MOST_APART = 6
"""So many rows at most are kept apart in one while."""
NEWEST = Gain.account_id == bindparam("account"), Gain.grain_s == MINUTE // timedelta(seconds=1)
LAST = select(Gain.start_at, Gain.end_at, Gain.packed).where(*NEWEST).order_by(Gain.end_at.desc()).limit(1)
REPLACE = (
    update(Gain)
    .where(*NEWEST, Gain.end_at == bindparam("was_at"))
    .values(end_at=bindparam("at"), packed=bindparam("packed"))
)
"""Built once: a tick asks these of each account that changed."""


class Interval(NamedTuple):
    """What an account's posts gained between two readings."""

    since: datetime
    at: datetime
    gains: Gains

    def is_apart(self, grain: timedelta) -> bool:
        """Whether it must not be put together with others: it bridges a time not observed, or is a beginning."""
        first = sum(1 for entry in self.gains.values() if entry[0])
        return self.at - self.since > grain or first * MANY > max(len(self.gains), MANY)


def seconds(grain: timedelta) -> int:
    return int(grain.total_seconds())


def floor(moment: datetime, grain: timedelta) -> datetime:
    """The last whole minute, ten minutes or hour, in UTC."""
    return moment - (moment - EPOCH) % grain


def add(session: Session, account_id: int, row: Interval) -> None:
    """Keep what was gained since the reading before; within a minute in one row. Older rows are thinned at times."""
    if not row.gains and row.at - row.since <= MINUTE:
        return
    last = _last(session, account_id)
    if last is not None and _together(last, row):
        packed = pack(merge([last.gains, row.gains]))
        changed = {"account": account_id, "was_at": last.at, "at": row.at, "packed": packed}
        session.connection().execute(REPLACE, changed)
    else:
        _insert(session, account_id, MINUTE, [row])
    if last is None or _turn(account_id, last.at) != _turn(account_id, row.at):
        downsample(session, account_id, row.at)


def downsample(session: Session, account_id: int, now: datetime) -> None:
    """Put together the account's rows of whole ten minutes and hours, and forget those that no chart looks back to."""
    _coarsen(session, account_id, MINUTE, TEN_MINUTES, now)
    _coarsen(session, account_id, TEN_MINUTES, HOUR, now)
    for span, grain in GRAINS.items():
        old = Gain.grain_s == seconds(grain), Gain.end_at < now - span.length - 2 * grain
        session.execute(
            delete(Gain).where(Gain.account_id == account_id, *old).execution_options(synchronize_session=False)
        )


def roll_up(rows: Sequence[Interval], grain: timedelta) -> Iterator[Interval]:
    """The rows of one account, oldest first, as fine as the grain."""
    for _, same in groupby(rows, key=lambda row: floor(row.at, grain)):
        few = list(_joined(list(same), grain))
        yield from few if len(few) <= MOST_APART else _joined(few, grain, beginnings=False)


def _joined(rows: Sequence[Interval], grain: timedelta, *, beginnings: bool = True) -> Iterator[Interval]:
    """Neighbours put together, but for those that are to stay apart."""

    def apart(row: Interval) -> bool:
        return row.is_apart(grain) if beginnings else row.at - row.since > grain

    for is_apart, neighbours in groupby(rows, key=apart):
        group = list(neighbours)
        if is_apart:
            yield from group
        else:
            yield Interval(group[0].since, group[-1].at, merge(row.gains for row in group))


def _together(last: Interval, row: Interval) -> bool:
    """Whether they belong in one row; two of one moment must."""
    near = floor(last.at, MINUTE) == floor(row.at, MINUTE)
    return last.at == row.at or (near and not last.is_apart(MINUTE) and not row.is_apart(MINUTE))


def _turn(account_id: int, moment: datetime) -> int:
    return ((moment - EPOCH) // MINUTE + account_id) // TURN


def _last(session: Session, account_id: int) -> Interval | None:
    found = session.connection().execute(LAST, {"account": account_id}).one_or_none()
    return Interval(found[0], found[1], unpack(found[2])) if found else None


def _coarsen(session: Session, account_id: int, fine: timedelta, coarse: timedelta, now: datetime) -> None:
    """Put together what is later than the coarse rows and whole by now."""
    mine = Gain.account_id == account_id
    latest = session.scalar(
        select(func.max(Gain.end_at, type_=EpochMicroseconds())).where(mine, Gain.grain_s == seconds(coarse))
    )
    later = Gain.end_at > (latest or NEVER), Gain.end_at < floor(now, coarse)
    wanted = (
        select(Gain.start_at, Gain.end_at, Gain.packed)
        .where(mine, Gain.grain_s == seconds(fine), *later)
        .order_by(Gain.end_at)
    )
    rows = [Interval(since, at, unpack(packed)) for since, at, packed in session.execute(wanted).all()]
    if rows:
        _insert(session, account_id, coarse, roll_up(rows, coarse))


def _insert(session: Session, account_id: int, grain: timedelta, rows: Iterator[Interval] | Sequence[Interval]) -> None:
    mine = {"account_id": account_id, "grain_s": seconds(grain)}
    made = [mine | {"start_at": since, "end_at": at, "packed": pack(gains)} for since, at, gains in rows]
    session.connection().execute(insert(Gain), made)
