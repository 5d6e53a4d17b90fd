"""Notices that concern the chats with accounts of one network alone."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0020"
down_revision: str | None = "0019"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Notices that are there already go to all."""
    op.add_column("notices", sa.Column("network", sa.String(), nullable=True))
