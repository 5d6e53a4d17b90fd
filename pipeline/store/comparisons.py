"""Comparisons: what is to be drawn, what is drawn, and from which posts."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import astuple, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Subquery, and_, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session

from pipeline.chart.views import fitted
from pipeline.records import ChartSpec, Counts, State
from pipeline.records import Comparison as ComparisonRecord
from pipeline.records import Post as PostRecord
from pipeline.store import subscriptions
from pipeline.store.tables import Account, Chat, Comparison, ComparisonAccount, Post, Subscription

CLAIM_DURATION = timedelta(seconds=30)
EXPIRED_RETRY_DELAY = timedelta(minutes=1)
"""One that shows the same as before, after all, is not looked at sooner again."""


def to_record(session: Session, comparison: Comparison) -> ComparisonRecord:
    accounts = session.scalars(
        select(ComparisonAccount.account_id)
        .where(ComparisonAccount.comparison_id == comparison.id)
        .order_by(ComparisonAccount.account_id)
    )
    return ComparisonRecord(tuple(accounts), comparison.spec)


def get_record(session: Session, comparison_id: int) -> ComparisonRecord | None:
    row = session.get(Comparison, comparison_id)
    return to_record(session, row) if row else None


def get_or_create(session: Session, wanted: ComparisonRecord) -> Comparison:
    """The one row of this comparison, shared by all chats that ask for the same."""
    spec = fitted(wanted.spec)
    ids = ",".join(str(account_id) for account_id in sorted(wanted.accounts))
    key = " ".join([*(str(part) for part in astuple(spec)), ids])
    row = session.scalar(select(Comparison).where(Comparison.key == key))
    if row is None:
        row = Comparison(key=key, spec=spec)
        session.add(row)
        session.flush()
        session.add_all(ComparisonAccount(comparison_id=row.id, account_id=each) for each in wanted.accounts)
        session.flush()
    return row


def cap_counts(session: Session, most: int) -> None:
    """Point each subscription to a comparison of no more posts than are read, or back to as many as were wished for."""
    is_other = or_(Comparison.__table__.c.count > most, Subscription.requested_count.is_not(None))
    both = select(Subscription, Comparison).join(Comparison, Comparison.id == Subscription.comparison_id)
    rows = session.execute(both.where(is_other)).all()
    for subscription, comparison in rows:
        wished = subscription.requested_count or comparison.spec.count
        subscription.requested_count = wished if wished > most else None
        if comparison.spec.count != min(wished, most):
            _point(session, subscription, replace(comparison.spec, count=min(wished, most)))


def _point(session: Session, subscription: Subscription, spec: ChartSpec) -> None:
    """Let the subscription show the same accounts in another way."""
    shown = to_record(session, session.get_one(Comparison, subscription.comparison_id))
    row = get_or_create(session, replace(shown, spec=spec))
    subscriptions.switch_comparison(session, subscription.id, row.id, request_redraw(session, row))


def request_redraw(session: Session, comparison: Comparison) -> int:
    """Ask for the newest chart; returns the version that will show it.

    One that nobody keeps fresh is drawn even where the data is the same, so that it bears the time it was asked for.
    """
    session.refresh(comparison, with_for_update=True)
    comparison.requested_version += 1
    comparison.inputs_digest = (
        comparison.inputs_digest if subscriptions.has_subscribers(session, comparison.id) else None
    )
    session.flush()
    return comparison.requested_version


def request_fresh_redraw(session: Session, comparison_id: int) -> None:
    """The chart is lost before it was shown: draw it afresh."""
    comparison = session.get_one(Comparison, comparison_id)
    request_redraw(session, comparison)
    comparison.inputs_digest = None


def mark_changed(session: Session, account_ids: Iterable[int]) -> None:
    """The comparisons that somebody watches and that these accounts are part of want a new chart."""
    changed = select(ComparisonAccount.comparison_id).where(ComparisonAccount.account_id.in_(account_ids))
    session.execute(
        update(Comparison)
        .where(Comparison.id.in_(changed), _is_watched())
        .values(requested_version=Comparison.requested_version + 1)
        .execution_options(synchronize_session=False)
    )


def mark_expired(session: Session, now: datetime) -> None:
    """Those that somebody watches and that time alone has changed want a new chart. It says when it fades itself."""
    session.execute(
        update(Comparison)
        .where(Comparison.expires_at <= now, _is_watched())
        .values(requested_version=Comparison.requested_version + 1, expires_at=now + EXPIRED_RETRY_DELAY)
        .execution_options(synchronize_session=False)
    )


def claim_next(session: Session, now: datetime, next_turns: int) -> Sequence[tuple[int, int]]:
    """Take the comparisons whose chart is due and that no other worker draws: (id, version to draw).

    Of many, those of the next turns in line: others would be drawn for nobody, and anew before their turn comes. Only
    what is outdated stands in line: a chart whose figures stand still takes nobody's turn.
    """
    next_in_line = {turn.comparison_id for turn in subscriptions.list_unrendered(session)[:next_turns]}
    return _claim(session, now, Comparison.id.in_(next_in_line))


def claim(session: Session, comparison_ids: Collection[int], now: datetime) -> Sequence[tuple[int, int]]:
    """Take those of these comparisons that are outdated and watched, whoever else is in line: (id, version to draw)."""
    return _claim(session, now, Comparison.id.in_(comparison_ids), _is_watched())


def claim_of_accounts(session: Session, account_ids: Collection[int], now: datetime) -> Sequence[tuple[int, int]]:
    """Take the outdated comparisons that these accounts are part of: (id, version to draw)."""
    theirs = select(ComparisonAccount.comparison_id).where(ComparisonAccount.account_id.in_(account_ids))
    return _claim(session, now, Comparison.id.in_(theirs), _is_watched())


def _claim(session: Session, now: datetime, *which: ColumnElement[bool]) -> Sequence[tuple[int, int]]:
    """Comparisons with an account that is being read for the first time are drawn as soon as it is read."""
    rows = session.execute(
        update(Comparison)
        .where(
            *which,
            Comparison.requested_version > Comparison.rendered_version,
            or_(Comparison.claimed_until.is_(None), Comparison.claimed_until < now),
            ~_is_being_read(now),
        )
        .values(claimed_until=now + CLAIM_DURATION)
        .returning(Comparison.id, Comparison.requested_version)
        .execution_options(synchronize_session=False)
    )
    return sorted((row[0], row[1]) for row in rows)


def mark_unchanged(session: Session, comparison_id: int, inputs: str, as_of: datetime) -> None:
    """What was read by then would give the same chart."""
    same = Comparison.id == comparison_id, Comparison.inputs_digest == inputs
    session.execute(update(Comparison).where(*same).values(checked_at=as_of))


def _is_watched() -> ColumnElement[bool]:
    """Some chat that is served wants it shown."""
    return exists().where(
        Subscription.comparison_id == Comparison.id, Chat.id == Subscription.chat_id, Chat.inactive_reason.is_(None)
    )


def _is_being_read(now: datetime) -> ColumnElement[bool]:
    """An account's first reading has begun and nothing is known of its end; one that takes longer is taken for lost."""
    first = and_(Account.fetched_at.is_(None), Account.problem.is_(None), Account.state == State.ACTIVE)
    return exists().where(
        ComparisonAccount.comparison_id == Comparison.id,
        Account.id == ComparisonAccount.account_id,
        first,
        Account.attempted_at > now - CLAIM_DURATION,
    )


