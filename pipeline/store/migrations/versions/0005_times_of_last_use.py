"""Since when a chat is inactive, and when a comparison was last used: the purge deletes what is long unused."""

from collections.abc import Sequence
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Existing rows count from now on."""
    now = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
    with op.batch_alter_table("chats", schema=None) as chats:
        chats.add_column(sa.Column("set_aside_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE chats SET set_aside_at = CURRENT_TIMESTAMP WHERE set_aside IS NOT NULL")
    with op.batch_alter_table("comparisons", schema=None) as comparisons:
        comparisons.add_column(sa.Column("used_at", sa.DateTime(timezone=True), nullable=False, server_default=now))
