"""Which user had a chat track first, for the limit of chats a user. A private chat is its user's."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """For existing groups it is unknown."""
    with op.batch_alter_table("chats", schema=None) as chats:
        chats.add_column(sa.Column("added_by", sa.BigInteger(), nullable=True))
    op.execute("UPDATE chats SET added_by = id WHERE id > 0")
