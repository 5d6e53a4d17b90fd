"""Accounts: who they are, and how the last fetch of each went."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, and_, case, delete, exists, false, func, or_, select, update
from sqlalchemy.orm import Session

from pipeline.records import FetchResult, Handle, Profile, State
from pipeline.sources.registry import NETWORKS
from pipeline.store import followers, posts
from pipeline.store.tables import Account, Chat, ComparisonAccount, Tracking

MAX_NAMES = 20
"""For which similar handles are sought at once."""
FORMER_SUFFIX = "-old"
"""Added to the handle of an account whose handle another account has taken."""


class Load(NamedTuple):
    """What reading the active tracked accounts of a server takes. remote_id: of any of them; accounts: their number.

    requests: of complete fetches of those of which that is known. unknown: the number of the others.
    """

    remote_id: str
    accounts: int
    requests: int
    unknown: int


class Waiting(NamedTuple):
    """An account that may be read now, by what decides whose turn it is; as in tables.Account."""

    id: int
    remote_id: str
    requests: int | None
    polled_at: datetime | None
    fetched_at: datetime | None
    older_at: datetime | None


def find_by_remote_ids(session: Session, remote_ids: Iterable[str], network: str) -> Sequence[Account]:
    """The stored accounts with these ids on the network. An id never changes, while a handle may pass to another."""
    return session.scalars(
        select(Account).where(Account.network == network, Account.remote_id.in_(list(remote_ids)))
    ).all()


def get_many(session: Session, account_ids: Iterable[int]) -> Sequence[Account]:
    return session.scalars(select(Account).where(Account.id.in_(list(account_ids))).order_by(Account.id)).all()


def list_stored(session: Session, account_ids: Collection[int]) -> set[int]:
    """Those of these ids that are of stored accounts."""
    return set(session.scalars(select(Account.id).where(Account.id.in_(account_ids))))


def list_similar(session: Session, names: Sequence[str]) -> Sequence[str]:
    """The stored handles of active accounts that begin as one of these names does, in the same letter and length.

    Lengths may differ by two. What is similar among so few is for the caller to say.
    """
    length, first = func.length(Account.handle), func.lower(func.substr(Account.handle, 1, 1))
    alike = [
        and_(first == name[:1].lower(), length.between(len(name) - 2, len(name) + 2)) for name in names[:MAX_NAMES]
    ]
    return session.scalars(select(Account.handle).where(Account.state == State.ACTIVE, or_(*alike))).all()


def by_handle(accounts: Iterable[Account]) -> dict[tuple[str, str], Account]:
    """These accounts by their folded handles; see Handle."""
    return {Handle(account.network, account.handle).folded: account for account in accounts}


def by_name(accounts: Sequence[Account]) -> dict[tuple[str, str], Account]:
    """These accounts by all that people may call them, folded; what is one's handle is no other's name."""
    named = {
        Handle(account.network, name).folded: account
        for account in accounts
        for name in NETWORKS[account.network].other_names(account.handle, account.remote_id)
    }
    return named | by_handle(accounts)


def save_profiles(session: Session, profiles: Iterable[Profile], network: str, now: datetime) -> set[int]:
    """Store profiles that were looked up. Returns the ids of accounts with another name or number of followers.

    Profiles without a remote id are left out, and withheld ones of accounts that are not stored.
    """
    named_by_id = {profile.remote_id: profile for profile in profiles if profile.remote_id is not None}
    stored = {account.remote_id: account for account in find_by_remote_ids(session, named_by_id, network)}
    by_id = {each: told for each, told in named_by_id.items() if each in stored or told.state is not State.WITHHELD}
    new = {
        remote_id: Account(network=network, remote_id=remote_id, handle=profile.handle)
        for remote_id, profile in by_id.items()
        if remote_id not in stored
    }
    named = [((stored | new)[remote_id], profile.handle) for remote_id, profile in by_id.items()]
    renamed = _rename(session, network, named)
    session.add_all(new.values())
    for account, profile in zip((account for account, _ in named), by_id.values(), strict=True):
        account.state, account.note = profile.state, profile.note
        account.profiled_on = now.date()
    session.flush()
    return renamed | _save_followers(session, by_id, [account for account, _ in named], now)


def update_handles(session: Session, profiles: Iterable[Profile], network: str, now: datetime) -> set[int]:
    """Store what profiles tell of accounts that are stored; returns the ids of those with other names or followers.

    An account that was unavailable and is active again is due at once.
    """
    by_id = {profile.remote_id: profile for profile in profiles if profile.remote_id is not None}
    stored = find_by_remote_ids(session, by_id, network)
    renamed = _rename(session, network, [(account, by_id[account.remote_id].handle) for account in stored])
    for account in stored:
        if by_id[account.remote_id].state is State.ACTIVE and account.state is not State.ACTIVE:
            account.attempted_at = None
        account.profiled_on, account.note = now.date(), by_id[account.remote_id].note
    session.flush()
    return renamed | _save_followers(session, by_id, stored, now)


def _save_followers(
    session: Session, by_id: Mapping[str, Profile], stored: Iterable[Account], now: datetime
) -> set[int]:
    """Store what profiles, by their remote ids, tell of followers; returns the ids of accounts with another number."""
    return {each.id for each in stored if followers.save(session, each, by_id[each.remote_id].followers, now)}


def _rename(session: Session, network: str, named: Sequence[tuple[Account, str]]) -> set[int]:
    """Give each account its handle; returns the ids of stored accounts whose handle changed.

    On a network a handle has one owner at a time. A stored account with a handle that is now another's was renamed or
    suspended: it gets a former handle until its own is known. One that has no handle now, but its id, keeps its last.
    """
    owners = {account.handle.lower(): account for account in _find_by_handles(session, network, named)}
    renamed = set()
    for account, handle in named:
        owner = owners.get(handle.lower(), account)
        if owner is not account and owner.handle.lower() == handle.lower():
            owner.handle = _make_former(session, network, owner.handle)
            renamed.add(owner)
            session.flush()  # at no moment do two accounts have one handle
        if handle not in {account.handle, account.remote_id}:
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


def list_tracked(session: Session, network: str | None = None) -> Sequence[Account]:
    """The accounts, of this network or all, that an active chat tracks; the one first that was polled longest ago."""
    which = () if network is None else (Account.network == network,)
    return session.scalars(
        select(Account)
        .where(Account.id.in_(select_tracked()), *which)
        .order_by(Account.polled_at.asc().nulls_first(), Account.attempted_at.asc().nulls_first(), Account.id)
    ).all()


def list_tracked_ids(session: Session, network: str) -> list[tuple[int, str]]:
    """(id, id on the network) of the network's accounts that an active chat tracks."""
    which = Account.network == network, is_tracked()
    rows = session.execute(select(Account.id, Account.remote_id).where(*which).order_by(Account.id))
    return [(row[0], row[1]) for row in rows]


