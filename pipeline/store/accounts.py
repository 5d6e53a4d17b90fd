"""Accounts: who they are, and how the last fetch of each went."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Select, case, delete, exists, func, literal, or_, select, update
from sqlalchemy.orm import Session

from pipeline.records import FetchResult, Handle, Profile, State
from pipeline.store import ledger, posts
from pipeline.store.tables import Account, Chat, ComparisonAccount, Tracking, UtcDateTime

FORMER_SUFFIX = "-old"
"""Added to the handle of an account whose handle another account has taken."""


def find_by_remote_ids(session: Session, remote_ids: Iterable[str], network: str) -> Sequence[Account]:
    """The stored accounts with these ids on the network. An id never changes, while a handle may pass to another."""
    return session.scalars(
        select(Account).where(Account.network == network, Account.remote_id.in_(list(remote_ids)))
    ).all()


def get_many(session: Session, account_ids: Iterable[int]) -> Sequence[Account]:
    return session.scalars(select(Account).where(Account.id.in_(list(account_ids))).order_by(Account.id)).all()


def by_handle(accounts: Iterable[Account]) -> dict[tuple[str, str], Account]:
    """These accounts by their folded handles; see Handle."""
    return {Handle(account.network, account.handle).folded: account for account in accounts}


def save_profiles(session: Session, profiles: Iterable[Profile], network: str, now: datetime) -> set[int]:
    """Store profiles that were looked up, and bill each once a UTC day. Returns the ids of renamed accounts.

    Profiles without a remote id are left out.
    """
    by_id = {profile.remote_id: profile for profile in profiles if profile.remote_id is not None}
    stored = {account.remote_id: account for account in find_by_remote_ids(session, by_id, network)}
    new = {
        remote_id: Account(network=network, remote_id=remote_id, handle=profile.handle)
        for remote_id, profile in by_id.items()
        if remote_id not in stored
    }
    named = [((stored | new)[remote_id], profile.handle) for remote_id, profile in by_id.items()]
    renamed = _rename(session, network, named)
    session.add_all(new.values())
    for account, profile in zip((account for account, _ in named), by_id.values(), strict=True):
        account.state = profile.state
        _bill(session, account, now)
    session.flush()
    return renamed


def update_handles(session: Session, profiles: Iterable[Profile], network: str, now: datetime) -> set[int]:
    """Store the handles of accounts that are stored already, and bill each; returns the ids of renamed accounts.

    An account that was unavailable and is active again is due at once.
    """
    by_id = {profile.remote_id: profile for profile in profiles if profile.remote_id is not None}
    stored = find_by_remote_ids(session, by_id, network)
    renamed = _rename(session, network, [(account, by_id[account.remote_id].handle) for account in stored])
    for account in stored:
        if by_id[account.remote_id].state is State.ACTIVE and account.state is not State.ACTIVE:
            account.attempted_at = None
        _bill(session, account, now)
    session.flush()
    return renamed


def _rename(session: Session, network: str, named: Sequence[tuple[Account, str]]) -> set[int]:
    """Give each account its handle; returns the ids of stored accounts whose handle changed.

    On a network a handle has one owner at a time. A stored account with a handle that is now another's was renamed or
    suspended: it gets a former handle until its own is known.
    """
    owners = {account.handle.lower(): account for account in _find_by_handles(session, network, named)}
    renamed = set()
    for account, handle in named:
        owner = owners.get(handle.lower(), account)
        if owner is not account and owner.handle.lower() == handle.lower():
            owner.handle = _make_former(session, network, owner.handle)
            renamed.add(owner)
            session.flush()  # at no moment do two accounts have one handle
        if account.handle != handle:
            account.handle = handle
            renamed.add(account)
            session.flush()
        owners[handle.lower()] = account
    return {account.id for account in renamed if account.id is not None}


def _find_by_handles(session: Session, network: str, named: Iterable[tuple[Account, str]]) -> Sequence[Account]:
    handles = {handle.lower() for _, handle in named}
    same = (Account.network == network, func.lower(Account.handle).in_(handles))
    return session.scalars(select(Account).where(*same)).all()


def _make_former(session: Session, network: str, handle: str) -> str:
    """The handle with a suffix that makes it unique among the stored accounts."""
    alike = (
        Account.network == network,
        func.lower(Account.handle).startswith(f"{handle.lower()}{FORMER_SUFFIX}", autoescape=True),
    )
    taken = {other.lower() for other in session.scalars(select(Account.handle).where(*alike))}
    candidates = (f"{handle}{FORMER_SUFFIX}{number}" for number in ("", *range(2, len(taken) + 3)))
    return next(candidate for candidate in candidates if candidate.lower() not in taken)


def _bill(session: Session, account: Account, now: datetime) -> None:
    """The network bills a profile once a UTC day."""
    if account.billed_on != now.date():
        account.billed_on = now.date()
        ledger.add(session, account.network, now.date(), "users", 1)


def list_tracked(session: Session, network: str | None = None) -> Sequence[Account]:
    """The accounts, of this network or all, that an active chat tracks; the one first that was polled longest ago."""
    which = () if network is None else (Account.network == network,)
    return session.scalars(
        select(Account)
        .where(Account.id.in_(_tracked_ids()), *which)
        .order_by(Account.polled_at.asc().nulls_first(), Account.attempted_at.asc().nulls_first(), Account.id)
    ).all()


def count_by_requests(session: Session, network: str) -> dict[int | None, int]:
    """How many of the network's active tracked accounts take how many requests to fetch; None: not known yet."""
    is_fetched = Account.id.in_(_tracked_ids()), Account.network == network, Account.state == State.ACTIVE
    rows = session.execute(select(Account.requests, func.count()).where(*is_fetched).group_by(Account.requests))
    return {row[0]: row[1] for row in rows}


