"""Posts as they were last fetched. Saving a fetch records what they gained.

A network that is asked for an account's whole timeline each time: `save`. On one with a price, or whose timelines are
read in stages, posts of an account are fetched apart from each other: `save_apart`.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import (
    bindparam,
    case,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.orm import Session

from pipeline.records import Counts, FetchResult
from pipeline.records import Post as PostRecord
from pipeline.store import history
from pipeline.store.engine import insert_missing
from pipeline.store.gains import PostGain, diff_counts, hash_post_id
from pipeline.store.tables import Post

NO_COUNTS = Counts()
ALL_MISSING = (1 << len(NO_COUNTS)) - 1
"""The missing_counts of a post that a fetch left out, or returned without any count."""
EARLIEST, LATEST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
COUNT_COLUMNS = tuple(getattr(Post, name) for name in Counts._fields)
SELECT_SINCE = select(Post.post_id, *COUNT_COLUMNS, Post.missing_counts, Post.created_at, Post.is_reply).where(
    Post.account_id == bindparam("account"), Post.created_at >= bindparam("since")
)
"""Built once: it runs in each tick for each account that was fetched."""
SELECT_BY_IDS = select(
    Post.post_id, *COUNT_COLUMNS, Post.missing_counts, Post.read_at, Post.created_at, Post.is_reply
).where(Post.account_id == bindparam("account"), Post.post_id.in_(bindparam("ids", expanding=True)))
UPDATE_READ = update(Post).where(Post.account_id == bindparam("account"), Post.post_id == bindparam("post"))
SHOWN_AS_OLD = timedelta(days=2)
"""Where a chart shows posts that were read so long before the last fetch of their account, its note says so."""
BATCH = 500
"""How many posts one statement looks up: SQLite takes a limited number of values."""
PostKey = tuple[int, str]
"""The account's id and the post's."""


class LastFetch(NamedTuple):
    """When an account was fetched before, None for never; the oldest post's time, if older may exist."""

    at: datetime | None = None
    back_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class FetchedApart:
    """Posts of an account that were fetched apart from its others, at a moment.

    gone: ids of posts that do not exist any more.
    found: no post that the account had made by then is unknown now, but for those older than its first fetch reached.
    found_before: when that was so the last time before, None for never. A post made later had no counts then.
    """

    account_id: int
    at: datetime
    posts: Sequence[PostRecord] = ()
    gone: Sequence[str] = ()
    found: bool = False
    found_before: datetime | None = None


class StoredPost(NamedTuple):
    """A post as stored; see tables.Post."""

    counts: Counts
    missing_counts: int = 0
    read_at: datetime | None = None
    created_at: datetime = EARLIEST
    is_reply: bool | None = None

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


def count_by_account(session: Session, account_ids: Collection[int]) -> dict[int, int]:
    """How many posts are stored of each of these accounts, by id; those without any are left out."""
    if not account_ids:
        return {}
    which = Post.account_id.in_(account_ids)
    rows = session.execute(select(Post.account_id, func.count()).where(which).group_by(Post.account_id))
    return dict(rows.all())


def count_since(session: Session, account_ids: Collection[int], since: datetime) -> dict[int, int]:
    """How many stored posts of each of these accounts were made since that moment, by id; without those with none."""
    if not account_ids:
        return {}
    which = Post.account_id.in_(account_ids), Post.created_at >= since
    rows = session.execute(select(Post.account_id, func.count()).where(*which).group_by(Post.account_id))
    return dict(rows.all())


def list_ids_between(session: Session, account_id: int, after: datetime, until: datetime | None) -> set[str]:
    """The ids of the account's stored posts of this time; from EARLIEST on, and until None, of all times."""
    which = Post.account_id == account_id, Post.created_at > after
    ended = () if until is None else (Post.created_at <= until,)
    return set(session.scalars(select(Post.post_id).where(*which, *ended)))


def load(session: Session, fetches: Iterable[FetchedApart]) -> dict[PostKey, StoredPost]:
    """The stored posts of these fetches, as they are before `save_apart`."""
    return _load_posts(session, {(each.account_id, post_id) for each in fetches for post_id in _post_ids(each)})