def find_tracked(session: Session, handles: Iterable[Handle]) -> Sequence[Account]:
    """The accounts with these handles that an active chat tracks."""
    names: dict[str, list[str]] = {}
    for network, name in (handle.folded for handle in handles):
        names.setdefault(network, []).append(name)
    same = [(Account.network == key) & func.lower(Account.handle).in_(each) for key, each in names.items()]
    return session.scalars(select(Account).where(or_(false(), *same), is_tracked())).all()


def count_by_requests(session: Session, network: str, *, by_server: bool) -> Sequence[tuple[str, int | None, int]]:
    """(id on the network of any of them, requests, how many are active) of the network's tracked accounts.

    One for each number of requests that a fetch takes, None if unknown; by_server: and for each address that ids have.
    """
    is_active = case((Account.state == State.ACTIVE, 1), else_=0)
    columns = select(func.min(Account.remote_id), Account.requests, func.sum(is_active))
    server = _address(session) if by_server else Account.network
    rows = session.execute(columns.where(Account.network == network, is_tracked()).group_by(server, Account.requests))
    return [(row[0], row[1], row[2]) for row in rows]


def list_waiting(
    session: Session,
    network: str,
    attempted_before: datetime,
    unreadable_before: datetime,
    most: Mapping[int | None, int] | None = None,
) -> list[Waiting]:
    """The network's tracked accounts of which no fetch was attempted since a moment, the longest unread first.

    unreadable_before: the moment for those that the network does not show. most: how many at most of those that take so
    many requests, and none of others; those of each number follow each other. None: all.
    """
    may_be_tried = or_(
        Account.attempted_at.is_(None),
        and_(Account.state == State.ACTIVE, Account.attempted_at <= attempted_before),
        Account.attempted_at <= unreadable_before,
    )
    columns = Account.id, Account.remote_id, Account.requests, Account.polled_at, Account.fetched_at, Account.older_at
    waiting = select(*columns).where(Account.network == network, may_be_tried, is_tracked())
    never = waiting.where(Account.polled_at.is_(None)).order_by(Account.attempted_at.asc().nulls_first(), Account.id)
    polled = waiting.where(Account.polled_at.is_not(None)).order_by(Account.polled_at, Account.id)
    queries = [never, polled]  # apart: PostgreSQL has no order by an index with the empty ones first
    if most is not None:
        queries = [
            query.where(Account.requests == requests).limit(count)
            for requests, count in most.items()
            for query in (never, polled)
        ]
    return [Waiting(*row) for query in queries for row in session.execute(query)]


