"""Opening a network's circuit breaker: until a moment, no step asks the network for anything."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from pipeline.errors import ServiceError
from pipeline.i18n import lazy_gettext
from pipeline.records import LazyString
from pipeline.sources.source import Network
from pipeline.steps.resources import Resources
from pipeline.store import circuit_breakers

ANNOUNCED_AFTER = timedelta(minutes=5)
"""A shorter pause is not announced to the chats."""


def open_breaker(db: Session, network: Network, reason: LazyString, now: datetime, until: datetime) -> None:
    """Ask the network for nothing until then, and announce that to the chats where it is long."""
    stop = circuit_breakers.open(db, network.key, reason, now, until)
    if until - now > ANNOUNCED_AFTER:
        text = lazy_gettext(
            "{reason}. Since {since:moment} nothing is read; the charts keep what was read last, with its time. "
            "The next try is {until:moment}; the bot's owner can try earlier by /status.",
            reason=stop.reason,
            since=stop.opened_at,
            until=stop.retry_at,
        )
        circuit_breakers.announce(db, stop, text)


def open_if_permanent(resources: Resources, network: Network, error: ServiceError, now: datetime) -> None:
    """After a failed request for profiles: an unpaid bill stops all; their rate limit is their own."""
    if error.permanent and error.retry_after:
        with resources.store.write_session() as db:
            open_breaker(db, network, error.text, now, now + error.retry_after)
