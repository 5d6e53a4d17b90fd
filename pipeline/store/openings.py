"""Which posts and profiles a network bills on a UTC day: one row each, so that none is counted or bought twice.

What a request by ids may cost is known before it: its openings are marked as asked for, and so counted, before it is
sent; those that the network does not return are released by its answer. How many posts a timeline holds is not known:
a reservation counts the most that may be billed, until an answer tells which posts it was.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, bindparam, delete, exists, func, select, update
from sqlalchemy.orm import Session

from pipeline.records import State
from pipeline.store import ledger
from pipeline.store.engine import insert_missing
from pipeline.store.tables import Account, Chat, Opening, Reservation, Tracking

DEFER = (
    update(Opening)
    .where(
        Opening.network == bindparam("in_network"),
        Opening.day == bindparam("on_day"),
        Opening.resource == bindparam("of_resource"),
        Opening.remote_id == bindparam("with_id"),
    )
    .values(next_at=bindparam("at"))
)
"""Built once: it runs in each tick."""
BATCH = 5000
"""How many rows one statement inserts: SQLite takes a limited number of values."""


class Day(NamedTuple):
    """A network's UTC day, which it bills by itself."""

    network: str
    date: date


class DuePost(NamedTuple):
    """A post to be read now. is_new: it is billed, since it was not asked for on this day before.

    is_unanswered: it was, and no answer is known.
    """

    account_id: int | None
    post_id: str
    is_new: bool
    is_unanswered: bool


def plan(session: Session, day: Day, posts: Iterable[tuple[int, str]], now: datetime) -> None:
    """Note posts, as (account id, post id), that are to be opened on the day, from now on."""
    planned = {"asked": False, "returned": False, "next_at": now}
    _insert(session, [_row(day, ledger.POSTS, post_id, account_id) | planned for account_id, post_id in posts])


def count_planned(session: Session, day: Day) -> int:
    """How many posts of tracked accounts that are shown are planned and not asked for yet."""
    which = (*_of(day), ~Opening.asked, _is_shown())
    return session.scalar(select(func.count()).select_from(Opening).where(*which)) or 0


def list_due(session: Session, day: Day, now: datetime, most: int) -> Sequence[DuePost]:
    """The posts whose next reading is due, at most so many, the one first that is due longest.

    Only of accounts that a chat tracks and the network shows.
    """
    columns = Opening.account_id, Opening.remote_id, Opening.asked, Opening.returned
    which = (*_of(day), Opening.next_at <= now, _is_shown())
    rows = session.execute(select(*columns).where(*which).order_by(Opening.next_at).limit(most))
    return [
        DuePost(account_id, post_id, not asked, asked and not returned) for account_id, post_id, asked, returned in rows
    ]


def ask(
    session: Session, day: Day, resource: str, remote_ids: Mapping[str, int | None], *, chat_id: int | None = None
) -> int:
    """The network is asked for these, by id with their accounts: from now on they count as billed.

    chat_id: the chat that asks for new ones and pays for them alone. Returns how many were asked for before.
    """
    return _count(session, day, resource, remote_ids, _Known(asked=True, returned=False), chat_id)


def record(
    session: Session, day: Day, resource: str, remote_ids: Mapping[str, int | None], *, chat_id: int | None = None
) -> int:
    """The network returned these, whether they were asked for by id or not; otherwise like `ask`."""
    return _count(session, day, resource, remote_ids, _Known(asked=True, returned=True), chat_id)


def release(session: Session, day: Day, resource: str, remote_ids: Collection[str]) -> None:
    """The network answered without these: it bills none that it did not return earlier on the day.

    They are not asked for again today.
    """
    released = 0
    for batch in _batches(list(remote_ids)):
        which = (*_of(day, resource), Opening.remote_id.in_(batch))
        session.execute(update(Opening).where(*which, Opening.returned).values(next_at=None))
        asked = session.scalars(delete(Opening).where(*which, ~Opening.returned).returning(Opening.asked)).all()
        released += sum(asked)
    ledger.add(session, day.network, day.date, resource, -released)


def defer(session: Session, day: Day, next_at: Mapping[str, datetime | None]) -> None:
    """When these posts are read next; None: not again on this day."""
    if next_at:
        of_day = {"in_network": day.network, "on_day": day.date, "of_resource": ledger.POSTS}
        rows = [of_day | {"with_id": post_id, "at": at} for post_id, at in next_at.items()]
        session.connection().execute(DEFER, rows)


def accounts_of(session: Session, day: Day, post_ids: Sequence[str]) -> dict[str, int | None]:
    """The account of each of these posts that has an opening on the day."""
    found: dict[str, int | None] = {}
    for batch in _batches(post_ids):
        which = (*_of(day), Opening.remote_id.in_(batch))
        found |= {
            row[0]: row[1] for row in session.execute(select(Opening.remote_id, Opening.account_id).where(*which))
        }
    return found


def list_post_ids(session: Session, day: Day) -> set[str]:
    """The ids of the posts that are planned for the day, or were asked for on it."""
    return set(session.scalars(select(Opening.remote_id).where(*_of(day))))


def delete_before(session: Session, before: date) -> None:
    """Delete the openings of earlier days; the ledger keeps their number."""
    session.execute(delete(Opening).where(Opening.day < before))


def count_by_account(session: Session, network: str, since: date) -> list[tuple[int, str, int]]:
    """(account id, resource, number) of what the chats that track an account pay for together, since that day."""
    which = Opening.network == network, Opening.account_id.is_not(None), Opening.chat_id.is_(None)
    return _count_by(session, since, Opening.account_id, which)


def count_of_accounts(session: Session, account_ids: Collection[int], since: date) -> list[tuple[int, str, int]]:
    """The same of these accounts. Their network is not asked for: SQLite would read all openings since that day."""
    which = Opening.account_id.in_(account_ids), Opening.chat_id.is_(None)
    return _count_by(session, since, Opening.account_id, which)


