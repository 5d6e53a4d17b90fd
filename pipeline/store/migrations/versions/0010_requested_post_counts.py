"""How many posts a subscription requested, where fewer are fetched."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    with op.batch_alter_table("subscriptions", schema=None) as subscriptions:
        subscriptions.add_column(sa.Column("wished_count", sa.Integer(), nullable=True))
