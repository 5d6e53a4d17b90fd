"""What a network bills has a row for each post and profile, and each post has a time at which it was read."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

revision: str = "0019"
down_revision: str | None = "0018"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

MOMENT = sa.DateTime(timezone=True)
EPOCH, MICROSECOND, DAY = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1), timedelta(days=1)
ACCOUNTS = sa.table(
    "accounts",
    *map(sa.column, ("id", "network", "remote_id", "since_id")),
    sa.column("fetched_at", MOMENT),
    sa.column("profiled_on", sa.Date),
)
POSTS = sa.table(
    "posts",
    *map(sa.column, ("account_id", "post_id", "read_at")),
    sa.column("created_at", MOMENT),
    sa.column("billed_on", sa.Date),
)
LEDGER = sa.table("ledger", sa.column("network"), sa.column("day", sa.Date))
OPENINGS = sa.table(
    "openings",
    *map(sa.column, ("network", "resource", "remote_id", "account_id", "next_at")),
    sa.column("day", sa.Date),
    sa.column("asked", sa.Boolean),
    sa.column("returned", sa.Boolean),
)
OF_X = ACCOUNTS.c.network == "x"


def upgrade() -> None:
    """All that was billed until now is X's."""
    op.execute("ALTER TABLE accounts RENAME COLUMN billed_on TO profiled_on")
    for column in _account_columns():
        op.add_column("accounts", column)
    op.create_index("ix_accounts_next_at", "accounts", ["network", "next_at"], unique=False)
    op.create_index("ix_accounts_fetched_at", "accounts", ["network", "fetched_at"], unique=False)
    incomplete = sa.text("until_id IS NOT NULL")
    op.create_index(
        "ix_accounts_until_id",
        "accounts",
        ["network"],
        unique=False,
        sqlite_where=incomplete,
        postgresql_where=incomplete,
    )
    op.add_column("posts", sa.Column("read_at", sa.BigInteger(), nullable=True))
    _create_tables()
    _open_billed()
    _date_readings()
    _set_since_ids()
    op.drop_column("posts", "billed_on")
    _widen_key_of_gains()


def _account_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("since_id", sa.String(), nullable=True),
        sa.Column("until_id", sa.String(), nullable=True),
        sa.Column("finds_on", sa.Date(), nullable=True),
        sa.Column("next_at", MOMENT, nullable=True),
        sa.Column("posts_per_day", sa.Double(), nullable=True),
        sa.Column("typical_count", sa.Double(), nullable=True),
        sa.Column("expected_error", sa.Double(), nullable=True),
    ]