def list_loads(session: Session, network: str, *, by_server: bool) -> Sequence[Load]:
    """The load of the network, if it has any; by_server: of each address that the accounts' ids begin with."""
    is_known = Account.requests > 0
    columns = (
        func.min(Account.remote_id),
        func.count(),
        func.coalesce(func.sum(Account.requests), 0),
        func.sum(case((is_known, 0), else_=1)),
    )
    which = Account.network == network, Account.state == State.ACTIVE, is_tracked()
    server = _address(session) if by_server else Account.network
    return [Load(*row) for row in session.execute(select(*columns).where(*which).group_by(server))]


def _address(session: Session) -> ColumnElement[str]:
    """The host in an account's id that begins with an address; the id itself where it does not."""
    position = func.instr if session.get_bind().dialect.name == "sqlite" else func.strpos
    scheme_length = position(Account.remote_id, "://")
    after_scheme = func.substr(Account.remote_id, scheme_length + len("://"))
    host_length = position(after_scheme, "/")
    is_address = and_(scheme_length > 0, host_length > 0)
    return case((is_address, func.substr(after_scheme, 1, host_length)), else_=Account.remote_id)


def list_read_before(
    session: Session, network: str, before: datetime
) -> Sequence[tuple[int, str, int | None, datetime]]:
    """(id, id on the network, requests, fetched_at) of the network's accounts that were fetched last before a moment.

    Without those that are marked stale already.
    """
    which = Account.network == network, Account.stale.is_(False), Account.fetched_at < before
    columns = select(Account.id, Account.remote_id, Account.requests, Account.fetched_at).where(*which)
    return [(each, remote_id, requests, at) for each, remote_id, requests, at in session.execute(columns) if at]


def chats_by_remote_id(session: Session, network: str) -> Sequence[tuple[str, int]]:
    """(id on the network, chat's id) of each tracking of an account of the network by an active chat."""
    rows = session.execute(
        select(Account.remote_id, Tracking.chat_id)
        .join(Tracking, Tracking.account_id == Account.id)
        .join(Chat, Chat.id == Tracking.chat_id)
        .where(Account.network == network, Chat.inactive_reason.is_(None))
    )
    return [(row[0], row[1]) for row in rows]


def are_tracked(session: Session, network: str) -> bool:
    """Whether an active chat tracks an account of this network."""
    return session.scalar(select(exists().where(Account.network == network, is_tracked()))) or False


def is_tracked() -> ColumnElement[bool]:
    """Whether an active chat tracks the account.

    One chat is looked for: of an EXISTS, PostgreSQL would make a join with all trackings.
    """
    tracks = Tracking.account_id == Account.id, Chat.id == Tracking.chat_id, Chat.inactive_reason.is_(None)
    return select(Chat.id).where(*tracks).limit(1).correlate(Account).scalar_subquery().is_not(None)


def select_tracked() -> Select[int]:
    """The ids of the accounts that an active chat tracks, with repetitions."""
    return select(Tracking.account_id).join(Chat, Chat.id == Tracking.chat_id).where(Chat.inactive_reason.is_(None))


