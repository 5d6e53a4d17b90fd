"""Whether posts are replies to others, and whether comparisons have them."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0026"
down_revision: str | None = "0025"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

COMPARISONS = sa.table("comparisons", sa.column("id"), sa.column("key"))


def upgrade() -> None:
    """Of stored posts it is not known until they are fetched again. All comparisons leave replies out from then on.

    In no batch, which would make the table of comparisons anew on SQLite, and delete the rows that refer to it.
    """
    op.add_column("posts", sa.Column("is_reply", sa.Boolean(), nullable=True))
    op.add_column("comparisons", sa.Column("replies", sa.Boolean(), nullable=False, server_default=sa.false()))
    _rename_keys()


def _rename_keys() -> None:
    """The key has the spec's fields, of which this is the last, and then the ids."""
    for comparison_id, key in op.get_bind().execute(sa.select(COMPARISONS.c.id, COMPARISONS.c.key)).all():
        spec, _, ids = key.rpartition(" ")
        renamed = COMPARISONS.update().where(COMPARISONS.c.id == comparison_id).values(key=f"{spec} False {ids}")
        op.execute(renamed)
