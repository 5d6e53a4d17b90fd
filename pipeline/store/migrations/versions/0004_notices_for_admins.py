"""Notices for the admins alone."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    with op.batch_alter_table("notices", schema=None) as notices:
        notices.add_column(sa.Column("admins_only", sa.Boolean(), nullable=False, server_default=sa.false()))
