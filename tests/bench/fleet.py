"""Fills a database as a large deployment has it: 10,000 chats, 50,000 subscriptions and 10,000 accounts.

Every chart is drawn and delivered, so that a bot on this database has nothing to deliver.
"""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import insert, text

from pipeline.records import ChartSpec, Metric, Mode, State
from pipeline.store import Store
from pipeline.store.ledger import POSTS, USERS
from pipeline.store.tables import (
    Account,
    Chat,
    Comparison,
    ComparisonAccount,
    LedgerEntry,
    NetworkStatus,
    Opening,
    Post,
    Reservation,
    Subscription,
    Tracking,
)

CHATS, ACCOUNTS, SUBSCRIPTIONS_EACH, ACCOUNTS_EACH = 10_000, 10_000, 5, 10
POSTS_EACH, OPENED_A_DAY, HOSTS = 20, 4, 200
NETWORKS = ("x", "x", "x", "bluesky", "fediverse")
"""Those of five accounts."""
METRICS = tuple(Metric)[:SUBSCRIPTIONS_EACH]
"""A subscription of a chat to each."""
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
"""By X's own clock: a month that is nearly over has the most openings."""
FIRST_OF_MONTH = NOW.date().replace(day=1)
DAY = timedelta(days=1)
DRAWN = {"requested_version": 1, "rendered_version": 1, "chart_digest": "drawn"}
BATCH = 20_000
Row = dict[str, Any]


