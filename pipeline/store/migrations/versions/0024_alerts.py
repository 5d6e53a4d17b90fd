"""Alerts: which kinds a chat is sent, what it was alerted of, and the order of a comparison's accounts."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0024"
down_revision: str | None = "0023"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Alerts are off in all chats."""
    op.add_column("chats", sa.Column("alerts", sa.String(), nullable=True))
    has_alerts = sa.text("alerts IS NOT NULL")
    op.create_index("ix_chats_alerts", "chats", ["id"], sqlite_where=has_alerts, postgresql_where=has_alerts)
    op.add_column("comparisons", sa.Column("standing", sa.String(), nullable=True))
    op.add_column("notices", sa.Column("subscription_id", sa.Integer(), nullable=True))
    op.create_table(
        "alerts",
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["chat_id"], ["chats.id"], name=op.f("fk_alerts_chat_id_chats"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("chat_id", "key", name=op.f("pk_alerts")),
    )
