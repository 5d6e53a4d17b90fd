"""A database that was recorded before tables and columns were renamed upgrades itself, and nothing in it is lost."""

import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, MetaData, create_engine, insert, select, text

from pipeline.records import DROPBOX, ChartSpec, Comparison, Counts, Language, Metric, Mode, Span
from pipeline.sources.x.facts import X
from pipeline.store import (
    Store,
    accounts,
    chats,
    circuit_breakers,
    comparisons,
    datasets,
    dropbox_files,
    ledger,
    notices,
    posts,
    subscriptions,
    telegram_photos,
)
from pipeline.store.growth import compute_growth
from pipeline.store.migrate import migrate
from pipeline.store.tables import Base
from pipeline.store.tables import Comparison as ComparisonRow

RECORDED = Path(__file__).parent / "recorded/revision_0015.sql"
RECORDED_AT = datetime(2026, 9, 14, 10, 30, tzinfo=UTC)
TABLES = {"stops": "circuit_breakers", "allowances": "token_buckets", "billed": "ledger"}
COLUMNS = {
    "chats": {"set_aside": "inactive_reason", "set_aside_at": "inactive_since"},
    "accounts": {
        "read_back_to": "fetched_back_to",
        "tried_at": "attempted_at",
        "turn_at": "polled_at",
        "billed_on": "profiled_on",
    },
    "posts": {"untold": "missing_counts"},
    "gains": {"since": "start_at", "at": "end_at"},
    "comparisons": {
        "basis": "normalization",
        "wanted": "requested_version",
        "drawn": "rendered_version",
        "inputs": "inputs_digest",
        "chart": "chart_digest",
        "fades_at": "expires_at",
    },
    "subscriptions": {
        "everything": "all_tracked",
        "wished_count": "requested_count",
        "shown": "delivered_digest",
        "from_version": "min_version",
        "asked_at": "requested_at",
        "told": "notified",
    },
    "telegram_photos": {"chart": "chart_digest"},
    "dropbox_files": {"account": "account_digest", "uploaded": "uploaded_digest"},
    "notices": {"until": "expires_at"},
    "stops": {"network": "service", "since": "opened_at", "until": "retry_at"},
    "allowances": {"requests_left": "tokens", "at": "updated_at"},
}
REPLACED = {"posts": {"billed_on"}, "comparisons": {"key"}}
"""By table: the columns whose values are told by other columns and tables."""
Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture
def recorded(address: str, tmp_path: Path) -> Iterator[Store]:
    """The recorded database, on either server, before its upgrade."""
    file = tmp_path / ("tallybird.db" if address.startswith("sqlite") else "recorded.db")
    connection = sqlite3.connect(file)
    connection.executescript(RECORDED.read_text())
    connection.close()
    store = Store(address)
    if not address.startswith("sqlite"):
        migrate(store, "0015")
        copy(create_engine(f"sqlite:///{file}"), store.engine)
    yield store
    store.close()


def copy(source: Engine, target: Engine) -> None:
    """Insert the source's rows into PostgreSQL, and let its ids go on from theirs."""
    rows, schema = read(source), MetaData()
    schema.reflect(target)
    with target.begin() as connection:
        for table in schema.sorted_tables:
            if table.name != "alembic_version":
                connection.execute(insert(table), rows[table.name])
            if table.name in {"accounts", "comparisons", "subscriptions", "notices"}:
                connection.execute(text(f"SELECT setval('{table.name}_id_seq', (SELECT max(id) FROM {table.name}))"))
    source.dispose()


def read(engine: Engine) -> Rows:
    """All rows by table, as the database itself describes them."""
    schema = MetaData()
    schema.reflect(engine)
    with engine.connect() as connection:
        return {
            table.name: [{name: in_utc(value) for name, value in row.items()} for row in result.mappings()]
            for table in schema.sorted_tables
            for result in [connection.execute(select(table))]
        }


def in_utc(value: Any) -> Any:
    """SQLite returns times without a zone."""
    if not isinstance(value, datetime):
        return value
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def without_keys(value: Any) -> Any:
    """A stored text as its words and its values, whatever the keys of both are called."""
    if not isinstance(value, str) or not value.startswith(('{"words"', '{"msgid"')):
        return value
    return json.loads(value, object_hook=_words_and_values)


def _words_and_values(node: dict[str, Any]) -> Any:
    words = node.get("words", node.get("msgid"))
    return node if words is None else (words, node["values"])


def of_x(value: Any) -> Any:
    """A value of before there were more networks: a budget's notice names its network now."""
    return value.replace("budget day", "budget x day", 1) if isinstance(value, str) else value


def as_now(key: str) -> str:
    """A comparison's key of before there were time zones and a choice of replies; the accounts' ids stand last."""
    spec, _, ids = key.rpartition(" ")
    return f"{spec} UTC False {ids}"


def test_every_row_is_there_after_the_upgrade_with_every_value(recorded: Store) -> None:
    before = read(recorded.engine)
    assert [name for name, rows in before.items() if not rows] == [], "each table has something to lose"
    migrate(recorded)
    after = read(recorded.engine)
    for row in before["comparisons"]:
        row["key"] = as_now(row["key"])
    for table, rows in before.items():
        if table == "alembic_version":
            continue
        names, replaced = COLUMNS.get(table, {}), REPLACED.get(table, set())
        kept = [{name: value for name, value in row.items() if name not in replaced} for row in rows]
        expected = [{names.get(name, name): of_x(without_keys(value)) for name, value in row.items()} for row in kept]
        found = [{name: without_keys(row[name]) for name in expected[0]} for row in after[TABLES.get(table, table)]]
        assert sorted(map(repr, found)) == sorted(map(repr, expected)), table


