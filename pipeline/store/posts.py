"""Posts as they were last read, the history of their counts, and what reading them cost."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from pipeline.records import Counts, Reading
from pipeline.records import Post as PostRecord
from pipeline.store import bill
from pipeline.store.tables import History, Post

EARLIEST, LATEST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
COVERED = select(Post.post_id, *(getattr(Post, name) for name in Counts._fields), Post.billed_on).where(
    Post.account_id == bindparam("account"), Post.created_at >= bindparam("since")
)
"""Built once: a tick asks it of each account that was read."""


@dataclass
class Difference:
    """What readings change in the tables, gathered so that each table is written once."""

    new: list[dict[str, Any]] = field(default_factory=list)
    grown: list[dict[str, Any]] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)


def counted(session: Session) -> dict[int, int]:
    """How many posts of each account are stored."""
    rows = session.execute(select(Post.account_id, func.count()).group_by(Post.account_id))
    return dict(rows.all())


def save(session: Session, readings: Sequence[Reading]) -> set[int]:
    """Bring the stored posts to what was read, and return the accounts where something changed."""
    difference = Difference()
    changed = {reading.account_id for reading in readings if _compare(session, reading, difference)}
    _insert(session, Post, difference.new)
    if difference.grown:
        session.execute(update(Post), difference.grown)
    _insert(session, History, difference.history)
    return changed


def _insert(session: Session, table: type[Post | History], rows: list[dict[str, Any]]) -> None:
    """Add the rows; one that is there stays, lest an odd answer of one account cost all others their tick."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    if rows:
        session.execute(insert(table).on_conflict_do_nothing(), rows)


def forget_beyond(session: Session, account_id: int, count: int) -> None:
    """Delete the account's posts but for the newest, as many as this."""
    newest = select(Post.created_at).where(Post.account_id == account_id).order_by(Post.created_at.desc())
    oldest_kept = session.scalar(newest.offset(count - 1).limit(1))
    if oldest_kept is not None:
        session.execute(delete(Post).where(Post.account_id == account_id, Post.created_at < oldest_kept))


def _compare(session: Session, reading: Reading, difference: Difference) -> bool:
    """Add a reading's differences, and a history row for each post whose counts changed; drop posts that are gone.

    A count that is not told any more stays as it was told last. With a post goes its history: what it gains while it
    is not read is not known.
    """
    read = {post.id: post for post in reading.posts or ()}
    known = _stored(session, reading)
    _bill(session, reading, {post_id for post_id in read if known.get(post_id, (None, None))[1] != reading.at.date()})
    gone = set() if reading.partial else known.keys() - read.keys()
    if gone:
        _forget(session, reading.account_id, gone)
    new = [post for post in read.values() if post.id not in known]
    told = [(post, known[post.id][0]) for post in read.values() if post.id in known]
    grown = [post._replace(counts=_latest(post.counts, before)) for post, before in told if post.counts != before]
    grown = [post for post in grown if post.counts != known[post.id][0]]
    difference.new += [_post_row(reading, post) for post in new]
    difference.grown += [_post_row(reading, post) for post in grown]
    difference.history += [_counted(reading, post) | {"at": reading.at} for post in (*new, *grown)]
    return bool(new or grown or gone)


def _latest(now: Counts, before: Counts) -> Counts:
    """Each count as it was told last."""
    return Counts._make(old if new is None else new for new, old in zip(now, before, strict=True))


def _forget(session: Session, account_id: int, post_ids: set[str]) -> None:
    for table in (Post, History):
        session.execute(delete(table).where(table.account_id == account_id, table.post_id.in_(post_ids)))


def _stored(session: Session, reading: Reading) -> dict[str, tuple[Counts, date]]:
    """The stored posts that the reading covers, with their counts and the day they were last billed.

    One that is not complete covers nothing older than its own posts.
    """
    since = EARLIEST if reading.complete else min((post.created_at for post in reading.posts or ()), default=LATEST)
    rows = session.connection().execute(COVERED, {"account": reading.account_id, "since": since}).all()
    return {row[0]: (Counts(*row[1:-1]), row[-1]) for row in rows}


def _bill(session: Session, reading: Reading, post_ids: set[str]) -> None:
    """X bills a post once a UTC day, at its first return."""
    if not post_ids:
        return
    today = reading.at.date()
    bill.add(session, today, "posts", len(post_ids))
    session.execute(
        update(Post).where(Post.account_id == reading.account_id, Post.post_id.in_(post_ids)).values(billed_on=today)
    )


def _post_row(reading: Reading, post: PostRecord) -> dict[str, Any]:
    return _counted(reading, post) | {"created_at": post.created_at, "billed_on": reading.at.date()}


def _counted(reading: Reading, post: PostRecord) -> dict[str, Any]:
    return {"account_id": reading.account_id, "post_id": post.id, **post.counts._asdict()}
