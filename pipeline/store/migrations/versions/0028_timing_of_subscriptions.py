"""Schedules of subscriptions, and which of them are paused or pinned."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0028"
down_revision: str | None = "0027"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """No subscription that exists is paused or pinned."""
    op.add_column("subscriptions", sa.Column("schedule", sa.String(), nullable=True))
    for name in ("paused", "pinned"):
        op.add_column("subscriptions", sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("subscriptions", sa.Column("pinned_message_id", sa.Integer(), nullable=True))