def mark_rendered(session: Session, comparison_id: int, version: int) -> bool:
    """The chart of this version stands, drawn or the same as before. True where somebody has asked for a later one."""
    session.execute(
        update(Comparison)
        .where(Comparison.id == comparison_id, Comparison.rendered_version <= version)
        .values(rendered_version=version, claimed_until=None)
    )
    asked = select(Subscription.id).where(
        Subscription.comparison_id == comparison_id, Subscription.min_version > version
    )
    return session.scalar(asked.limit(1)) is not None


def requeue(session: Session, comparison_id: int) -> None:
    """Something failed: it is wanted again, and the next tick may try it."""
    again = {"claimed_until": None, "requested_version": Comparison.requested_version + 1}
    session.execute(update(Comparison).where(Comparison.id == comparison_id).values(again))


def release_claims(session: Session) -> None:
    """Whoever was drawing is gone, or does it twice, which does no harm."""
    session.execute(update(Comparison).where(Comparison.claimed_until.is_not(None)).values(claimed_until=None))


def request_all_redraws(session: Session) -> None:
    """What was under way is lost, and nobody knows what it was: all that somebody watches is made again."""
    again = {"claimed_until": None, "requested_version": Comparison.requested_version + 1}
    watched = select(Subscription.comparison_id)
    session.execute(update(Comparison).where(Comparison.id.in_(watched)).values(again))


def delete_unused(session: Session, before: datetime) -> None:
    """Delete the comparisons that nobody is subscribed to and nobody asked for since."""
    shown = select(Subscription.comparison_id)
    session.execute(delete(Comparison).where(Comparison.used_at < before, Comparison.id.not_in(shown)))


def list_accounts(session: Session, comparison_id: int) -> Sequence[Account]:
    """The comparison's accounts in the order that never changes: as they became known."""
    return session.scalars(
        select(Account)
        .join(ComparisonAccount, ComparisonAccount.account_id == Account.id)
        .where(ComparisonAccount.comparison_id == comparison_id)
        .order_by(Account.id)
    ).all()


def newest_posts_of_accounts(session: Session, account_ids: Sequence[int], count: int) -> dict[int, list[PostRecord]]:
    """The newest posts of each of these accounts, newest first, by the account's id."""
    posts = _newest(Post.account_id.in_(account_ids), count)
    found: dict[int, list[PostRecord]] = {account_id: [] for account_id in account_ids}
    for row in session.connection().execute(select(posts).order_by(posts.c.account_id, posts.c.rank)).all():
        account_id, post_id, created_at, *counts, _rank = row
        found[account_id].append(PostRecord(post_id, created_at, Counts._make(counts)))
    return found


def newest(comparison_id: int, count: int) -> Subquery:
    """The newest `count` posts of each of the comparison's accounts: account, post, time, counts and rank from 1."""
    members = select(ComparisonAccount.account_id).where(ComparisonAccount.comparison_id == comparison_id)
    return _newest(Post.account_id.in_(members), count)


def _newest(of: ColumnElement[bool], count: int) -> Subquery:
    rank = func.row_number().over(partition_by=Post.account_id, order_by=(Post.created_at.desc(), Post.post_id.desc()))
    counts = (getattr(Post, name) for name in Counts._fields)
    ranked = select(Post.account_id, Post.post_id, Post.created_at, *counts, rank.label("rank")).where(of).subquery()
    return select(ranked).where(ranked.c.rank <= count).subquery()
