"""Of several accounts with one handle on one network, only the owner keeps it."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

accounts = sa.table(
    "accounts", sa.column("id"), sa.column("network"), sa.column("handle"), sa.column("state"), sa.column("fetched_at")
)


def upgrade() -> None:
    """The owner is an active account, of several the one stored last; the next look-up of handles corrects it."""
    connection = op.get_bind()
    taken: set[tuple[str, str]] = set()
    owner_first = (sa.case((accounts.c.state == "active", 0), else_=1), accounts.c.id.desc())
    rows = connection.execute(
        sa.select(accounts.c.id, accounts.c.network, accounts.c.handle).order_by(*owner_first)
    ).all()
    for account_id, network, handle in rows:
        names = (handle, *(f"{handle}-old{number}" for number in ("", *range(2, len(rows) + 2))))
        free = next(name for name in names if (network, name.lower()) not in taken)
        taken.add((network, free.lower()))
        if free != handle:
            connection.execute(accounts.update().where(accounts.c.id == account_id).values(handle=free))
