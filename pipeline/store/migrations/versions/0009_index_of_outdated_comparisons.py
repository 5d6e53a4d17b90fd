"""An index of outdated comparisons, so that finding them takes no longer with many that are up to date."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    outdated = sa.text("wanted > drawn")
    op.create_index("ix_comparisons_outdated", "comparisons", ["id"], sqlite_where=outdated, postgresql_where=outdated)
