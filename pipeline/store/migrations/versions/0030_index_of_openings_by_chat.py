"""An index of the openings that a chat pays for alone, so that a chat's bill does not read those of all others."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0030"
down_revision: str | None = "0029"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    is_paid_alone = sa.text("chat_id IS NOT NULL")
    op.create_index(
        "ix_openings_chat_id",
        "openings",
        ["chat_id", "network", "day"],
        sqlite_where=is_paid_alone,
        postgresql_where=is_paid_alone,
    )