def _create_tables() -> None:
    op.create_table(
        "openings",
        sa.Column("network", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("resource", sa.String(), nullable=False),
        sa.Column("remote_id", sa.String(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("chat_id", sa.BigInteger(), nullable=True),
        sa.Column("asked", sa.Boolean(), nullable=False),
        sa.Column("returned", sa.Boolean(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_openings_account_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("network", "day", "resource", "remote_id", name=op.f("pk_openings")),
    )
    op.create_index("ix_openings_account_id", "openings", ["account_id"], unique=False)
    op.create_index("ix_openings_next_at", "openings", ["network", "day", "next_at"], unique=False)
    op.create_index("ix_openings_asked", "openings", ["network", "day", "asked"], unique=False)
    op.create_table(
        "reservations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("network", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("resource", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("pending", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reservations")),
    )
    op.create_index("ix_reservations_network", "reservations", ["network"], unique=False)
    op.create_table(
        "network_status",
        sa.Column("network", sa.String(), nullable=False),
        sa.Column("clock_at", MOMENT, nullable=True),
        sa.Column("clock_read_at", MOMENT, nullable=True),
        sa.Column("planned_on", sa.Date(), nullable=True),
        sa.Column("usage_on", sa.Date(), nullable=True),
        sa.Column("usage", sa.BigInteger(), nullable=True),
        sa.Column("usage_ledger", sa.BigInteger(), nullable=True),
        sa.Column("repeats", sa.Integer(), nullable=False),
        sa.Column("compared_at", MOMENT, nullable=True),
        sa.Column("repeats_ended_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("network", name=op.f("pk_network_status")),
    )
    op.create_table(
        "request_windows",
        sa.Column("network", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("limit", sa.Integer(), nullable=False),
        sa.Column("remaining", sa.Integer(), nullable=False),
        sa.Column("resets_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("network", "kind", name=op.f("pk_request_windows")),
    )


def _open_billed() -> None:
    """What was billed on the newest day of the ledger is not counted again on it; posts are read again at once."""
    day = op.get_bind().scalar(sa.select(sa.func.max(LEDGER.c.day)).where(LEDGER.c.network == "x"))
    if day is None:
        return
    of_day = sa.literal("x"), sa.literal(day, sa.Date)
    yes, at_once = sa.literal(True, sa.Boolean), sa.literal(0)  # noqa: FBT003 a value of SQL
    posts = (
        sa.select(*of_day, sa.literal("posts"), POSTS.c.post_id, sa.func.min(POSTS.c.account_id), yes, yes, at_once)
        .join(ACCOUNTS, ACCOUNTS.c.id == POSTS.c.account_id)
        .where(OF_X, POSTS.c.billed_on == day)
        .group_by(POSTS.c.post_id)
    )
    users = sa.select(*of_day, sa.literal("users"), ACCOUNTS.c.remote_id, ACCOUNTS.c.id, yes, yes, sa.null()).where(
        OF_X, ACCOUNTS.c.profiled_on == day
    )
    columns = ["network", "day", "resource", "remote_id", "account_id", "asked", "returned", "next_at"]
    for rows in (posts, users):
        op.execute(sa.insert(OPENINGS).from_select(columns, rows))


def _date_readings() -> None:
    """A post was read when its account was fetched last, or before the day ended on which it was billed last."""
    connection = op.get_bind()
    readings = (
        sa.select(ACCOUNTS.c.id, ACCOUNTS.c.fetched_at, POSTS.c.billed_on)
        .join(POSTS, POSTS.c.account_id == ACCOUNTS.c.id)
        .where(OF_X)
        .distinct()
    )
    for account_id, fetched_at, billed_on in connection.execute(readings).all():
        same = POSTS.c.account_id == account_id, POSTS.c.billed_on == billed_on
        read_at = (_read_at(billed_on, fetched_at) - EPOCH) // MICROSECOND
        connection.execute(sa.update(POSTS).where(*same).values(read_at=read_at))


def _read_at(billed_on: date, fetched_at: datetime | None) -> datetime:
    day_end = datetime.combine(billed_on, time(), UTC) + DAY
    if fetched_at is None:
        return day_end
    return min(day_end, fetched_at.astimezone(UTC) if fetched_at.tzinfo else fetched_at.replace(tzinfo=UTC))


def _set_since_ids() -> None:
    newest = (
        sa.select(POSTS.c.post_id)
        .where(POSTS.c.account_id == ACCOUNTS.c.id)
        .order_by(POSTS.c.created_at.desc(), POSTS.c.post_id.desc())
        .limit(1)
        .scalar_subquery()
    )
    op.execute(sa.update(ACCOUNTS).where(OF_X, ACCOUNTS.c.fetched_at.is_not(None)).values(since_id=newest))


def _widen_key_of_gains() -> None:
    op.rename_table("gains", "former_gains")
    if op.get_context().dialect.name == "postgresql":
        for former in ("CONSTRAINT pk_gains", "CONSTRAINT fk_gains_account_id"):
            op.execute(f"ALTER TABLE former_gains DROP {former}")
    op.create_table(
        "gains",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("grain_s", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("end_at", sa.BigInteger(), nullable=False),
        sa.Column("start_at", sa.BigInteger(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("packed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_gains_account_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_id", "grain_s", "end_at", "start_at", "late", name=op.f("pk_gains")),
    )
    op.execute(
        "INSERT INTO gains (account_id, grain_s, end_at, start_at, late, packed)"
        " SELECT account_id, grain_s, end_at, start_at, false, packed FROM former_gains"
    )
    op.drop_table("former_gains")
