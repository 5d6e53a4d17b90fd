"""Posts as they were last fetched. Saving a fetch records what they gained, and what the network billed for them."""

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

NO_COUNTS = Counts()
ALL_MISSING = (1 << len(NO_COUNTS)) - 1
"""The missing_counts of a post that a fetch left out, or returned without any count."""
EARLIEST, LATEST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
COUNT_COLUMNS = tuple(getattr(Post, name) for name in Counts._fields)
SELECT_SINCE = select(Post.post_id, *COUNT_COLUMNS, Post.billed_on, Post.missing_counts).where(
    Post.account_id == bindparam("account"), Post.created_at >= bindparam("since")
)
"""Built once: it runs in each tick for each account that was fetched."""


class LastFetch(NamedTuple):
    """An account's network; when it was fetched before, None for never; the oldest post's time, if older may exist."""

    network: str
    at: datetime | None = None
    back_to: datetime | None = None


class StoredPost(NamedTuple):
    """A post as stored; see tables.Post."""

    counts: Counts
    billed_on: date
    missing_counts: int

    @property
    def last_counts(self) -> Counts:
        """The counts that the last fetch returned, None for those that are stored from an earlier one."""
        if not self.missing_counts:
            return self.counts
        bits = self.missing_counts
        return Counts(*(None if bits >> index & 1 else count for index, count in enumerate(self.counts)))


@dataclass
class PendingChanges:
    """Rows to insert and to update, collected over all accounts so that each statement runs once."""

    new: list[dict[str, Any]] = field(default_factory=list)
    changed: list[dict[str, Any]] = field(default_factory=list)


def count_by_account(session: Session) -> dict[int, int]:
    """How many posts are stored, by account id; accounts without any are left out."""
    rows = session.execute(select(Post.account_id, func.count()).group_by(Post.account_id))
    return dict(rows.all())


def list_newest(session: Session, account_ids: Sequence[int], count: int) -> dict[int, list[PostRecord]]:
    """The newest posts of each account, at most `count`, newest first, by account id."""
    rank = func.row_number().over(partition_by=Post.account_id, order_by=(Post.created_at.desc(), Post.post_id.desc()))
    columns = Post.account_id, Post.post_id, Post.created_at, *COUNT_COLUMNS, rank.label("rank")
    ranked = select(*columns).where(Post.account_id.in_(account_ids)).subquery()
    newest = select(ranked).where(ranked.c.rank <= count).order_by(ranked.c.account_id, ranked.c.rank)
    posts: dict[int, list[PostRecord]] = {account_id: [] for account_id in account_ids}
    for account_id, post_id, created_at, *counts, _rank in session.connection().execute(newest).all():
        posts[account_id].append(PostRecord(post_id, created_at, Counts._make(counts)))
    return posts


def save(session: Session, results: Sequence[FetchResult], last: Mapping[int, LastFetch]) -> set[int]:
    """Store the posts of successful fetches; returns the ids of the accounts whose posts changed.

    last: the fetch before, by account id.
    """
    pending = PendingChanges()
    changed = {each.account_id for each in results if _save_account(session, each, last[each.account_id], pending)}
    _insert(session, pending.new)
    if pending.changed:
        session.execute(update(Post), pending.changed)
    return changed


def _insert(session: Session, rows: list[dict[str, Any]]) -> None:
    """A post that exists stays as it is: one account's inconsistent answer must not fail the tick of all others."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    if rows:
        session.execute(insert(Post).on_conflict_do_nothing(), rows)


def keep_newest(session: Session, account_id: int, count: int) -> None:
    """Delete the account's posts but the newest `count`."""
    newest = select(Post.created_at).where(Post.account_id == account_id).order_by(Post.created_at.desc())
    oldest_kept = session.scalar(newest.offset(count - 1).limit(1))
    if oldest_kept is not None:
        session.execute(delete(Post).where(Post.account_id == account_id, Post.created_at < oldest_kept))