def list_newest(session: Session, account_ids: Sequence[int], count: int) -> dict[int, list[PostRecord]]:
    """The newest posts of each account, newest first, by its id: `count` of all, and `count` that are no replies."""
    order = Post.created_at.desc(), Post.post_id.desc()
    rank = func.row_number().over(partition_by=Post.account_id, order_by=order).label("rank")
    is_other = case((Post.is_reply.is_(True), 0), else_=1)
    others = func.sum(is_other).over(partition_by=Post.account_id, order_by=order, rows=(None, 0)).label("others")
    columns = Post.account_id, Post.post_id, Post.created_at, Post.read_at, Post.is_reply, *COUNT_COLUMNS
    ranked = select(*columns, rank, others).where(Post.account_id.in_(account_ids)).subquery()
    is_newest = (ranked.c.rank <= count) | (ranked.c.is_reply.is_not(True) & (ranked.c.others <= count))
    newest = select(*ranked.c[: len(columns)]).where(is_newest).order_by(ranked.c.account_id, ranked.c.rank)
    posts: dict[int, list[PostRecord]] = {account_id: [] for account_id in account_ids}
    for account_id, post_id, created_at, read_at, is_reply, *counts in session.connection().execute(newest).all():
        posts[account_id].append(PostRecord(post_id, created_at, Counts._make(counts), read_at, is_reply))
    return posts


