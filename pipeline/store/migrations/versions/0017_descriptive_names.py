"""Columns and tables get names that say what they hold. No value changes."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

COLUMNS = {
    "chats": {"set_aside": "inactive_reason", "set_aside_at": "inactive_since"},
    "accounts": {"read_back_to": "fetched_back_to", "tried_at": "attempted_at", "turn_at": "polled_at"},
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
}
"""By table: the new name of each column by its old one. Both databases adapt indexes and constraints by themselves."""


def upgrade() -> None:
    op.drop_index("ix_subscriptions_asked_at", "subscriptions")
    for table, columns in COLUMNS.items():
        for old, new in columns.items():
            op.execute(f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}")
    op.create_index("ix_subscriptions_requested_at", "subscriptions", ["requested_at"], unique=False)
    _replace_tables()


def _replace_tables() -> None:
    """Small tables are made anew, so that their primary keys' constraints are named for them on SQLite too."""
    op.create_table(
        "circuit_breakers",
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("service", name=op.f("pk_circuit_breakers")),
    )
    op.create_table(
        "token_buckets",
        sa.Column("network", sa.String(), nullable=False),
        sa.Column("tokens", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("network", name=op.f("pk_token_buckets")),
    )
    op.create_table(
        "ledger",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("resource", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "resource", name=op.f("pk_ledger")),
    )
    op.execute("INSERT INTO circuit_breakers SELECT network, reason, since, until FROM stops")
    op.execute("INSERT INTO token_buckets SELECT network, requests_left, at FROM allowances")
    op.execute("INSERT INTO ledger SELECT day, resource, count FROM billed")
    for table in ("stops", "allowances", "billed"):
        op.drop_table(table)
