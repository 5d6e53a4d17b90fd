"""The rows that no fault may remove from the database."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute

from pipeline.records import Mode
from pipeline.store import Store
from pipeline.store.tables import Account, Chat, Post, Subscription, Tracking
from tests.e2e.deployment import Deployment

COLUMNS: dict[str, Sequence[InstrumentedAttribute[Any]]] = {
    "chats": (Chat.id, Chat.inactive_reason, Chat.theme, Chat.language),
    "accounts": (Account.id, Account.remote_id),
    "trackings": (Tracking.chat_id, Tracking.account_id),
    "subscriptions": (Subscription.id, Subscription.chat_id, Subscription.comparison_id, Subscription.mode),
    "posts": (Post.account_id, Post.post_id),
}


@dataclass(frozen=True)
class Snapshot:
    """The rows of the database by table, with the columns that a fault must not change.

    Without single charts, which go once they are shown.
    """

    rows: dict[str, set[tuple[object, ...]]]

    def lost_since(self, before: "Snapshot") -> list[str]:
        missing = {name: len(rows - self.rows[name]) for name, rows in before.rows.items()}
        return [f"{number} {name}" for name, number in missing.items() if number]


@contextmanager
def open_store(deployment: Deployment) -> Iterator[Store]:
    store = Store(deployment.database)
    try:
        yield store
    finally:
        store.close()


def take_snapshot(deployment: Deployment) -> Snapshot:
    with open_store(deployment) as store, store.read_session() as db:
        return Snapshot(
            {
                name: {tuple(row) for row in db.execute(select(*columns)) if Mode.ONCE not in row}
                for name, columns in COLUMNS.items()
            }
        )


@contextmanager
def nothing_lost(deployment: Deployment) -> Iterator[None]:
    """Afterwards the database has all rows that it had before."""
    before = take_snapshot(deployment)
    yield
    assert take_snapshot(deployment).lost_since(before) == []