def list_to_read(
    session: Session, comparison_ids: Collection[int], account_ids: Collection[int], stale_before: datetime
) -> Sequence[Account]:
    """Of these accounts and those of these comparisons, the tracked ones that no fetch was attempted of.

    On a network with a price also those that are not asked for new posts today, and were not since that moment.
    """
    in_comparisons = select(ComparisonAccount.account_id).where(ComparisonAccount.comparison_id.in_(comparison_ids))
    is_stale = Account.since_id.is_not(None) & Account.next_at.is_(None) & (Account.attempted_at < stale_before)
    return session.scalars(
        select(Account)
        .where(or_(Account.id.in_(account_ids), Account.id.in_(in_comparisons)))
        .where(or_(Account.attempted_at.is_(None), is_stale))
        .where(is_tracked())
        .order_by(Account.id)
    ).all()


def delete_unused(session: Session, before: datetime) -> None:
    """Delete the accounts that no chat tracks, no comparison has and nobody looked up since, with their posts."""
    session.execute(
        delete(Account).where(
            Account.id.not_in(select(Tracking.account_id)),
            Account.id.not_in(select(ComparisonAccount.account_id)),
            or_(Account.profiled_on.is_(None), Account.profiled_on < before.date()),
        )
    )


def list_ids(session: Session) -> Sequence[int]:
    return session.scalars(select(Account.id)).all()


def mark_attempted(session: Session, account_ids: Iterable[int], now: datetime) -> None:
    """A fetch of these accounts begins."""
    session.execute(update(Account).where(Account.id.in_(account_ids)).values(attempted_at=now))


def retry_unavailable(session: Session, now: datetime) -> None:
    """Let protected, suspended and missing accounts be due at once."""
    is_unavailable = Account.state != State.ACTIVE
    session.execute(update(Account).where(is_unavailable).values(attempted_at=None))
    session.execute(update(Account).where(is_unavailable, Account.next_at.is_not(None)).values(next_at=now))


def save_fetch_results(session: Session, results: Iterable[FetchResult]) -> set[int]:
    """Store fetch results, the last of each account; returns the ids of the accounts whose charts change.

    A result older than the stored one, as from a worker that was frozen, is ignored.
    """
    latest = {result.account_id: result for result in results}
    rows = session.scalars(select(Account).where(Account.id.in_(latest))).all()
    current = [each for each in rows if each.fetched_at is None or each.fetched_at <= latest[each.id].at]
    last = {each.id: posts.LastFetch(each.fetched_at, each.fetched_back_to) for each in current}
    changed = {account.id for account in current if _save_outcome(account, latest[account.id])}
    told = [(account, latest[account.id]) for account in current]
    changed |= {account.id for account, result in told if followers.save(session, account, result.followers, result.at)}
    successful = [result for account in current if (result := latest[account.id]).posts is not None]
    return changed | posts.save(session, successful, last)


def mark_stale(session: Session, account_ids: Iterable[int]) -> set[int]:
    """Mark accounts stale; returns the ids of those that were not stale before."""
    return _mark_stale(session, Account.id.in_(list(account_ids)))


def mark_late(session: Session, network: str, before: Mapping[int | None, datetime]) -> set[int]:
    """The same of the network's accounts that were fetched last before a moment, by the requests that they take."""
    of_network = Account.network == network
    late = (
        _mark_stale(session, of_network, Account.requests == requests, Account.fetched_at < moment)
        for requests, moment in before.items()
    )
    return {account_id for marked in late for account_id in marked}


def _mark_stale(session: Session, *which: ColumnElement[bool]) -> set[int]:
    marked = update(Account).where(*which, Account.stale.is_(False)).values(stale=True).returning(Account.id)
    return set(session.scalars(marked.execution_options(synchronize_session=False)))


def _save_outcome(account: Account, result: FetchResult) -> bool:
    """Store how the fetch went; True if that changes what charts say of the account."""
    before = displayed(account)
    account.polled_at = result.at if result.was_asked else account.polled_at
    if result.posts is None:
        account.state, account.problem = result.state or account.state, result.problem
    else:
        account.state, account.problem, account.stale, account.fetched_at = State.ACTIVE, None, False, result.at
        account.requests = result.requests if result.complete else max(result.requests, account.requests or 0)
        oldest = min((post.created_at for post in result.posts), default=result.at)
        account.fetched_back_to = None if result.complete else oldest
    return displayed(account) != before


def displayed(account: Account) -> tuple[State, bool, bool, bool]:
    """What charts say of an account beside its posts."""
    return account.state, account.stale, account.fetched_at is None, account.until_id is None
