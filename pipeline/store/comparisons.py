"""Comparisons: which charts are to be rendered, and how far that has come."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session

from pipeline.chart.views import fitted
from pipeline.records import ChartSpec, Metric, State
from pipeline.records import Comparison as ComparisonRecord
from pipeline.store import subscriptions
from pipeline.store.tables import Account, Chat, Comparison, ComparisonAccount, Subscription, Tracking

CLAIM_DURATION = timedelta(seconds=30)
"""How long one worker alone may render a chart. After that it counts as lost, and another may take it over."""
EXPIRED_RETRY_DELAY = timedelta(minutes=1)
"""A chart that has expired and turns out to be unchanged is not examined again sooner."""
OLD_BUTTONS_WORK = timedelta(days=365)
"""How long the buttons under a single chart go on working after everything else that nobody uses is deleted."""
_RETRY = {"claimed_until": None, "requested_version": Comparison.requested_version + 1}


def to_record(session: Session, comparison: Comparison) -> ComparisonRecord:
    accounts = session.scalars(
        select(ComparisonAccount.account_id)
        .where(ComparisonAccount.comparison_id == comparison.id)
        .order_by(ComparisonAccount.account_id)
    )
    return ComparisonRecord(tuple(accounts), comparison.spec)


def get_record(session: Session, comparison_id: int) -> ComparisonRecord | None:
    """The comparison's accounts and spec; None if it was deleted."""
    row = session.get(Comparison, comparison_id)
    return to_record(session, row) if row else None


def get_or_create(session: Session, record: ComparisonRecord) -> Comparison:
    """The one row of this comparison, which all chats share that ask for the same."""
    spec = fitted(record.spec)
    key = _key(spec, record.accounts)
    row = session.scalar(select(Comparison).where(Comparison.key == key))
    if row is None:
        row = Comparison(key=key, spec=spec)
        session.add(row)
        session.flush()
        session.add_all(ComparisonAccount(comparison_id=row.id, account_id=each) for each in record.accounts)
        session.flush()
    return row


def _key(spec: ChartSpec, accounts: Iterable[int]) -> str:
    """The spec and the account ids as text; a first page has the key that comparisons had before there were pages."""
    parts = [str(value) for name, value in asdict(spec).items() if name != "page"]
    page = [f"page {spec.page}"] if spec.page > 1 else []
    return " ".join([*parts, *page, ",".join(str(account_id) for account_id in sorted(accounts))])


def cap_counts(session: Session, most: int) -> None:
    """Let no subscription compare more posts of an account than `most`, the number that is fetched.

    What it requested is remembered, so that a higher `most` gives it as many posts as it requested.
    """
    is_capped = or_(Comparison.__table__.c.count > most, Subscription.requested_count.is_not(None))
    joined = select(Subscription, Comparison).join(Comparison, Comparison.id == Subscription.comparison_id)
    for subscription, comparison in session.execute(joined.where(is_capped)).all():
        requested = subscription.requested_count or comparison.spec.count
        subscription.requested_count = requested if requested > most else None
        if comparison.spec.count != min(requested, most):
            _change_spec(session, subscription, replace(comparison.spec, count=min(requested, most)))


def _change_spec(session: Session, subscription: Subscription, spec: ChartSpec) -> None:
    """Let the subscription compare the same accounts by another spec."""
    record = to_record(session, session.get_one(Comparison, subscription.comparison_id))
    row = get_or_create(session, replace(record, spec=spec))
    subscriptions.switch_comparison(session, subscription.id, row.id, request_redraw(session, row))


def request_redraw(session: Session, comparison: Comparison) -> int:
    """Have the newest data drawn; returns the version of that chart.

    The chart of a comparison without subscribers is drawn even if the data is the same, so that its caption has the
    time of the request.
    """
    session.refresh(comparison, with_for_update=True)
    comparison.requested_version += 1
    if not subscriptions.has_subscribers(session, comparison.id):
        comparison.inputs_digest = None
    session.flush()
    return comparison.requested_version


def request_fresh_redraw(session: Session, comparison_id: int) -> None:
    """Have the chart drawn even if the data is the same: its PNG was lost."""
    comparison = session.get_one(Comparison, comparison_id)
    request_redraw(session, comparison)
    comparison.inputs_digest = None


def mark_changed(session: Session, account_ids: Iterable[int]) -> None:
    """These accounts changed: request redraws of the comparisons with one of them that a chat waits for.

    Those that are outdated already, and that nobody renders yet, need none.
    """
    is_drawn = or_(Comparison.requested_version <= Comparison.rendered_version, Comparison.claimed_until.is_not(None))
    changed = select(ComparisonAccount.comparison_id).where(ComparisonAccount.account_id.in_(account_ids))
    session.execute(
        update(Comparison)
        .where(Comparison.id.in_(changed), is_drawn, _has_audience())
        .values(requested_version=Comparison.requested_version + 1)
        .execution_options(synchronize_session=False)
    )


def mark_expired(session: Session, now: datetime) -> None:
    """Request redraws of the comparisons whose chart changes with time alone, where a chat waits for it."""
    session.execute(
        update(Comparison)
        .where(Comparison.expires_at <= now, _has_audience())
        .values(requested_version=Comparison.requested_version + 1, expires_at=now + EXPIRED_RETRY_DELAY)
        .execution_options(synchronize_session=False)
    )


def claim_next(session: Session, now: datetime, limit: int) -> Sequence[tuple[int, int]]:
    """Claim outdated comparisons that no worker renders: (comparison id, version to render) each.

    Only those of the next `limit` deliveries: a chart rendered now for a later one would be outdated by then. Charts
    that are up to date take none of these places.
    """
    next_ids = {each.comparison_id for each in subscriptions.list_unrendered(session, limit)}
    return _claim(session, now, Comparison.id.in_(next_ids))


