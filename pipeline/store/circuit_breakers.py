"""Circuit breakers of external services: a service that fails is not called again before a given time.

A breaker is open until its retry_at, and half-open from then on: the service may be tried. It is closed, and its row
deleted, when the service answers.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from pipeline.records import LazyString
from pipeline.store import notices, services
from pipeline.store.tables import CircuitBreaker


def open(  # noqa: A001 called as circuit_breakers.open, which is the pattern's word
    session: Session, service: str, reason: LazyString, now: datetime, retry_at: datetime
) -> CircuitBreaker:
    """Do not call the service before retry_at. A breaker that exists keeps its opened_at, and its later retry_at."""
    breaker = session.get(CircuitBreaker, service)
    if breaker is None:
        breaker = CircuitBreaker(service=service, reason=reason, opened_at=now, retry_at=retry_at)
        session.add(breaker)
    elif breaker.retry_at < retry_at:
        breaker.reason, breaker.retry_at = reason, retry_at
    session.flush()
    return breaker


def find(session: Session, service: str) -> CircuitBreaker | None:
    """The service's breaker, open or half-open; None while it is closed."""
    return session.get(CircuitBreaker, service)


def find_open(session: Session, service: str, now: datetime) -> CircuitBreaker | None:
    """The service's breaker if the service must not be called now, else None."""
    breaker = find(session, service)
    return breaker if breaker and breaker.retry_at > now else None


def load(session: Session, network: str) -> dict[str, CircuitBreaker]:
    """The breakers, open or half-open, of a network and its servers, by the names of source.service_of."""
    rows = session.scalars(select(CircuitBreaker).where(services.is_of(CircuitBreaker.service, network)))
    return {row.service: row for row in rows}


def list_open(session: Session, network: str, now: datetime, most: int) -> tuple[Sequence[CircuitBreaker], int]:
    """Those of them that must not be called now, at most so many, the one first that opened last; and their number."""
    which = services.is_of(CircuitBreaker.service, network), CircuitBreaker.retry_at > now
    rows = select(CircuitBreaker).where(*which).order_by(CircuitBreaker.opened_at.desc(), CircuitBreaker.service)
    count = session.scalar(select(func.count()).select_from(CircuitBreaker).where(*which))
    return session.scalars(rows.limit(most)).all(), count or 0


def any_exist(session: Session) -> bool:
    """Whether some breaker is open or half-open."""
    return session.scalar(select(CircuitBreaker.service).limit(1)) is not None


def half_open(session: Session, now: datetime, service: str | None = None) -> None:
    """Let the service be tried now, and if it is a network all its servers; None: every service."""
    which = () if service is None else (services.is_of(CircuitBreaker.service, service),)
    session.execute(update(CircuitBreaker).where(CircuitBreaker.retry_at > now, *which).values(retry_at=now))


def close(session: Session, service: str, now: datetime) -> None:
    """The service answered. A breaker that is still open stays: the answer is to an earlier call.

    Chats that were not sent the notice of the outage are not sent it any more.
    """
    half_opened = delete(CircuitBreaker).where(CircuitBreaker.service == service, CircuitBreaker.retry_at <= now)
    if session.scalar(half_opened.returning(CircuitBreaker.service)) is not None:
        notices.expire(session, _key_prefix(service), now)


def announce(session: Session, breaker: CircuitBreaker, text: LazyString, *, admins_only: bool = False) -> None:
    """Publish a notice of the outage: once a UTC day for the same reason, however often the breaker opens.

    Of a network's outage only the chats that track accounts of it are told.
    """
    key = f"{_key_prefix(breaker.service)}{breaker.reason.msgid} on {breaker.opened_at:%Y-%m-%d}"
    notices.publish(session, key, text, breaker.retry_at, admins_only=admins_only, network=breaker.service)


def announce_to(session: Session, breaker: CircuitBreaker, text: LazyString, chats: Iterable[int]) -> None:
    """Publish a notice of the outage to these chats alone: once a UTC day for the same reason."""
    key = f"{_key_prefix(breaker.service)}{breaker.reason.msgid} on {breaker.opened_at:%Y-%m-%d}"
    for chat_id in chats:
        notices.publish(session, f"{key} to {chat_id}", text, breaker.retry_at, chat_id=chat_id)


def delete_forgotten(session: Session, before: datetime) -> None:
    """Delete the breakers of services that nobody has tried since: no account of theirs is tracked any more."""
    session.execute(delete(CircuitBreaker).where(CircuitBreaker.retry_at < before))


def _key_prefix(service: str) -> str:
    return f"stop {service} "
