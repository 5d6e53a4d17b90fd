"""Each chat's time zone and quiet hours, and the zone of the times in a chart. Until now all times were in UTC."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0022"
down_revision: str | None = "0021"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

SPEC = "metric || ' ' || view || ' ' || count || ' ' || normalization || ' ' || span || ' ' || theme || ' ' || language"
RENAME_KEYS = f"UPDATE comparisons SET key = {SPEC} || ' UTC' || substr(key, length({SPEC}) + 1)"  # noqa: S608


def _time_zone() -> sa.Column[str]:
    return sa.Column("time_zone", sa.String(), nullable=False, server_default="UTC")


def upgrade() -> None:
    with op.batch_alter_table("chats", schema=None) as chats:
        chats.add_column(_time_zone())
        chats.add_column(sa.Column("quiet_start", sa.Time(), nullable=True))
        chats.add_column(sa.Column("quiet_end", sa.Time(), nullable=True))
    with op.batch_alter_table("comparisons", schema=None) as comparisons:
        comparisons.add_column(_time_zone())
    op.execute(RENAME_KEYS)
