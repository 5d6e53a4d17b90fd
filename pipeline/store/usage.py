"""Whether a network really bills a post once a day: it promises to, but no more than that.

Posts that were opened today are read again for nothing. How many may be is limited by what they would cost if it were
not for nothing, until the network's own count of the posts that it billed shows that they were not billed again.
"""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from pipeline.settings import Settings
from pipeline.sources.source import Network
from pipeline.store import ledger, network_status

TOLERATED = 0.02
"""By this part the network's count may be above the ledger's."""
TOLERATED_POSTS = 100
"""And by this many posts, or as many as a day's limit pays: one request that is under way while both are compared."""


class Verdict(StrEnum):
    """What a comparison of the network's count with the ledger's says."""

    EQUAL = "equal"
    EXCEEDED = "exceeded"


def allowed_repeats(session: Session, network: Network, settings: Settings, day: date) -> int:
    """How many posts may be read again before the counts are compared: those that a day's limit would pay.

    None may be from the moment that the network was found to bill them, until the next day.
    """
    status = network_status.get(session, network.key)
    if status.repeats_ended_on == day:
        return 0
    return max(0, _affordable(network, settings) - status.repeats)


def _affordable(network: Network, settings: Settings) -> int:
    """How many posts a day's limit pays."""
    return int(network.limits(settings).daily_usd / network.price.post_usd) if network.price else 0


def skip(session: Session, network: Network, day: date, now: datetime) -> None:
    """The network does not tell what it has counted: the repeats that are allowed are those of the whole day."""
    status = network_status.get(session, network.key)
    if status.usage_on != day:
        status.usage_on, status.usage, status.usage_ledger = day, None, None
    status.compared_at = now


def compare(  # noqa: PLR0913, PLR0917
    session: Session, network: Network, settings: Settings, used: int, day: date, now: datetime
) -> Verdict:
    """Compare what the network has counted with the ledger, both since the first comparison of the day.

    used: posts in its billing month, which may have begun anew.
    """
    status = network_status.get(session, network.key)
    counted = ledger.count_posts(session, network.key)
    status.compared_at, status.repeats = now, 0
    if status.usage_on != day or status.usage is None or status.usage_ledger is None or used < status.usage:
        status.usage_on, status.usage, status.usage_ledger = day, used, counted
        return Verdict.EQUAL
    reserved = ledger.reserved_posts(session, network.key, day)
    ours = counted + reserved - status.usage_ledger
    if used - status.usage <= ours * (1 + TOLERATED) + min(TOLERATED_POSTS, _affordable(network, settings)):
        return Verdict.EQUAL
    status.repeats_ended_on = day
    return Verdict.EXCEEDED
