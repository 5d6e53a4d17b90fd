"""Each network has a bill of its own, and its handles are unique on it; stored texts name the network in a field."""

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ACCOUNTS = sa.table("accounts", sa.column("id"), sa.column("network"), sa.column("handle"), sa.column("state"))
LEDGER = sa.table("ledger", sa.column("day", sa.Date), sa.column("resource"), sa.column("count"))
NOTICES = sa.table("notices", sa.column("id"), sa.column("key"))
TEXT_COLUMNS = (("accounts", "problem"), ("notices", "text"), ("circuit_breakers", "reason"))
TEXTS = {
    "X answered 'too many requests'": "{network} answered 'too many requests'",
    "X answered with status {status}": "{network} answered with status {status}",
    "X answered: {title}": "{network} answered: {title}",
    "X did not answer in time": "{network} did not answer in time",
    "X did not answer properly": "{network} did not answer properly",
    "X did not answer properly ({kind})": "{network} did not answer properly ({kind})",
    "X's answer could not be read": "{network}'s answer could not be read",
    "The bot's budget for X is used up: {limit:usd} {period}. "
    "The charts keep what was read last, with its time. Reading goes on {until:moment}.": (
        "The bot's budget for {network} is used up: {limit:usd} {period}. "
        "The charts keep what was read last, with its time. Reading goes on {until:moment}."
    ),
}


def upgrade() -> None:
    """All that was billed and tracked until now is X's."""
    _bill_by_network()
    _make_handles_unique()
    for table, column in TEXT_COLUMNS:
        _name_network(sa.table(table, sa.column(column, sa.String)), column)
    _rename_notices()


def _bill_by_network() -> None:
    rows = [row._asdict() | {"network": "x"} for row in op.get_bind().execute(sa.select(LEDGER))]
    op.drop_table("ledger")
    ledger = op.create_table(
        "ledger",
        sa.Column("network", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("resource", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("network", "day", "resource", name=op.f("pk_ledger")),
    )
    op.bulk_insert(ledger, rows)


def _make_handles_unique() -> None:
    """Where two accounts have one handle all the same, the one that became known last keeps it."""
    taken: set[tuple[str, str]] = set()
    accounts = sa.select(ACCOUNTS.c.id, ACCOUNTS.c.network, ACCOUNTS.c.handle)
    by_right = sa.case((ACCOUNTS.c.state == "active", 0), else_=1), ACCOUNTS.c.id.desc()
    for account_id, network, handle in op.get_bind().execute(accounts.order_by(*by_right)).all():
        names = (handle, f"{handle}-old", f"{handle}-old{account_id}")
        free = next(name for name in names if (network, name.lower()) not in taken)
        taken.add((network, free.lower()))
        if free != handle:
            op.execute(ACCOUNTS.update().where(ACCOUNTS.c.id == account_id).values(handle=free))
    op.drop_index("ix_accounts_handle", "accounts")
    op.create_index("uq_accounts_handle", "accounts", ["network", "handle"], unique=True)


def _name_network(table: sa.TableClause, name: str) -> None:
    connection, column = op.get_bind(), table.c[name]
    for packed in connection.scalars(sa.select(column).where(column.is_not(None)).distinct()).all():
        named = json.dumps(_named(json.loads(packed)), ensure_ascii=False, separators=(",", ":"))
        if named != packed:
            connection.execute(sa.update(table).where(column == packed).values({name: named}))


def _named(text: Any) -> Any:
    """The text, and those within it, with the network's name as a value."""
    if not isinstance(text, dict):
        return text
    values = {name: _named(value) for name, value in text["values"].items()}
    if text["msgid"] not in TEXTS:
        return text | {"values": values}
    return text | {"msgid": TEXTS[text["msgid"]], "values": {"network": "X", **values}}


def _rename_notices() -> None:
    """A notice that has been sent is known by its key, and is not sent again under another one."""
    for notice_id, key in op.get_bind().execute(sa.select(NOTICES.c.id, NOTICES.c.key)).all():
        new_key = f"budget x {key.removeprefix('budget ')}" if key.startswith("budget ") else key
        for words, new_words in TEXTS.items():
            if key.startswith(f"stop x {words} on "):
                new_key = key.replace(words, new_words, 1)
        if new_key != key:
            op.execute(NOTICES.update().where(NOTICES.c.id == notice_id).values(key=new_key))