def save(session: Session, results: Sequence[FetchResult], last: Mapping[int, LastFetch]) -> set[int]:
    """Store the posts of successful fetches of whole timelines; returns the ids of the accounts whose posts changed.

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
    if rows:
        session.execute(insert_missing(session, Post), rows)


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
    absent = stored.keys() - fetched.keys()
    gone = set() if result.partial else {each for each in absent if not result.is_missed(stored[each].created_at)}
    if gone:
        session.execute(delete(Post).where(Post.account_id == result.account_id, Post.post_id.in_(gone)))
    new = [post for post in fetched.values() if post.id not in stored]
    changed = _list_changed(fetched, stored)
    pending.new += [_to_row(result, post) for post in new]
    pending.changed += [_to_row(result, post) for post in changed]
    pending.changed += _list_missing_counts(result, stored, absent - gone)
    gained = dict(_diff(result, last, stored))
    history.add(session, result.account_id, [history.Interval(last.at or history.NEVER, result.at, gained)])
    return bool(new or changed or gone)


def _list_changed(fetched: Mapping[str, PostRecord], stored: Mapping[str, StoredPost]) -> list[PostRecord]:
    """The stored posts with another count by now, or of which it is known only now whether they are replies."""
    both = [(post, stored[post.id]) for post in fetched.values() if post.id in stored]
    differ = [(post, before) for post, before in both if _may_differ(post, before)]  # few do, and a merge takes time
    merged = [(_merge_post(post, before), before) for post, before in differ]
    return [post for post, before in merged if (post.counts, post.is_reply) != (before.counts, before.is_reply)]


def _may_differ(post: PostRecord, before: StoredPost) -> bool:
    return post.counts != before.counts or post.is_reply is not before.is_reply


def _merge_post(post: PostRecord, before: StoredPost) -> PostRecord:
    """The post, with what is known from before of what this fetch does not tell."""
    is_reply = before.is_reply if post.is_reply is None else post.is_reply
    return post._replace(counts=_merge(post.counts, before.counts), is_reply=is_reply)


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
    return {row[0]: StoredPost(Counts(*row[1:-3]), row[-3], None, *row[-2:]) for row in rows}


def _to_row(result: FetchResult, post: PostRecord) -> dict[str, Any]:
    row = {"account_id": result.account_id, "post_id": post.id, **post.counts._asdict()}
    return row | {"created_at": post.created_at, "is_reply": post.is_reply}


def save_apart(
    session: Session, fetches: Sequence[FetchedApart], before: Mapping[PostKey, StoredPost] | None = None
) -> set[int]:
    """Store posts that were fetched apart; returns the ids of the accounts whose charts change.

    A count that is missing keeps its value. A post that was read later already, as by another worker, stays as it is.
    before: the stored posts of these fetches, which are loaded where they are not given.
    """
    before = load(session, fetches) if before is None else before
    after = dict(before)
    changed = set()
    for each in sorted(fetches, key=lambda each: each.at):
        is_changed, intervals = _apply(each, after)
        history.add(session, each.account_id, intervals)
        changed |= {each.account_id} if is_changed else set()
    _write(session, before, after)
    return changed


def _post_ids(fetch: FetchedApart) -> list[str]:
    return [*(post.id for post in fetch.posts), *fetch.gone]


def _load_posts(session: Session, keys: Iterable[PostKey]) -> dict[PostKey, StoredPost]:
    """The stored posts of these, by a query for each account: SQLite searches no index for lists of pairs."""
    found: dict[PostKey, StoredPost] = {}
    for account_id, group in groupby(sorted(keys), key=itemgetter(0)):
        ids = [post_id for _, post_id in group]
        for start in range(0, len(ids), BATCH):
            wanted = {"account": account_id, "ids": ids[start : start + BATCH]}
            rows = session.connection().execute(SELECT_BY_IDS, wanted)
            found |= {(account_id, row[0]): StoredPost(Counts(*row[1:-4]), *row[-4:]) for row in rows}
    return found


def _apply(fetch: FetchedApart, stored: dict[PostKey, StoredPost]) -> tuple[bool, list[history.Interval]]:
    """Change the stored posts as the fetch found them. Returns whether charts change, and what was gained when."""
    gained: list[history.GainSince] = []
    changes = [stored.pop((fetch.account_id, post_id), None) is not None for post_id in fetch.gone]
    for post in fetch.posts:
        key = fetch.account_id, post.id
        before = stored.get(key)
        if before is not None and before.read_at is not None and before.read_at > fetch.at:
            continue
        stored[key] = _read(post, before, fetch.at)
        changes.append(before is None or _shows_change(before, stored[key]))
        gained += _gain_since(fetch, post, before)
    return any(changes), history.split(fetch.at, gained, found=fetch.found, found_before=fetch.found_before)


def _read(post: PostRecord, before: StoredPost | None, at: datetime) -> StoredPost:
    if before is None:
        return StoredPost(post.counts, 0, at, post.created_at, post.is_reply)
    missing, merged = _missing_counts(before.counts, post.counts), _merge_post(post, before)
    return before._replace(counts=merged.counts, missing_counts=missing, read_at=at, is_reply=merged.is_reply)


def _shows_change(before: StoredPost, now: StoredPost) -> bool:
    """Whether a chart shows another count or other posts, or says no more that the post was read long ago."""
    was_old = before.read_at is not None and now.read_at is not None and now.read_at - before.read_at > SHOWN_AS_OLD
    return before.counts != now.counts or before.is_reply is not now.is_reply or was_old


def _gain_since(fetch: FetchedApart, post: PostRecord, before: StoredPost | None) -> Iterator[history.GainSince]:
    """What the post gained, if anything, and since when: since it was fetched before, or was made.

    A post that was not stored started at zero if all posts of its account were known before it was made. The counts of
    an older one become known at this moment.
    """
    is_born = before is None and _is_born(fetch, post)
    known = before.last_counts if before is not None and before.read_at is not None else Counts()
    gain = diff_counts(known, post.counts, born=is_born)
    if any(gain):
        since = before.read_at if before is not None else post.created_at if is_born else None
        yield history.GainSince(since or fetch.at, hash_post_id(post.id), gain)


def _is_born(fetch: FetchedApart, post: PostRecord) -> bool:
    return fetch.found_before is not None and post.created_at > fetch.found_before - history.MINUTE


def _write(session: Session, before: Mapping[PostKey, StoredPost], after: Mapping[PostKey, StoredPost]) -> None:
    gone = [{"account": account_id, "post": post_id} for account_id, post_id in before.keys() - after.keys()]
    if gone:
        which = Post.account_id == bindparam("account"), Post.post_id == bindparam("post")
        session.connection().execute(delete(Post).where(*which), gone)
    changed = {key: post for key, post in after.items() if before.get(key) is not post}
    new = [
        {"account_id": key[0], "post_id": key[1], "created_at": post.created_at, **_to_columns(post)}
        for key, post in changed.items()
        if key not in before
    ]
    _insert(session, new)
    read = [{"account": key[0], "post": key[1], **_to_columns(post)} for key, post in changed.items() if key in before]
    if read:
        session.connection().execute(UPDATE_READ, read)


def _to_columns(post: StoredPost) -> dict[str, Any]:
    """The columns that change when a post is read."""
    told = {"missing_counts": post.missing_counts, "read_at": post.read_at, "is_reply": post.is_reply}
    return {**post.counts._asdict(), **told}
