"""When a chart's data was fetched, and when the same data was last found again; unknown for existing charts."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    with op.batch_alter_table("comparisons", schema=None) as comparisons:
        comparisons.add_column(sa.Column("as_of", sa.DateTime(timezone=True), nullable=True))
        comparisons.add_column(sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True))
