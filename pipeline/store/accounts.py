"""Accounts, and how reading each went."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Select, case, delete, exists, func, literal, or_, select, update
from sqlalchemy.orm import Session

from pipeline.records import FetchResult, Profile, State
from pipeline.store import ledger, posts
from pipeline.store.tables import Account, Chat, ComparisonAccount, Tracking, UtcDateTime

FORMER_SUFFIX = "-old"
"""What follows a handle that another account has by now."""


def find_by_remote_ids(session: Session, remote_ids: Iterable[str], network: str) -> Sequence[Account]:
    """The known accounts with these ids on the network. A handle may have passed from one account to another."""
    return session.scalars(
        select(Account).where(Account.network == network, Account.remote_id.in_(list(remote_ids)))
    ).all()


def get_many(session: Session, account_ids: Iterable[int]) -> Sequence[Account]:
    return session.scalars(select(Account).where(Account.id.in_(list(account_ids))).order_by(Account.id)).all()


def save_profiles(session: Session, profiles: Iterable[Profile], network: str, now: datetime) -> set[int]:
    """Keep what a look-up found, and what it cost: each profile once a UTC day. Returns the accounts renamed."""
    by_id = {profile.remote_id: profile for profile in profiles if profile.remote_id is not None}
    there = {account.remote_id: account for account in find_by_remote_ids(session, by_id, network)}
    new = {
        remote_id: Account(network=network, remote_id=remote_id, handle=profile.handle)
        for remote_id, profile in by_id.items()
        if remote_id not in there
    }
    named = [((there | new)[remote_id], profile.handle) for remote_id, profile in by_id.items()]
    renamed = _rename(session, network, named)
    session.add_all(new.values())
    for account, profile in zip((account for account, _ in named), by_id.values(), strict=True):
        account.state = profile.state
        _bill(session, account, now)
    session.flush()
    return renamed


def update_handles(session: Session, profiles: Iterable[Profile], network: str, now: datetime) -> set[int]:
    """Follow the accounts that were renamed, and return them; one that the network shows again is read again soon."""
    by_id = {profile.remote_id: profile for profile in profiles if profile.remote_id is not None}
    found = find_by_remote_ids(session, by_id, network)
    renamed = _rename(session, network, [(account, by_id[account.remote_id].handle) for account in found])
    for account in found:
        if by_id[account.remote_id].state is State.ACTIVE and account.state is not State.ACTIVE:
            account.attempted_at = None
        _bill(session, account, now)
    session.flush()
    return renamed


def _rename(session: Session, network: str, named: Sequence[tuple[Account, str]]) -> set[int]:
    """Give each account its handle. Returns the known accounts whose handle changed.

    On a network a handle is one account's at a time: one that had it before, as far as is known, was renamed or
    suspended since, and is called by it as a former one until its own is known.
    """
    bearers = {account.handle.lower(): account for account in _called(session, network, named)}
    renamed = set()
    for account, handle in named:
        before = bearers.get(handle.lower(), account)
        if before is not account and before.handle.lower() == handle.lower():
            before.handle = _former(session, network, before.handle)
            renamed.add(before)
        if account.handle != handle:
            account.handle = handle
            renamed.add(account)
        bearers[handle.lower()] = account
    session.flush()
    return {account.id for account in renamed if account.id is not None}


def _called(session: Session, network: str, named: Iterable[tuple[Account, str]]) -> Sequence[Account]:
    handles = {handle.lower() for _, handle in named}
    same = (Account.network == network, func.lower(Account.handle).in_(handles))
    return session.scalars(select(Account).where(*same)).all()


def _former(session: Session, network: str, handle: str) -> str:
    """A handle that no account of X can have, and none here has."""
    like = (
        Account.network == network,
        func.lower(Account.handle).startswith(f"{handle.lower()}{FORMER_SUFFIX}", autoescape=True),
    )
    taken = {other.lower() for other in session.scalars(select(Account.handle).where(*like))}
    free = (f"{handle}{FORMER_SUFFIX}{number}" for number in ("", *range(2, len(taken) + 3)))
    return next(other for other in free if other.lower() not in taken)


def _bill(session: Session, account: Account, now: datetime) -> None:
    if account.billed_on != now.date():
        account.billed_on = now.date()
        ledger.add(session, now.date(), "users", 1)


def list_tracked(session: Session) -> Sequence[Account]:
    """Every account that some chat follows which is served, the one whose turn was longest ago first."""
    return session.scalars(
        select(Account)
        .where(Account.id.in_(_followed()))
        .order_by(Account.polled_at.asc().nulls_first(), Account.attempted_at.asc().nulls_first(), Account.id)
    ).all()


def count_by_requests(session: Session) -> dict[int | None, int]:
    """How many of the tracked accounts that can be read take so many requests; None where that is not known yet."""
    readable = Account.id.in_(_followed()), Account.state == State.ACTIVE
    rows = session.execute(select(Account.requests, func.count()).where(*readable).group_by(Account.requests))
    return {row[0]: row[1] for row in rows}


def _followed() -> Select[int]:
    return select(Tracking.account_id).join(Chat, Chat.id == Tracking.chat_id).where(Chat.inactive_reason.is_(None))


def list_unattempted(
    session: Session, comparison_ids: Collection[int], account_ids: Collection[int]
) -> Sequence[Account]:
    """Of these accounts and those of these comparisons, the tracked ones whose posts nobody has tried to read."""
    theirs = select(ComparisonAccount.account_id).where(ComparisonAccount.comparison_id.in_(comparison_ids))
    followed = exists().where(
        Tracking.account_id == Account.id, Chat.id == Tracking.chat_id, Chat.inactive_reason.is_(None)
    )
    return session.scalars(
        select(Account)
        .where(or_(Account.id.in_(account_ids), Account.id.in_(theirs)), Account.attempted_at.is_(None), followed)
        .order_by(Account.id)
    ).all()


def delete_unused(session: Session, before: datetime) -> None:
    """Delete the accounts, with their posts, that no chat tracks, no comparison shows and nobody looked up since."""
    session.execute(
        delete(Account).where(
            Account.id.not_in(select(Tracking.account_id)),
            Account.id.not_in(select(ComparisonAccount.account_id)),
            or_(Account.billed_on.is_(None), Account.billed_on < before.date()),
        )
    )


def list_ids(session: Session) -> Sequence[int]:
    return session.scalars(select(Account.id)).all()


def mark_attempted(session: Session, account_ids: Iterable[int], now: datetime) -> None:
    session.execute(update(Account).where(Account.id.in_(account_ids)).values(attempted_at=now))


def retry_unavailable(session: Session) -> None:
    """Let the accounts that the network did not show be due at once."""
    session.execute(update(Account).where(Account.state != State.ACTIVE).values(attempted_at=None))


def save_fetch_results(session: Session, readings: Iterable[FetchResult]) -> set[int]:
    """Store readings, the last of each account, and return the accounts whose charts they change.

    One that comes late, as from a worker that stood still, and finds a newer one stored changes nothing.
    """
    latest = {reading.account_id: reading for reading in readings}
    rows = session.scalars(select(Account).where(Account.id.in_(latest))).all()
    current = [each for each in rows if each.fetched_at is None or each.fetched_at <= latest[each.id].at]
    last = {each.id: posts.LastFetch(each.fetched_at, each.fetched_back_to) for each in current}
    changed = {account.id for account in current if _save(account, latest[account.id])}
    found = [reading for account in current if (reading := latest[account.id]).posts is not None]
    return changed | posts.save(session, found, last)


def mark_stale(session: Session, before: Mapping[int | None, datetime]) -> set[int]:
    """Mark the accounts last read before the moment that is told for so many requests, None for all others.

    Returns those not marked yet: charts say so.
    """
    moments = {requests: literal(at, UtcDateTime) for requests, at in before.items() if requests is not None}
    others = literal(before[None], UtcDateTime)
    late = Account.fetched_at < (case(moments, value=Account.requests, else_=others) if moments else others)
    marked = update(Account).where(Account.stale.is_(False), late).values(stale=True).returning(Account.id)
    return set(session.scalars(marked.execution_options(synchronize_session=False)))


def _save(account: Account, reading: FetchResult) -> bool:
    """Note how the reading went; True where a chart says so."""
    was = _shown(account)
    account.polled_at = reading.at if reading.had_turn else account.polled_at
    if reading.posts is None:
        account.state, account.problem = reading.state or account.state, reading.problem
    else:
        account.state, account.problem, account.stale, account.fetched_at = State.ACTIVE, None, False, reading.at
        account.requests = reading.requests if reading.complete else max(reading.requests, account.requests or 0)
        oldest = min((post.created_at for post in reading.posts), default=reading.at)
        account.fetched_back_to = None if reading.complete else oldest
    return _shown(account) != was


def _shown(account: Account) -> tuple[State, bool, bool]:
    return account.state, account.stale, account.fetched_at is None