def test_an_upgraded_database_has_the_tables_of_a_new_one(recorded: Store) -> None:
    migrate(recorded)
    with recorded.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_every_subscription_goes_on_in_its_message(recorded: Store) -> None:
    with recorded.engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT s.id, s.chat_id, s.thread_id, s.mode, s.interval_s, s.message_id, s.everything, s.shown, c.key"
                " FROM subscriptions s JOIN comparisons c ON c.id = s.comparison_id WHERE s.mode != 'once'"
            )
        ).all()
    migrate(recorded)
    with recorded.read_session() as db:
        for row in rows:
            [found] = [each for each in subscriptions.list_of_chat(db, row.chat_id) if each.id == row.id]
            assert (found.thread_id, found.mode.value, found.interval_s) == (row.thread_id, row.mode, row.interval_s)
            assert (found.all_tracked, found.delivered_digest) == (bool(row.everything), row.shown)
            assert db.get_one(ComparisonRow, found.comparison_id).key == as_now(row.key)
            assert subscriptions.find_by_message(db, row.chat_id, row.message_id) is found


def test_what_the_program_asks_an_upgraded_database_is_as_it_was(recorded: Store) -> None:
    migrate(recorded)
    now, day = RECORDED_AT, RECORDED_AT.date()
    with recorded.read_session() as db:
        tracked = {
            id_: [each.handle for each in chats.list_tracked_accounts(db, id_)] for id_ in (70001, -100555, -777)
        }
        assert tracked == {
            70001: ["esa", "jaxa_en", "nasa"],
            -100555: ["esa", "jaxa_en", "nasa"],
            -777: ["esa", "nasa"],
        }
        assert (chats.is_inactive(db, -777), chats.locale(db, -100555)) == (True, (Language.SPANISH, "UTC"))
        assert ledger.spent_usd(db, X, day, day) == Decimal("0.08"), "3 profiles and 10 posts"
        breaker = circuit_breakers.find_open(db, DROPBOX, now)
        assert breaker is not None
        assert (breaker.opened_at, breaker.retry_at) == (now, now + timedelta(minutes=15))
        assert [chat_id for _, chat_id, _, _ in notices.list_unsent(db, [9], now)] == [9, -100555, 9]
        assert datasets.list_due(db, 100) == ["100 1,2,3"]
        assert dropbox_files.list_due(db, "account digest", now + timedelta(minutes=5)) == ["/columns.txt"]
        assert telegram_photos.find_file_id(db, f"{1:064x}") == "AgACAgIAAxkDAAI1"


def test_what_was_billed_is_not_counted_again_on_its_day_and_when_posts_were_read_is_known(recorded: Store) -> None:
    before = read(recorded.engine)
    migrate(recorded)
    after = read(recorded.engine)
    opened = {(each["day"], each["resource"], each["remote_id"]) for each in after["openings"] if each["asked"]}
    billed = {(each["billed_on"], "posts", each["post_id"]) for each in before["posts"]}
    billed |= {(each["billed_on"], "users", each["remote_id"]) for each in before["accounts"]}
    newest_day = max(each["day"] for each in before["billed"])
    assert opened == {each for each in billed if each[0] == newest_day}
    assert len(after["openings"]) == len(opened)
    with recorded.read_session() as db:
        members = accounts.get_many(db, [1, 2])
        newest = posts.list_newest(db, [1, 2], 100)
    for account in members:
        assert {each.read_at for each in newest[account.id]} == {account.fetched_at}
        assert (account.since_id, account.posts_per_day) == (newest[account.id][0].id, None)


def test_the_growth_of_an_upgraded_database_is_what_was_gained_before(recorded: Store) -> None:
    """Four fetches, 25 minutes apart, each with one repost and two likes more on each of five posts."""
    migrate(recorded)
    with recorded.read_session() as db:
        members = accounts.get_many(db, [1, 2])
        newest = posts.list_newest(db, [1, 2], 100)
        totals = {
            metric: [each.total for each in compute_growth(db, members, newest, metric.parts, Span.WEEK, RECORDED_AT)]
            for metric in (Metric.REPOSTS, Metric.LIKES)
        }
    assert totals == {Metric.REPOSTS: [15, 15], Metric.LIKES: [30, 30]}
    assert newest[1][0].counts == Counts(3, 6, 0, 0, 1, 210)


def test_an_upgraded_database_takes_what_is_new(recorded: Store) -> None:
    migrate(recorded)
    with recorded.write_session() as db:
        known = comparisons.get_or_create(db, Comparison((1, 2), ChartSpec(count=100)))
        again = comparisons.get_or_create(db, Comparison((1, 2), ChartSpec(count=100)))
        version = comparisons.request_redraw(db, known)
        assert (known.id, version) == (again.id, 1)
        claimed = comparisons.claim(db, [2], RECORDED_AT + timedelta(hours=1))
        assert claimed == [(2, 3)], "what was outdated still is"
        assert [each.mode for each in subscriptions.list_of_chat(db, 70001)] == [Mode.LIVE, Mode.NEW]
