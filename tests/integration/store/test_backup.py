"""Backups: each database restores into each other with every row, and what is no whole backup changes nothing."""

import gzip
import io
import json
import os
import random
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import insert, inspect, select, text

from pipeline.errors import BackupError
from pipeline.records import Profile, State
from pipeline.store import Store, accounts, backup
from pipeline.store import migrate as migrations
from pipeline.store.migrate import REVISIONS
from pipeline.store.tables import Base, Chat, Gain
from tests.conftest import NETWORK
from tests.databases import migrate
from tests.integration.store.conftest import NOON, add_accounts

VALUES: dict[type, Callable[[int], Any]] = {
    str: lambda number: f"é “{number}”\n'\\\t🐦",
    int: lambda number: number,
    bool: bool,
    float: lambda number: number / 3,
    datetime: lambda number: datetime(2026, 11, 23, 12, 0, 0, number, tzinfo=UTC),
    date: lambda number: date(2026, 11, number),
    time: lambda number: time(22, number),
    bytes: lambda number: bytes([0, 255, number]),
}
"""A value by the column's type in Python, in the row of a number; rows of equal numbers are parent and child."""
OLD: list[Any] = [
    {"tallybird": "0.0.9", "revision": "0024", "made_at": "2026-10-01T00:00:00Z"},
    {"table": "chats", "columns": ["id", "added_at", "theme", "language", "time_zone"]},
    [5, "2026-09-01T10:00:00+00:00", "dark", "es", "Europe/Madrid"],
    {"rows": 1},
]
"""The lines of a backup of an earlier revision, whose chats have no id of who was the first."""


def packed(*content: object) -> bytes:
    """The file of a backup with these lines."""
    return gzip.compress("".join(f"{json.dumps(line)}\n" for line in content).encode(), mtime=0)


