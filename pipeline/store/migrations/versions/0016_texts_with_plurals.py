"""A stored text names its catalogue key as gettext does, and may have a plural."""

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TEXTS = (("accounts", "problem"), ("dropbox_files", "problem"), ("notices", "text"), ("stops", "reason"))


def upgrade() -> None:
    for table, name in TEXTS:
        _rename_key(sa.table(table, sa.column(name, sa.String)), name)


def _rename_key(table: sa.TableClause, name: str) -> None:
    bind, column = op.get_bind(), table.c[name]
    for stored in bind.scalars(sa.select(column).where(column.is_not(None)).distinct()).all():
        text = json.loads(stored, object_hook=_renamed)
        packed = json.dumps(text, ensure_ascii=False, separators=(",", ":"))
        bind.execute(sa.update(table).where(column == stored).values({name: packed}))


def _renamed(node: dict[str, Any]) -> dict[str, Any]:
    """A text is the object that has exactly these two keys; the values in it may be texts too."""
    if node.keys() == {"words", "values"} and isinstance(node["values"], dict):
        return {"msgid": node["words"], "values": node["values"], "plural": None}
    return node
