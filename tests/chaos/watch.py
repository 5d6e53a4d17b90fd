"""What must outlast any fault, and how soon a chart is fresh again."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute

from pipeline.store import Store
from pipeline.store.tables import Account, Chat, Post, Subscription, Tracking
from tests.conftest import until
from tests.e2e.chat import Chat as Person
from tests.e2e.chat import Json
from tests.e2e.house import House

KEPT: dict[str, Sequence[InstrumentedAttribute[Any]]] = {
    "chats": (Chat.id, Chat.set_aside, Chat.theme, Chat.language),
    "accounts": (Account.id, Account.remote_id),
    "trackings": (Tracking.chat_id, Tracking.account_id),
    "subscriptions": (Subscription.id, Subscription.chat_id, Subscription.comparison_id, Subscription.mode),
    "posts": (Post.account_id, Post.post_id),
}


@dataclass(frozen=True)
class Belongings:
    """What the database holds of each word: which rows, and what was chosen in them."""

    rows: dict[str, set[tuple[object, ...]]]

    def lost_since(self, before: "Belongings") -> list[str]:
        missing = {name: len(rows - self.rows[name]) for name, rows in before.rows.items()}
        return [f"{number} {name}" for name, number in missing.items() if number]


@contextmanager
def database(house: House) -> Iterator[Store]:
    store = Store(house.database)
    try:
        yield store
    finally:
        store.close()


def belongings(house: House) -> Belongings:
    with database(house) as store, store.read_session() as db:
        return Belongings({name: {tuple(row) for row in db.execute(select(*kept))} for name, kept in KEPT.items()})


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
