"""More views, with spans and normalizations; layouts; and each chat's theme and language."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

RENAME_KEYS = """
UPDATE comparisons SET key = metric || ' ' || view || ' ' || count || ' count day ' || theme || ' en'
    || substr(key, length(metric || ' ' || view || ' ' || count || ' ' || theme) + 1)
"""


def _column(name: str, default: str) -> sa.Column[str]:
    """A column for an enum; existing rows get the default."""
    return sa.Column(name, sa.String(length=16), nullable=False, server_default=default)


def upgrade() -> None:
    with op.batch_alter_table("chats", schema=None) as chats:
        chats.add_column(_column("theme", "light"))
        chats.add_column(_column("language", "en"))
    with op.batch_alter_table("comparisons", schema=None) as comparisons:
        comparisons.add_column(_column("basis", "count"))
        comparisons.add_column(_column("span", "day"))
        comparisons.add_column(_column("language", "en"))
        comparisons.add_column(sa.Column("layout", sa.String(), nullable=True))
    op.execute(RENAME_KEYS)
