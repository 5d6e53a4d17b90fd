"""Backups: every row of the database in one file, which restores into SQLite and PostgreSQL alike.

It is gzipped text, a JSON value a line: the header; of each table its name and columns, and then its rows as arrays; at
last the number of all rows, without which the file is not whole. Moments are ISO 8601 in UTC, bytes are base64.
"""

import gzip
import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time
from itertools import groupby, islice
from typing import Any, BinaryIO

from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass
from sqlalchemy import Connection, Table, TableClause, column, exists, func, insert, inspect, select, table, text
from sqlalchemy.exc import DataError, IntegrityError, NoSuchTableError

from pipeline.errors import BackupError
from pipeline.store.engine import WRITE_LOCK_ID, Store, writer
from pipeline.store.migrate import HEAD, LOCK_ID, REVISIONS, check_encoding, find_revision, upgrade
from pipeline.store.tables import Account, Base, Chat, LedgerEntry
from pipeline.user_agent import VERSION

BATCH = 1000
"""Rows that are in memory at a time."""
LONGEST_HEADER = 1000
DAMAGED = "the file is cut short or damaged. Use another backup"
DECODERS: dict[type, Callable[[str], object]] = {
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
    time: time.fromisoformat,
    bytes: b64decode,
}
"""How values are read that JSON has no type for, by the column's type in Python."""


@dataclass(frozen=True)
class Header:
    """A backup's first line. tallybird: the version that made it. revision: of the database's tables, at made_at."""

    tallybird: str
    revision: str
    made_at: datetime


headers = TypeAdapter(Header)


def write(store: Store, file: BinaryIO, now: datetime) -> int:
    """Write a backup as of one moment, while others go on writing; returns the number of rows.

    Raises BackupError where the database is not of this version's revision.
    """
    with store.engine.connect() as connection, gzip.GzipFile("", "wb", fileobj=file) as lines:
        if connection.dialect.name == "postgresql":  # SQLite's read transactions are snapshots as they are
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with connection.begin():
            revision = find_revision(connection)
            if revision != REVISIONS[-1]:
                raise BackupError(_describe_revision(revision))
            lines.write(headers.dump_json(Header(VERSION, revision, now)) + b"\n")
            count = sum(_write_table(connection, made, lines) for made in Base.metadata.sorted_tables)
            lines.write(_line({"rows": count}))
    return count


def _describe_revision(revision: str | None) -> str:
    if revision is None:
        return "there is no database of Tallybird here yet"
    had = f"the database is of revision {revision}, and this version of Tallybird works with {REVISIONS[-1]}"
    return f"{had}. Make the backup with the version that ran last"


def _write_table(connection: Connection, made: Table, lines: gzip.GzipFile) -> int:
    stored = _table(connection, made.name)
    lines.write(_line({"table": stored.name, "columns": stored.columns.keys()}))
    count = 0
    for row in connection.execution_options(yield_per=BATCH).execute(select(stored)):
        lines.write(_line(tuple(row)))
        count += 1
    return count


def _table(connection: Connection, name: str) -> TableClause:
    """The table as it is in the database, with the database's own types: values travel as they are stored."""
    return table(name, *(column(each["name"], each["type"]) for each in inspect(connection).get_columns(name)))


def _line(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_encode).encode() + b"\n"


def _encode(value: object) -> str:
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return b64encode(value).decode()
    raise TypeError(f"no backup holds a {type(value).__name__}")


def load(store_of: Callable[[], Store], file: BinaryIO, *, replace: bool) -> Header:
    """Fill the database with a backup, in one transaction, and bring it to the newest revision.

    store_of: opens the database, once the file is known for a backup. replace: what the database holds may be deleted.
    Raises BackupError, and ConfigError where a newer version has changed the database; then nothing is changed.
    """
    with gzip.open(file, "rb") as lines:
        header = _read_header(lines)
        store = store_of()
        try:
            with writer(store.engine).begin() as connection:
                _load_all(connection, header, _read_lines(lines), replace=replace)
        except (IntegrityError, DataError, NoSuchTableError, ValueError, TypeError, LookupError):
            raise BackupError(DAMAGED) from None
        finally:
            store.close()
    return header