def _save_account(session: Session, result: FetchResult, last: LastFetch, pending: PendingChanges) -> bool:
    """Collect the changes of one fetch, record what was gained, and delete posts that are gone. True if any changed.

    A count that is missing from the fetch keeps its value. A deleted post takes what it gained with it.
    """
    fetched = {post.id: post for post in result.posts or ()}
    stored = _load_stored(session, result)
    _record_bill(session, last.network, result, fetched.keys(), stored)
    absent = stored.keys() - fetched.keys()
    gone = set() if result.partial else absent
    if gone:
        session.execute(delete(Post).where(Post.account_id == result.account_id, Post.post_id.in_(gone)))
    new = [post for post in fetched.values() if post.id not in stored]
    changed = _list_changed(fetched, stored)
    pending.new += [_to_row(result, post) for post in new]
    pending.changed += [_to_row(result, post) for post in changed]
    pending.changed += _list_missing_counts(result, stored, absent - gone)
    gained = dict(_diff(result, last, stored))
    history.add(session, result.account_id, history.Interval(last.at or history.NEVER, result.at, gained))
    return bool(new or changed or gone)


def _list_changed(fetched: Mapping[str, PostRecord], stored: Mapping[str, StoredPost]) -> list[PostRecord]:
    """The stored posts with another count by now."""
    both = [(post, stored[post.id].counts) for post in fetched.values() if post.id in stored]
    differ = [(post, before) for post, before in both if post.counts != before]  # few do, and a merge takes time
    merged = [(post._replace(counts=_merge(post.counts, before)), before) for post, before in differ]
    return [post for post, before in merged if post.counts != before]


def _merge(now: Counts, before: Counts) -> Counts:
    """Each count as it was returned last."""
    return Counts._make(old if new is None else new for new, old in zip(now, before, strict=True))


def _diff(result: FetchResult, last: LastFetch, stored: Mapping[str, StoredPost]) -> Iterator[tuple[int, PostGain]]:
    """(hash of the post's id, its gain) of each post that gained something, or has a count that is known only now.

    A post that was not stored started at zero if it was created after the last fetch. An older one was out of reach of
    the last fetch, which may then have missed stored posts as well: a gain counts only between two fetches with the
    post in both.
    """
    for post in result.posts or ():
        known = stored.get(post.id)
        out_of_reach = known is not None and last.back_to is not None and post.created_at < last.back_to
        if known is not None and known.counts == post.counts and not known.missing_counts and not out_of_reach:
            continue
        is_born = known is None and last.at is not None and post.created_at > last.at - history.MINUTE
        before = NO_COUNTS if known is None or out_of_reach else known.last_counts
        gain = diff_counts(before, post.counts, born=is_born)
        if any(gain):
            yield hash_post_id(post.id), gain


def _list_missing_counts(
    result: FetchResult, stored: Mapping[str, StoredPost], left_out: AbstractSet[str]
) -> Iterator[dict[str, Any]]:
    """Rows of the posts whose missing_counts change with this fetch."""
    fetched = [post for post in result.posts or () if post.id in stored]
    missing = {post.id: _missing_counts(stored[post.id].counts, post.counts) for post in fetched}
    for post_id, bits in [*missing.items(), *((post_id, ALL_MISSING) for post_id in left_out)]:
        if stored[post_id].missing_counts != bits:
            yield {"account_id": result.account_id, "post_id": post_id, "missing_counts": bits}


def _missing_counts(stored: Counts, fetched: Counts) -> int:
    """A bit for each count that is stored and was not fetched."""
    if None not in fetched:
        return 0
    pairs = enumerate(zip(stored, fetched, strict=True))
    return sum(1 << index for index, (before, now) in pairs if before is not None and now is None)


def _load_stored(session: Session, result: FetchResult) -> dict[str, StoredPost]:
    """The stored posts that the fetch covers, by id. An incomplete fetch covers none older than its own posts."""
    since = EARLIEST if result.complete else min((post.created_at for post in result.posts or ()), default=LATEST)
    rows = session.connection().execute(SELECT_SINCE, {"account": result.account_id, "since": since}).all()
    return {row[0]: StoredPost(Counts(*row[1:-2]), row[-2], row[-1]) for row in rows}


def _record_bill(
    session: Session, network: str, result: FetchResult, post_ids: AbstractSet[str], stored: Mapping[str, StoredPost]
) -> None:
    """The network bills a post once a UTC day, when it first returns it."""
    today = result.at.date()
    billed = {each for each in post_ids if each not in stored or stored[each].billed_on != today}
    if not billed:
        return
    ledger.add(session, network, today, "posts", len(billed))
    same = Post.account_id == result.account_id, Post.post_id.in_(billed)
    session.execute(update(Post).where(*same).values(billed_on=today))


def _to_row(result: FetchResult, post: PostRecord) -> dict[str, Any]:
    row = {"account_id": result.account_id, "post_id": post.id, **post.counts._asdict()}
    return row | {"created_at": post.created_at, "billed_on": result.at.date()}
