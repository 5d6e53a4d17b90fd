"""What must outlast any fault, and how soon a chart is fresh again."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import func, select

from pipeline.store import Store
from pipeline.store.tables import Account, Chat, Post, Subscription, Table, Tracking
from tests.conftest import until
from tests.e2e.chat import Chat as Person
from tests.e2e.chat import Json
from tests.e2e.house import House

KEPT: tuple[type[Table], ...] = (Chat, Account, Tracking, Subscription, Post)


@dataclass(frozen=True)
class Belongings:
    """How many of each word the database holds, by the table's name."""

    counts: dict[str, int]

    def lost_since(self, before: "Belongings") -> list[str]:
        missing = {name: count - self.counts[name] for name, count in before.counts.items()}
        return [f"{count} {name}" for name, count in missing.items() if count > 0]


def belongings(house: House) -> Belongings:
    store = Store(house.database)
    with store.reading() as db:
        counts = {table.__tablename__: db.scalar(select(func.count()).select_from(table)) or 0 for table in KEPT}
    store.close()
    return Belongings(counts)


@contextmanager
def nothing_lost(house: House) -> Iterator[None]:
    """Whatever happens within, the database holds afterwards all that it held before."""
    before = belongings(house)
    yield
    assert belongings(house).lost_since(before) == []


def seconds_until_fresh(person: Person, chart: Json, post_id: str, value: int, within_s: float) -> float:
    """Change a post's count, and wait until the chart in this message says so.

    value: greater than every other count of the chart, so that its caption shows it as the account's top.
    """
    started = time.monotonic()
    person.sandbox.post(f"x/posts/{post_id}", retweets=value)
    figure = f"{value:,}"
    until(lambda: figure in (person.message(chart["message_id"])["caption"] or "").split(), within_s, every_s=0.2)
    return time.monotonic() - started
