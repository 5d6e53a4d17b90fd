"""How many requests an account takes, when it was last polled, and how many requests a network may still be sent."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """An account that was attempted counts as polled."""
    with op.batch_alter_table("accounts", schema=None) as accounts:
        accounts.add_column(sa.Column("turn_at", sa.DateTime(timezone=True), nullable=True))
        accounts.add_column(sa.Column("requests", sa.Integer(), nullable=True))
    op.execute("UPDATE accounts SET turn_at = tried_at")
    op.create_table(
        "allowances",
        sa.Column("network", sa.String(), nullable=False),
        sa.Column("requests_left", sa.Double(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("network", name=op.f("pk_allowances")),
    )
