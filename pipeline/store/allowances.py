"""How many requests a network may still be asked: so many come in with time, and each that is made takes one."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from pipeline.store.tables import Allowance


@dataclass(frozen=True, slots=True)
class Flow:
    """So many requests come in each period; no more than `most` are ever left, lest many go at once."""

    requests: float
    period: timedelta
    most: float


def left(session: Session, network: str, flow: Flow, now: datetime) -> float:
    """How many requests may be made now; none at all where it is below one."""
    row = session.get(Allowance, network)
    if row is None:
        return flow.most
    passed = max(now - row.at, timedelta(0)) / flow.period
    return min(flow.most, row.requests_left + flow.requests * passed)


def spend(session: Session, network: str, requests: int, flow: Flow, now: datetime) -> None:
    """Note requests that were made."""
    remaining = left(session, network, flow, now) - requests
    session.merge(Allowance(network=network, requests_left=remaining, at=now))
    session.flush()


def surely_left(session: Session, network: str, *, most: int) -> float:
    """How many requests were left, at most this many, when some were noted last: at least so many may be made now."""
    row = session.get(Allowance, network)
    return most if row is None else min(most, row.requests_left)


def take(session: Session, network: str, requests: int) -> None:
    """Note requests that were made between ticks."""
    row = session.get(Allowance, network)
    if row is not None:
        row.requests_left -= requests
        session.flush()
