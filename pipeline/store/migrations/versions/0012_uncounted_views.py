"""X counts views since 15 December 2022: a 0 of older posts, or of that day, was stored as if it were counted."""

from collections.abc import Sequence
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

MOMENT = sa.DateTime(timezone=True)
ACCOUNTS = sa.table("accounts", sa.column("id"), sa.column("network"))
POSTS = sa.table("posts", *map(sa.column, ("account_id", "post_id", "views")), sa.column("created_at", MOMENT))
HISTORY = sa.table("history", *map(sa.column, ("account_id", "post_id", "views")))
SINCE, DAY_AFTER = datetime(2022, 12, 15, tzinfo=UTC), datetime(2022, 12, 16, tzinfo=UTC)


def upgrade() -> None:
    """All charts are rendered again."""
    of_x = POSTS.c.account_id.in_(sa.select(ACCOUNTS.c.id).where(ACCOUNTS.c.network == "x"))
    of_first_day = sa.and_(POSTS.c.created_at < DAY_AFTER, sa.func.coalesce(POSTS.c.views, 0) == 0)
    uncounted = sa.and_(of_x, sa.or_(POSTS.c.created_at < SINCE, of_first_day))
    same = sa.and_(POSTS.c.account_id == HISTORY.c.account_id, POSTS.c.post_id == HISTORY.c.post_id)
    op.execute(sa.update(HISTORY).where(sa.exists().where(same, uncounted)).values(views=None))
    op.execute(sa.update(POSTS).where(uncounted).values(views=None))
    op.execute("UPDATE comparisons SET wanted = wanted + 1")
