"""Since when a chat waits for a chart, how often its delivery failed, and whether the chat was told."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Existing subscriptions start without failures."""
    with op.batch_alter_table("subscriptions", schema=None) as subscriptions:
        subscriptions.add_column(sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True))
        subscriptions.add_column(sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True))
        subscriptions.add_column(sa.Column("failures", sa.Integer(), nullable=False, server_default="0"))
        subscriptions.add_column(sa.Column("told", sa.Boolean(), nullable=False, server_default=sa.false()))
        subscriptions.create_index(subscriptions.f("ix_subscriptions_asked_at"), ["asked_at"], unique=False)
