"""Stored texts become a msgid with values, to be translated for each reader."""

import json
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TEXTS = (("accounts", "problem"), ("dropbox_files", "problem"), ("notices", "text"), ("stops", "reason"))


def upgrade() -> None:
    for table, name in TEXTS:
        _pack(sa.table(table, sa.column(name, sa.String)), name)


def _pack(table: sa.TableClause, name: str) -> None:
    """An English sentence becomes a msgid without values; its braces are escaped, since they are no fields."""
    bind, column = op.get_bind(), table.c[name]
    for sentence in bind.scalars(sa.select(column).where(column.is_not(None)).distinct()).all():
        words = sentence.replace("{", "{{").replace("}", "}}")
        packed = json.dumps({"words": words, "values": {}})
        bind.execute(sa.update(table).where(column == sentence).values({name: packed}))
