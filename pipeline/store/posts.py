"""Posts as they were last read, what they gained since they were read before, and what reading them cost."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from pipeline.records import Counts, FetchResult
from pipeline.records import Post as PostRecord
from pipeline.store import history, ledger
from pipeline.store.gains import PostGain, diff_counts, hash_post_id
from pipeline.store.tables import Post

UNTOLD = Counts()
NOTHING_TOLD = (1 << len(UNTOLD)) - 1
"""The mark of a post of which a reading told no count, or that it left out."""
EARLIEST, LATEST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
COVERED = select(
    Post.post_id, *(getattr(Post, name) for name in Counts._fields), Post.billed_on, Post.missing_counts
).where(Post.account_id == bindparam("account"), Post.created_at >= bindparam("since"))
"""Built once: a tick asks it of each account that was read."""


class LastFetch(NamedTuple):
    """When an account was read before, None for never, and back to when, where there may be older posts."""

    at: datetime | None = None
    back_to: datetime | None = None


class StoredPost(NamedTuple):
    """A post as it is stored; see the table."""

    counts: Counts
    billed_on: date
    untold: int

    @property
    def told(self) -> Counts:
        """The counts that the last reading told."""
        if not self.untold:
            return self.counts
        return Counts(*(None if self.untold >> place & 1 else count for place, count in enumerate(self.counts)))


@dataclass
class PendingChanges:
    """What readings change in the tables, gathered so that each table is written once."""

    new: list[dict[str, Any]] = field(default_factory=list)
    grown: list[dict[str, Any]] = field(default_factory=list)


def count_by_account(session: Session) -> dict[int, int]:
    """How many posts of each account are stored."""
    rows = session.execute(select(Post.account_id, func.count()).group_by(Post.account_id))
    return dict(rows.all())


def save(session: Session, readings: Sequence[FetchResult], last: Mapping[int, LastFetch]) -> set[int]:
    """Bring the stored posts to what was read, and return the accounts where something changed.

    last: how each account was read before.
    """
    difference = PendingChanges()
    changed = {each.account_id for each in readings if _compare(session, each, last[each.account_id], difference)}
    _insert(session, difference.new)
    if difference.grown:
        session.execute(update(Post), difference.grown)
    return changed


def _insert(session: Session, rows: list[dict[str, Any]]) -> None:
    """Add the rows; one that is there stays, lest an odd answer of one account cost all others their tick."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    if rows:
        session.execute(insert(Post).on_conflict_do_nothing(), rows)


def keep_newest(session: Session, account_id: int, count: int) -> None:
    """Delete the account's posts but for the newest, as many as this."""
    newest = select(Post.created_at).where(Post.account_id == account_id).order_by(Post.created_at.desc())
    oldest_kept = session.scalar(newest.offset(count - 1).limit(1))
    if oldest_kept is not None:
        session.execute(delete(Post).where(Post.account_id == account_id, Post.created_at < oldest_kept))


def _compare(session: Session, reading: FetchResult, last: LastFetch, difference: PendingChanges) -> bool:
    """Add a reading's differences, and what the posts gained to the history; drop posts that are gone.

    A count that is not told any more stays as it was told last. With a post goes its history: what it gains while it
    is not read is not known.
    """
    read = {post.id: post for post in reading.posts or ()}
    known = _stored(session, reading)
    today = reading.at.date()
    _bill(session, reading, {post_id for post_id in read if post_id not in known or known[post_id].billed_on != today})
    missed = known.keys() - read.keys()
    gone = set() if reading.partial else missed
    if gone:
        session.execute(delete(Post).where(Post.account_id == reading.account_id, Post.post_id.in_(gone)))
    new = [post for post in read.values() if post.id not in known]
    told = [(post, known[post.id].counts) for post in read.values() if post.id in known]
    grown = [post._replace(counts=_latest(post.counts, before)) for post, before in told if post.counts != before]
    grown = [post for post in grown if post.counts != known[post.id].counts]
    difference.new += [_post_row(reading, post) for post in new]
    difference.grown += [_post_row(reading, post) for post in grown]
    difference.grown += _marked(reading, known, missed - gone)
    gained = dict(_gained(reading, last, known))
    history.add(session, reading.account_id, history.Interval(last.at or history.NEVER, reading.at, gained))
    return bool(new or grown or gone)


def _latest(now: Counts, before: Counts) -> Counts:
    """Each count as it was told last."""
    return Counts._make(old if new is None else new for new, old in zip(now, before, strict=True))


def _gained(reading: FetchResult, last: LastFetch, known: Mapping[str, StoredPost]) -> Iterator[tuple[int, PostGain]]:
    """What each post gained, where it gained or is told of for the first time.

    One that was not there before was born since, unless it is older than the reading before: then that did not reach so
    far, and may not have read what is stored either. What a post gains while it is not read is not known.
    """
    for post in reading.posts or ():
        stored = known.get(post.id)
        back = stored is not None and last.back_to is not None and post.created_at < last.back_to
        if stored is not None and stored.counts == post.counts and not stored.untold and not back:
            continue
        born = stored is None and last.at is not None and post.created_at > last.at - history.MINUTE
        found = diff_counts(UNTOLD if stored is None or back else stored.told, post.counts, born=born)
        if any(found):
            yield hash_post_id(post.id), found


def _marked(
    reading: FetchResult, known: Mapping[str, StoredPost], left_out: AbstractSet[str]
) -> Iterator[dict[str, Any]]:
    """The posts of which the reading tells other counts than the one before did."""
    told = {post.id: _untold(known[post.id].counts, post.counts) for post in reading.posts or () if post.id in known}
    for post_id, untold in [*told.items(), *((post_id, NOTHING_TOLD) for post_id in left_out)]:
        if known[post_id].untold != untold:
            yield {"account_id": reading.account_id, "post_id": post_id, "missing_counts": untold}


def _untold(known: Counts, told: Counts) -> int:
    """A bit for each count that is known and was not told."""
    if None not in told:
        return 0
    places = enumerate(zip(known, told, strict=True))
    return sum(1 << place for place, (was, count) in places if was is not None and count is None)


def _stored(session: Session, reading: FetchResult) -> dict[str, StoredPost]:
    """The stored posts that the reading covers. One that is not complete covers nothing older than its own posts."""
    since = EARLIEST if reading.complete else min((post.created_at for post in reading.posts or ()), default=LATEST)
    rows = session.connection().execute(COVERED, {"account": reading.account_id, "since": since}).all()
    return {row[0]: StoredPost(Counts(*row[1:-2]), row[-2], row[-1]) for row in rows}


def _bill(session: Session, reading: FetchResult, post_ids: set[str]) -> None:
    """X bills a post once a UTC day, at its first return."""
    if not post_ids:
        return
    today = reading.at.date()
    ledger.add(session, today, "posts", len(post_ids))
    session.execute(
        update(Post).where(Post.account_id == reading.account_id, Post.post_id.in_(post_ids)).values(billed_on=today)
    )


def _post_row(reading: FetchResult, post: PostRecord) -> dict[str, Any]:
    return _counted(reading, post) | {"created_at": post.created_at, "billed_on": reading.at.date()}


def _counted(reading: FetchResult, post: PostRecord) -> dict[str, Any]:
    return {"account_id": reading.account_id, "post_id": post.id, **post.counts._asdict()}