@pytest.fixture
def target(store: Store, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """Opens a database without tables, of the other kind than the store."""
    if store.engine.dialect.name == "postgresql":
        yield lambda: Store(f"sqlite:///{tmp_path}/restored.db")
        return
    url, name = request.getfixturevalue("postgres_url"), f"tallybird_restored_{os.getpid()}"
    with psycopg.connect(f"{url}/postgres", autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        yield lambda: Store(f"{url}/{name}".replace("postgresql://", "postgresql+psycopg://"))
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def new(tmp_path: Path) -> Callable[[], Store]:
    """Opens a database of SQLite without tables."""
    return lambda: Store(f"sqlite:///{tmp_path}/new.db")


def fill(store: Store, rows: int) -> None:
    """This many rows in each table, with a value in each column."""
    with store.engine.begin() as connection:
        for made in Base.metadata.sorted_tables:
            table = backup._table(connection, made.name)
            for number in range(1, rows + 1):
                values = {each.name: VALUES[each.type.python_type](number) for each in table.columns}
                connection.execute(insert(table).values(values))


def back_up(store: Store) -> bytes:
    file = io.BytesIO()
    backup.write(store, file, NOON)
    return file.getvalue()


def lines(content: bytes) -> list[Any]:
    return [json.loads(line) for line in gzip.decompress(content).splitlines()]


def test_every_row_gets_into_the_other_kind_of_database_and_replaces_only_where_that_is_asked_for(
    store: Store, target: Callable[[], Store]
) -> None:
    fill(store, rows=3)
    content = back_up(store)
    assert lines(content)[-1] == {"rows": 3 * len(Base.metadata.sorted_tables)}
    backup.load(target, io.BytesIO(content), replace=False)
    restored = target()
    assert lines(back_up(restored)) == lines(content)
    with restored.write_session() as db:  # new rows take new ids
        accounts.save_profiles(db, [Profile("new", State.ACTIVE, "new")], NETWORK, NOON)
        assert [each.id for each in accounts.find_by_remote_ids(db, ["new"], NETWORK)] == [4]
    with pytest.raises(BackupError, match="it holds 3 chats and 4 accounts"):
        backup.load(target, io.BytesIO(content), replace=False)
    backup.load(target, io.BytesIO(content), replace=True)
    assert lines(back_up(restored)) == lines(content)
    restored.close()


def test_a_backup_holds_values_as_they_are(store: Store) -> None:
    fill(store, rows=2)
    content = lines(back_up(store))
    start = next(at for at, line in enumerate(content) if isinstance(line, dict) and line.get("table") == "accounts")
    row = dict(zip(content[start]["columns"], content[start + 1], strict=True))
    assert row["handle"] == "é “1”\n'\\\t🐦"
    assert (row["stale"], row["posts_per_day"], row["followers"]) == (True, 1 / 3, 1)
    assert (row["fetched_at"], row["finds_on"]) == ("2026-11-23T12:00:00.000001+00:00", "2026-11-01")


class Interrupted(io.BytesIO):
    """A file that has a chat track an account while the backup is written."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.store, self.is_done = store, False

    def write(self, content: Any) -> int:
        if self.tell() > 50_000 and not self.is_done:
            self.is_done = True
            add_accounts(self.store, "late", chat_id=2)
        return super().write(content)


def test_a_backup_is_of_one_moment_although_others_write(store: Store) -> None:
    [account_id] = add_accounts(store, "early")
    chance = random.Random(1)
    with store.write_session() as db:
        for second in range(1000):
            at = datetime(2026, 11, 23, 12, second // 60, second % 60, tzinfo=UTC)
            packed_gain = chance.randbytes(200)
            db.add(Gain(account_id=account_id, grain_s=1, start_at=at, end_at=at, late=False, packed=packed_gain))
    file = Interrupted(store)
    backup.write(store, file, NOON)
    assert file.is_done
    assert lines(file.getvalue())[-1] == {"rows": len(("account", "chat", "tracking")) + 1000}
    assert lines(back_up(store))[-1] == {"rows": 2 * len(("account", "chat", "tracking")) + 1000}


@pytest.mark.parametrize("kept", [0.9, 0.01])
def test_a_cut_backup_changes_nothing(new: Callable[[], Store], tmp_path: Path, kept: float) -> None:
    store = Store(f"sqlite:///{tmp_path}/whole.db")
    migrate(store)
    fill(store, rows=2)
    content = back_up(store)
    store.close()
    with pytest.raises(BackupError, match=r"cut short|no backup"):
        backup.load(new, io.BytesIO(content[: int(kept * len(content))]), replace=True)
    store = new()
    with store.engine.connect() as connection:
        assert inspect(connection).get_table_names() == []
    store.close()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"network,account", "no backup"),
        (packed({"some": "thing"}), "no backup"),
        (packed({**OLD[0], "revision": "9999"}), "made by Tallybird 0.0.9, which is newer"),
        (packed(*OLD[:3]), "cut short or damaged"),
        (packed(OLD[0], {"table": "cats", "columns": []}, {"rows": 0}), "cut short or damaged"),
        (packed(*OLD[:2], [5, "yesterday", "dark", "es", "UTC"], {"rows": 1}), "cut short or damaged"),
        (packed(*OLD[:2], [5], {"rows": 1}), "cut short or damaged"),
    ],
    ids=["text", "other JSON", "newer", "without an end", "no such table", "no moment", "short row"],
)
def test_what_is_no_backup_is_told_and_changes_nothing(tmp_path: Path, content: bytes, problem: str) -> None:
    address = f"sqlite:///{tmp_path}/used.db"
    store = Store(address)
    migrate(store)
    fill(store, rows=1)
    before = back_up(store)
    with pytest.raises(BackupError, match=problem):
        backup.load(lambda: Store(address), io.BytesIO(content), replace=True)
    assert lines(back_up(store)) == lines(before)
    store.close()


def test_a_backup_of_an_earlier_revision_is_brought_to_the_newest(new: Callable[[], Store]) -> None:
    header = backup.load(new, io.BytesIO(packed(*OLD)), replace=False)
    assert header.made_at == datetime(2026, 10, 1, tzinfo=UTC)
    store = new()
    with store.read_session() as db:
        [chat] = db.scalars(select(Chat)).all()
        assert (chat.id, chat.theme, chat.time_zone) == (5, "dark", "Europe/Madrid")
        assert db.scalar(text("SELECT version_num FROM alembic_version")) == REVISIONS[-1]
    store.close()


def test_a_database_of_another_revision_is_not_backed_up(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/old.db")
    with pytest.raises(BackupError, match="no database of Tallybird here yet"):
        back_up(store)
    migrations.migrate(store)
    with store.write_session() as db:
        db.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(BackupError, match="is of revision 9999"):
        back_up(store)
    store.close()