def _tracked_ids() -> Select[int]:
    return select(Tracking.account_id).join(Chat, Chat.id == Tracking.chat_id).where(Chat.inactive_reason.is_(None))


def list_unattempted(
    session: Session, comparison_ids: Collection[int], account_ids: Collection[int]
) -> Sequence[Account]:
    """Of these accounts and those of these comparisons, the tracked ones that no fetch was attempted of."""
    in_comparisons = select(ComparisonAccount.account_id).where(ComparisonAccount.comparison_id.in_(comparison_ids))
    is_tracked = exists().where(
        Tracking.account_id == Account.id, Chat.id == Tracking.chat_id, Chat.inactive_reason.is_(None)
    )
    return session.scalars(
        select(Account)
        .where(or_(Account.id.in_(account_ids), Account.id.in_(in_comparisons)), Account.attempted_at.is_(None))
        .where(is_tracked)
        .order_by(Account.id)
    ).all()


def list_in_flight(session: Session, network: str, since: datetime) -> Sequence[Account]:
    """The readable accounts whose fetch was attempted after `since` and is not stored yet."""
    return session.scalars(
        select(Account).where(
            Account.network == network,
            Account.state == State.ACTIVE,
            Account.attempted_at > since,
            or_(Account.fetched_at.is_(None), Account.fetched_at < Account.attempted_at),
        )
    ).all()


def delete_unused(session: Session, before: datetime) -> None:
    """Delete the accounts that no chat tracks, no comparison has and nobody looked up since, with their posts."""
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
    """A fetch of these accounts begins."""
    session.execute(update(Account).where(Account.id.in_(account_ids)).values(attempted_at=now))


def retry_unavailable(session: Session) -> None:
    """Let protected, suspended and missing accounts be due at once."""
    session.execute(update(Account).where(Account.state != State.ACTIVE).values(attempted_at=None))


def save_fetch_results(session: Session, results: Iterable[FetchResult]) -> set[int]:
    """Store fetch results, the last of each account; returns the ids of the accounts whose charts change.

    A result older than the stored one, as from a worker that was frozen, is ignored.
    """
    latest = {result.account_id: result for result in results}
    rows = session.scalars(select(Account).where(Account.id.in_(latest))).all()
    current = [each for each in rows if each.fetched_at is None or each.fetched_at <= latest[each.id].at]
    last = {each.id: posts.LastFetch(each.network, each.fetched_at, each.fetched_back_to) for each in current}
    changed = {account.id for account in current if _save_outcome(account, latest[account.id])}
    successful = [result for account in current if (result := latest[account.id]).posts is not None]
    return changed | posts.save(session, successful, last)


def mark_stale(session: Session, network: str, before: Mapping[int | None, datetime]) -> set[int]:
    """Mark a network's accounts stale that were last fetched before a time, given by how many requests they take.

    before: that time; the key None is for all other numbers of requests, and must be there. Returns the ids of the
    accounts that were not stale before.
    """
    times = {requests: literal(at, UtcDateTime) for requests, at in before.items() if requests is not None}
    default = literal(before[None], UtcDateTime)
    is_late = Account.fetched_at < (case(times, value=Account.requests, else_=default) if times else default)
    which = Account.network == network, Account.stale.is_(False), is_late
    marked = update(Account).where(*which).values(stale=True).returning(Account.id)
    return set(session.scalars(marked.execution_options(synchronize_session=False)))


def _save_outcome(account: Account, result: FetchResult) -> bool:
    """Store how the fetch went; True if that changes what charts say of the account."""
    before = _displayed(account)
    account.polled_at = result.at if result.was_asked else account.polled_at
    if result.posts is None:
        account.state, account.problem = result.state or account.state, result.problem
    else:
        account.state, account.problem, account.stale, account.fetched_at = State.ACTIVE, None, False, result.at
        account.requests = result.requests if result.complete else max(result.requests, account.requests or 0)
        oldest = min((post.created_at for post in result.posts), default=result.at)
        account.fetched_back_to = None if result.complete else oldest
    return _displayed(account) != before


def _displayed(account: Account) -> tuple[State, bool, bool]:
    """What charts say of an account beside its posts."""
    return account.state, account.stale, account.fetched_at is None