def count_by_chat(session: Session, network: str, since: date) -> list[tuple[int, str, int]]:
    """(chat id, resource, number) of what a chat pays for alone, since that day."""
    which = Opening.network == network, Opening.chat_id.is_not(None)
    return _count_by(session, since, Opening.chat_id, which)


def count_of_chats(
    session: Session, network: str, chat_ids: Collection[int], since: date
) -> list[tuple[int, str, int]]:
    """The same of these chats."""
    which = Opening.network == network, Opening.chat_id.in_(chat_ids)
    return _count_by(session, since, Opening.chat_id, which)


def _count_by(session: Session, since: date, payer: Any, which: tuple[Any, ...]) -> list[Any]:
    asked = *which, Opening.day >= since, Opening.asked
    query = select(payer, Opening.resource, func.count()).where(*asked).group_by(payer, Opening.resource)
    return [tuple(row) for row in session.execute(query)]


def reserve(session: Session, day: Day, resource: str, count: int, questions: Collection[str]) -> int:
    """Count so many units as spent before requests that ask these questions are sent; returns an id."""
    pending = json.dumps(sorted(questions))
    row = Reservation(network=day.network, day=day.date, resource=resource, count=count, pending=pending)
    session.add(row)
    session.flush()
    return row.id


def is_reserved(session: Session, reservation_id: int) -> bool:
    """Whether the requests of a reservation are not over."""
    return session.get(Reservation, reservation_id) is not None


def settle(session: Session, reservation_id: int, unanswered: Mapping[str, int]) -> None:
    """The requests of a reservation are over. unanswered: by question, what may be billed that nobody has seen.

    A question that was not answered before stays reserved once: asked again it is not billed again on that day.
    """
    row = session.get(Reservation, reservation_id)
    if row is None:  # the step runs again
        return
    session.delete(row)
    session.flush()
    if not unanswered:
        return
    before = {each.pending: each for each in session.scalars(_reservations(Day(row.network, row.day), row.resource))}
    for question, count in unanswered.items():
        pending = json.dumps([question])
        if pending in before:
            before[pending].count = max(before[pending].count, count)
        else:
            session.add(
                Reservation(network=row.network, day=row.day, resource=row.resource, count=count, pending=pending)
            )
    session.flush()


def release_answered(session: Session, day: Day, resource: str, questions: Collection[str]) -> None:
    """These were answered in full: what earlier requests for the same may have cost is known now."""
    for row in session.scalars(_reservations(day, resource)):
        pending = [each for each in json.loads(row.pending) if each not in questions]
        if pending:
            row.pending = json.dumps(pending)
        else:
            session.delete(row)
    session.flush()


def _reservations(day: Day, resource: str) -> Select[Reservation]:
    which = Reservation.network == day.network, Reservation.day == day.date, Reservation.resource == resource
    return select(Reservation).where(*which)


def _is_shown() -> ColumnElement[bool]:
    """Whether an active chat tracks the account, and the network shows it."""
    tracks = Tracking.account_id == Account.id, Chat.id == Tracking.chat_id, Chat.inactive_reason.is_(None)
    return exists().where(Account.id == Opening.account_id, Account.state == State.ACTIVE, *tracks)


def _of(day: Day, resource: str = ledger.POSTS) -> tuple[Any, ...]:
    return Opening.network == day.network, Opening.day == day.date, Opening.resource == resource


def _key(day: Day, resource: str, remote_id: str) -> dict[str, Any]:
    return {"network": day.network, "day": day.date, "resource": resource, "remote_id": remote_id}


def _row(day: Day, resource: str, remote_id: str, account_id: int | None) -> dict[str, Any]:
    return _key(day, resource, remote_id) | {"account_id": account_id}


class _Known(NamedTuple):
    """How far it has come with an opening."""

    asked: bool
    returned: bool


def _find(session: Session, day: Day, resource: str, remote_ids: Iterable[str]) -> dict[str, _Known]:
    """Those of these that have an opening on the day."""
    found: dict[str, _Known] = {}
    columns = Opening.remote_id, Opening.asked, Opening.returned
    for batch in _batches(list(remote_ids)):
        rows = session.execute(select(*columns).where(*_of(day, resource), Opening.remote_id.in_(batch)))
        found |= {remote_id: _Known(asked, returned) for remote_id, asked, returned in rows}
    return found


def _count(  # noqa: PLR0913, PLR0917
    session: Session, day: Day, resource: str, remote_ids: Mapping[str, int | None], to: _Known, chat_id: int | None
) -> int:
    """Bring these so far, and count those as billed that were not asked for before; returns how many were."""
    known = _find(session, day, resource, remote_ids)
    payer = {**to._asdict(), "next_at": None, "chat_id": chat_id}
    new = [_row(day, resource, each, account) | payer for each, account in remote_ids.items() if each not in known]
    asked = sum(opening.asked for opening in known.values())
    _mark(session, day, resource, [each for each, opening in known.items() if opening < to], to)
    _insert(session, new)
    ledger.add(session, day.network, day.date, resource, len(remote_ids) - asked)
    return asked


def _mark(session: Session, day: Day, resource: str, remote_ids: Sequence[str], to: _Known) -> None:
    for batch in _batches(remote_ids):
        which = (*_of(day, resource), Opening.remote_id.in_(batch))
        session.execute(update(Opening).where(*which).values(to._asdict()))


def _insert(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    for batch in _batches(rows):
        session.execute(insert_missing(session, Opening), batch)


def _batches(items: Sequence[Any]) -> list[Any]:
    return [items[start : start + BATCH] for start in range(0, len(items), BATCH)]
