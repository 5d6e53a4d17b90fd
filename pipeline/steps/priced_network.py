"""A network with a price, as the steps that spend money see it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from sqlalchemy.orm import Session

from pipeline.messaging.celery_app import SLOTS
from pipeline.settings import Settings
from pipeline.sources.source import Limits, Network, Price
from pipeline.store import ledger, network_status, openings, reading_queue
from pipeline.store.ledger import Money
from pipeline.store.network_status import NetworkTime
from pipeline.store.openings import Day

COMMON_FROM_HOUR = 18
"""From then on (UTC) any chat's new accounts may be read with what the other chats have not used of the day."""


@dataclass(frozen=True, slots=True)
class PricedNetwork:
    """The network in one transaction, at one moment: now, by the shared clock; time, by its own, which it bills by.

    slots: how many chunks the living workers can fetch side by side.
    """

    session: Session
    settings: Settings
    network: Network
    price: Price
    now: datetime
    time: NetworkTime
    slots: int

    @classmethod
    def at(cls, session: Session, settings: Settings, network: Network, now: datetime, *, slots: int = SLOTS) -> Self:
        """Raises ValueError for a network without a price."""
        if network.price is None:
            raise ValueError(network.key)
        time = network_status.read_time(session, network.key, now)
        return cls(session, settings, network, network.price, now, time, slots)

    @property
    def key(self) -> str:
        return self.network.key

    @property
    def day(self) -> Day:
        return self.time.day

    @property
    def limits(self) -> Limits:
        return self.network.limits(self.settings)

    @property
    def is_common(self) -> bool:
        return self.time.now.hour >= COMMON_FROM_HOUR

    def money(self) -> Money:
        return ledger.money(self.session, self.network, self.settings, self.day.date)

    def affordable_posts(self) -> int:
        """How many posts may still be opened today without passing a limit."""
        return max(0, int(self.money().left / self.price.post_usd))

    def kept_posts(self) -> int:
        """How many of them are kept: for the day's list, and for new posts."""
        return openings.count_planned(self.session, self.day) + self.births_to_come()

    def births_to_come(self) -> int:
        """How many new posts the rest of the day will probably bring, of accounts whose new posts are paid today."""
        left = (network_status.end_of_day(self.day.date) - self.time.now) / timedelta(days=1)
        return round(reading_queue.posts_per_day(self.session, self.key, self.day.date) * left)

    def allowed_requests(self, kind: str, most: int) -> int:
        """How many requests of a kind may be sent in this tick. most: in each window, until an answer tells."""
        return network_status.allowed_requests(
            self.session, self.time, kind, most=most, window=self.limits.window, period=self.settings.tick
        )
