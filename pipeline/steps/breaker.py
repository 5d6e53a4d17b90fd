"""Opening the circuit breaker of a network, or of one of its servers: until a moment, no step asks it for anything."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from pipeline.errors import ServiceError
from pipeline.i18n import lazy_gettext
from pipeline.records import LazyString
from pipeline.sources.source import Network, service_of
from pipeline.steps.resources import Resources
from pipeline.store import accounts, circuit_breakers

ANNOUNCED_AFTER = timedelta(minutes=5)
"""A shorter pause is not announced to the chats."""
PAUSES = timedelta(minutes=5), timedelta(hours=1), timedelta(hours=6)
"""A server that does not answer waits for the first of these that is longer than its trouble lasts, or the last."""
SERVER_ANNOUNCED_AFTER = timedelta(hours=1)
"""A shorter pause of one server among many is not announced: small servers are often away for a while."""


def open_breaker(  # noqa: PLR0913, PLR0917 what must not be asked, why, and from when until when
    db: Session, network: Network, reason: LazyString, now: datetime, until: datetime, service: str | None = None
) -> None:
    """Ask the network for nothing until then, and announce that to the chats where it is long.

    service: one of its servers, as source.service_of names it, where that alone is not asked. It waits longer and
    longer while it does not answer.
    """
    if service is not None and service != network.key:
        _open_server(db, network, reason, now, until, service)
        return
    stop = circuit_breakers.open(db, network.key, reason, now, until)
    if until - now > ANNOUNCED_AFTER:
        text = lazy_gettext(
            "Reading {network} is paused since {since:moment}: {reason}. The charts keep what was read last, "
            "with its time. I'll try again {until:moment}; the bot's owner can try earlier with /status.",
            network=network.name,
            since=stop.opened_at,
            reason=stop.reason,
            until=stop.retry_at,
        )
        circuit_breakers.announce(db, stop, text)


def _open_server(  # noqa: PLR0913, PLR0917
    db: Session, network: Network, reason: LazyString, now: datetime, until: datetime, service: str
) -> None:
    before = circuit_breakers.find(db, service)
    if before is not None and before.retry_at <= now:  # it was tried again, and did not answer again
        until = max(until, now + _longer_pause(now - before.opened_at))
    stop = circuit_breakers.open(db, service, reason, now, until)
    if until - now < SERVER_ANNOUNCED_AFTER:
        return
    text = lazy_gettext(
        "Reading {server} is paused since {since:moment}: {reason}. The charts keep what was read there "
        "last, with its time. I'll try again {until:moment}.",
        server=service.removeprefix(f"{network.key} "),
        since=stop.opened_at,
        reason=stop.reason,
        until=stop.retry_at,
    )
    tracking = accounts.chats_by_remote_id(db, network.key)
    chats = {chat for remote_id, chat in tracking if service_of(network, remote_id) == service}
    circuit_breakers.announce_to(db, stop, text, chats)


def _longer_pause(lasting: timedelta) -> timedelta:
    """How long a server is not asked that has not answered for so long."""
    return next((pause for pause in PAUSES if lasting < pause), PAUSES[-1])


def open_if_permanent(resources: Resources, network: Network, error: ServiceError, now: datetime) -> None:
    """After a failed request for profiles: an unpaid bill stops all; their rate limit is their own."""
    if error.permanent and error.retry_after:
        with resources.store.write_session() as db:
            open_breaker(db, network, error.text, now, now + error.retry_after)
