"""How many accounts follow an account, when its older posts were read, and notices to one chat."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0021"
down_revision: str | None = "0020"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("accounts", sa.Column("older_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("accounts", sa.Column("followers", sa.BigInteger(), nullable=True))
    op.add_column("accounts", sa.Column("followers_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("notices", sa.Column("chat_id", sa.BigInteger(), nullable=True))
    op.create_table(
        "follower_counts",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.id"],
            name=op.f("fk_follower_counts_account_id_accounts"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("account_id", "day", name=op.f("pk_follower_counts")),
    )