def fill(store: Store, read_at: datetime) -> None:
    """read_at: when X's clock was read, by this machine's clock."""
    chance = Random(1)
    tables: list[tuple[Any, Iterator[Row]]] = [
        (Chat, ({"id": number, "added_at": NOW} for number in range(1, CHATS + 1))),
        (Account, (_account(number, chance) for number in range(1, ACCOUNTS + 1))),
        (Tracking, _trackings()),
        (Post, _posts(chance)),
        (Comparison, _comparisons()),
        (ComparisonAccount, _comparison_accounts()),
        (Subscription, _subscriptions()),
        (Opening, _openings()),
        (Reservation, _reservations()),
    ]
    for table, rows in tables:
        _insert(store, table, rows)
    with store.write_session() as db:
        db.add(NetworkStatus(network="x", clock_at=NOW, clock_read_at=read_at))
        for number in range(NOW.day):
            day = FIRST_OF_MONTH + number * DAY
            db.add(LedgerEntry(network="x", day=day, resource=POSTS, count=OPENED_A_DAY * ACCOUNTS * 3 // 5))
        if store.engine.dialect.name == "postgresql":
            for table in (Account, Comparison, Subscription, Reservation):
                name = table.__tablename__
                db.execute(text(f"SELECT setval('{name}_id_seq', (SELECT max(id) FROM {name}))"))
            db.execute(text("ANALYZE"))  # which it does by itself after a while


def account_ids(chat_id: int) -> list[int]:
    """The accounts that a chat tracks: neighbours of the chats before and after it track some of them too."""
    return sorted((chat_id + number) % ACCOUNTS + 1 for number in range(ACCOUNTS_EACH))


def handle(account_id: int) -> str:
    match network(account_id):
        case "bluesky":
            return f"account{account_id}.bsky.social"
        case "fediverse":
            return f"account{account_id}@{_host(account_id)}"
    return f"account{account_id}"


def _host(account_id: int) -> str:
    return f"host{account_id // len(NETWORKS) % HOSTS}.example"


def network(account_id: int) -> str:
    return NETWORKS[account_id % len(NETWORKS)]


def comparison_id(chat_id: int, number: int) -> int:
    """Of a chat's subscription with this number; that of the subscription is the same."""
    return (chat_id - 1) * SUBSCRIPTIONS_EACH + number + 1


def message_id(number: int) -> int:
    """The message that shows the chart of a chat's subscription with this number."""
    return 1000 + number


def spec(number: int) -> ChartSpec:
    """Of a chat's subscription with this number."""
    return ChartSpec(METRICS[number])


def _insert(store: Store, table: Any, rows: Iterator[Row]) -> None:
    with store.write_session() as db:
        batch = list[Row]()
        for row in rows:
            batch.append(row)
            if len(batch) == BATCH:
                db.execute(insert(table.__table__), batch)
                batch.clear()
        if batch:
            db.execute(insert(table.__table__), batch)


def _account(number: int, chance: Random) -> Row:
    of_network = network(number)
    is_remote = of_network == "fediverse"
    return {
        "id": number,
        "network": of_network,
        "remote_id": f"https://{_host(number)}/users/account{number}#{number}" if is_remote else f"{number}",
        "handle": handle(number),
        "state": State.ACTIVE,
        "fetched_at": NOW,
        "attempted_at": NOW,
        "polled_at": NOW - number * timedelta(milliseconds=10),
        "requests": 1,
        "since_id": "1",
        "finds_on": NOW.date(),
        "posts_per_day": chance.lognormvariate(0, 1.5),
        "expected_error": chance.uniform(0, 0.02),
    }


def chat_ids() -> range:
    return range(1, CHATS + 1)


def _trackings() -> Iterator[Row]:
    for chat_id in chat_ids():
        for account_id in account_ids(chat_id):
            yield {"chat_id": chat_id, "account_id": account_id, "added_at": NOW}


def _posts(chance: Random) -> Iterator[Row]:
    for account_id in range(1, ACCOUNTS + 1):
        for number in range(POSTS_EACH):
            made = {"created_at": NOW - number * DAY, "read_at": NOW, "reposts": chance.randrange(1000)}
            yield {"account_id": account_id, "post_id": f"{number}", **made}


def _comparisons() -> Iterator[Row]:
    for chat_id in chat_ids():
        for number in range(SUBSCRIPTIONS_EACH):
            chart = spec(number)
            own = comparison_id(chat_id, number)
            yield {"id": own, "key": f"{own}", **asdict(chart), **DRAWN}


def _comparison_accounts() -> Iterator[Row]:
    for chat_id in chat_ids():
        for number in range(SUBSCRIPTIONS_EACH):
            for account_id in account_ids(chat_id):
                yield {"comparison_id": comparison_id(chat_id, number), "account_id": account_id}


def _subscriptions() -> Iterator[Row]:
    for chat_id in chat_ids():
        for number in range(SUBSCRIPTIONS_EACH):
            same = comparison_id(chat_id, number)
            shown = {"message_id": message_id(number), "chart_digest": "drawn", "delivered_digest": "drawn"}
            timing = {"mode": Mode.LIVE, "all_tracked": True, "min_version": 1, "next_at": NOW}
            yield {"id": same, "chat_id": chat_id, "comparison_id": same, **shown, **timing}


def _openings() -> Iterator[Row]:
    """On each day of the month some posts of each account on X; and a profile each, which a chat looked up."""
    on_x = [number for number in range(1, ACCOUNTS + 1) if network(number) == "x"]
    for days in range(NOW.day):
        opened = {"network": "x", "day": FIRST_OF_MONTH + days * DAY, "asked": True, "returned": True}
        for account_id in on_x:
            of_account = {"account_id": account_id, "chat_id": None, **opened}
            for number in range(OPENED_A_DAY):
                yield {"resource": POSTS, "remote_id": f"{account_id}-{days}-{number}", **of_account}
            if account_id % NOW.day == days:
                looked_up = {"account_id": account_id, "chat_id": account_id, **opened}
                yield {"resource": USERS, "remote_id": f"{account_id}", **looked_up}


def _reservations() -> Iterator[Row]:
    """Older posts of some accounts that were asked for and not answered."""
    for number in range(20):
        yield {
            "network": "x",
            "day": NOW.date(),
            "resource": POSTS,
            "count": 20,
            "pending": f'["{number * len(NETWORKS) + 1} before 77"]',
        }