def are_awaited(session: Session, now: datetime) -> bool:
    """Whether some chat waits for a comparison to be rendered, by a worker that has claimed it or not."""
    outdated = Comparison.requested_version > Comparison.rendered_version, _has_audience(), ~_awaits_first_fetch(now)
    return session.scalar(select(Comparison.id).where(*outdated).limit(1)) is not None


def claim(session: Session, comparison_ids: Collection[int], now: datetime) -> Sequence[tuple[int, int]]:
    """Claim the outdated ones of these that a chat waits for: (comparison id, version to render) each."""
    return _claim(session, now, Comparison.id.in_(comparison_ids), _has_audience())


def claim_of_accounts(session: Session, account_ids: Collection[int], now: datetime) -> Sequence[tuple[int, int]]:
    """Claim the outdated comparisons with one of these accounts: (comparison id, version to render) each."""
    theirs = select(ComparisonAccount.comparison_id).where(ComparisonAccount.account_id.in_(account_ids))
    return _claim(session, now, Comparison.id.in_(theirs), _has_audience())


def _claim(session: Session, now: datetime, *conditions: ColumnElement[bool]) -> Sequence[tuple[int, int]]:
    """Comparisons that wait for the first fetch of an account are left out; they are claimed once it has ended."""
    rows = session.execute(
        update(Comparison)
        .where(
            *conditions,
            Comparison.requested_version > Comparison.rendered_version,
            or_(Comparison.claimed_until.is_(None), Comparison.claimed_until < now),
            ~_awaits_first_fetch(now),
        )
        .values(claimed_until=now + CLAIM_DURATION)
        .returning(Comparison.id, Comparison.requested_version)
        .execution_options(synchronize_session=False)
    )
    return sorted((row[0], row[1]) for row in rows)


def mark_unchanged(
    session: Session, comparison_id: int, inputs_digest: str, as_of: datetime, expires_at: datetime | None
) -> None:
    """The data fetched at as_of gives the chart that exists, if that was made of the same data."""
    same = Comparison.id == comparison_id, Comparison.inputs_digest == inputs_digest
    session.execute(update(Comparison).where(*same).values(checked_at=as_of, expires_at=expires_at))


def _has_audience() -> ColumnElement[bool]:
    """An active chat has a subscription to it that is not paused, or requested it once."""
    return exists().where(
        Subscription.comparison_id == Comparison.id,
        subscriptions.is_awaited(),
        Chat.id == Subscription.chat_id,
        Chat.inactive_reason.is_(None),
    )


def _awaits_first_fetch(now: datetime) -> ColumnElement[bool]:
    """The first fetch of one of its accounts is under way; one that takes longer than a claim counts as lost."""
    never_ended = and_(Account.fetched_at.is_(None), Account.problem.is_(None), Account.state == State.ACTIVE)
    return exists().where(
        ComparisonAccount.comparison_id == Comparison.id,
        Account.id == ComparisonAccount.account_id,
        never_ended,
        Account.attempted_at > now - CLAIM_DURATION,
    )


def mark_rendered(session: Session, comparison_id: int, version: int) -> bool:
    """The chart of this version exists, new or unchanged. True if somebody requested a later one meanwhile."""
    session.execute(
        update(Comparison)
        .where(Comparison.id == comparison_id, Comparison.rendered_version <= version)
        .values(rendered_version=version, claimed_until=None)
    )
    subscriptions.hand_out(session, Subscription.comparison_id == comparison_id)
    later = select(Subscription.id).where(
        Subscription.comparison_id == comparison_id, Subscription.min_version > version
    )
    return session.scalar(later.limit(1)) is not None


def requeue(session: Session, comparison_id: int) -> None:
    """Rendering failed: the next tick may try it again."""
    session.execute(update(Comparison).where(Comparison.id == comparison_id).values(_RETRY))


def release_claims(session: Session) -> None:
    """The workers have ended. One that has not renders a chart that another renders too, which does no harm."""
    session.execute(update(Comparison).where(Comparison.claimed_until.is_not(None)).values(_RETRY))


def request_all_redraws(session: Session) -> None:
    """The queues were lost with everything in them: render all comparisons that a chat waits for."""
    session.execute(update(Comparison).where(Comparison.id.in_(select(Subscription.comparison_id))).values(_RETRY))


def find_most_wanted_metric(session: Session) -> Metric:
    """The metric that most subscriptions show; reposts where there is none."""
    metric = Comparison.__table__.c.metric
    query = select(metric).join(Subscription, Subscription.comparison_id == Comparison.id).group_by(metric)
    return session.scalar(query.order_by(func.count().desc(), metric).limit(1)) or Metric.REPOSTS


def delete_unused(session: Session, before: datetime) -> None:
    """Delete the comparisons that no chat waits for, and that were not used since.

    Where chats track all of its accounts, a comparison is kept for OLD_BUTTONS_WORK more.
    """
    in_use = select(Subscription.comparison_id)
    untracked = ComparisonAccount.account_id.not_in(select(Tracking.account_id))
    is_orphaned = Comparison.id.in_(select(ComparisonAccount.comparison_id).where(untracked))
    is_old = or_(is_orphaned, Comparison.used_at < before - OLD_BUTTONS_WORK)
    session.execute(delete(Comparison).where(Comparison.used_at < before, is_old, Comparison.id.not_in(in_use)))


def list_accounts(session: Session, comparison_id: int) -> Sequence[Account]:
    """The comparison's accounts by id: an order that never changes, by which they are coloured."""
    return session.scalars(
        select(Account)
        .join(ComparisonAccount, ComparisonAccount.account_id == Account.id)
        .where(ComparisonAccount.comparison_id == comparison_id)
        .order_by(Account.id)
    ).all()