def _read_header(lines: gzip.GzipFile) -> Header:
    try:
        header = headers.validate_json(lines.readline(LONGEST_HEADER))
    except (OSError, EOFError, zlib.error, ValidationError):
        raise BackupError("the file is no backup of Tallybird") from None
    if header.revision not in REVISIONS:
        newer = f"the backup was made by Tallybird {header.tallybird}, which is newer than this one, {VERSION}"
        raise BackupError(f"{newer}. Restore it with that version")
    return header


def _read_lines(lines: gzip.GzipFile) -> Iterator[Any]:
    try:
        yield from map(json.loads, lines)
    except (OSError, EOFError, zlib.error, ValueError):
        raise BackupError(DAMAGED) from None


def _load_all(connection: Connection, header: Header, lines: Iterator[Any], *, replace: bool) -> None:
    if connection.dialect.name == "postgresql":
        check_encoding(connection)
        connection.execute(select(func.pg_advisory_xact_lock(LOCK_ID), func.pg_advisory_xact_lock(WRITE_LOCK_ID)))
    if find_revision(connection) is not None:
        _delete_tables(connection, replace=replace)
    upgrade(connection, header.revision)
    _load_rows(connection, lines)
    upgrade(connection, HEAD)
    _advance_ids(connection)


def _delete_tables(connection: Connection, *, replace: bool) -> None:
    upgrade(connection, HEAD)  # only the newest tables are known by name
    used = any(connection.scalar(select(exists(select(each)))) for each in (Chat, Account, LedgerEntry))
    if used and not replace:
        chats, accounts = (connection.scalar(select(func.count()).select_from(each)) for each in (Chat, Account))
        held = f"the database is in use: it holds {chats} chats and {accounts} accounts"
        new = "Name a new one by DATA_DIR or DATABASE_URL"
        raise BackupError(f"{held}. {new}, or delete what it holds: make restore FILE=… REPLACE=1, or --replace")
    Base.metadata.drop_all(connection)
    connection.execute(text("DROP TABLE alembic_version"))


def _load_rows(connection: Connection, lines: Iterator[Any]) -> None:
    """Load all tables. Raises BackupError where the last line does not tell the number of the rows before it."""
    count, is_whole, into = 0, False, None
    for part in _in_batches(lines):
        match part:
            case {"table": str(name), "columns": [*columns]}:
                into = _table(connection, name)
                decoders = [DECODERS.get(into.columns[each].type.python_type) for each in columns]
            case {"rows": int(total)}:
                is_whole = total == count
            case [*rows] if into is not None:
                values = [dict(zip(columns, _decode(row, decoders), strict=True)) for row in rows]
                connection.execute(insert(into), values)
                count, is_whole = count + len(rows), False
            case _:
                raise BackupError(DAMAGED)
    if not is_whole:
        raise BackupError(DAMAGED)


def _in_batches(lines: Iterator[Any]) -> Iterator[Any]:
    """The lines, of which rows that follow each other come as lists of BATCH at most."""
    for is_rows, group in groupby(lines, lambda line: isinstance(line, list)):
        if not is_rows:
            yield from group
        while batch := list(islice(group, BATCH)):
            yield batch


def _decode(row: Sequence[Any], decoders: Sequence[Callable[[str], object] | None]) -> Iterator[object]:
    for value, decode in zip(row, decoders, strict=True):
        yield value if value is None or decode is None else decode(value)


def _advance_ids(connection: Connection) -> None:
    """Have PostgreSQL number new rows from behind the loaded ones. SQLite does so by itself."""
    for made in Base.metadata.sorted_tables:
        if connection.dialect.name == "postgresql" and "id" in made.columns:
            newest = func.max(made.columns["id"])
            sequence = func.pg_get_serial_sequence(made.name, "id")
            connection.execute(select(func.setval(sequence, func.coalesce(newest, 1), newest.is_not(None))))
