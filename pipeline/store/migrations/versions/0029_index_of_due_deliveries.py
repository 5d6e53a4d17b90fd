"""Indexes of subscriptions by when their next delivery is, so that those that are not due cost nothing.

One of them is of those with a chart to deliver, for which each knows the newest chart that it may be shown.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0029"
down_revision: str | None = "0028"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("subscriptions", sa.Column("chart_digest", sa.String(), nullable=True))
    op.execute(
        "UPDATE subscriptions SET chart_digest = (SELECT chart_digest FROM comparisons"
        " WHERE comparisons.id = comparison_id AND rendered_version >= min_version)"
        " WHERE chat_id IN (SELECT id FROM chats WHERE inactive_reason IS NULL)"
    )
    has_news = sa.text(
        "chart_digest IS NOT NULL"
        " AND (delivered_digest IS NULL OR delivered_digest != chart_digest OR schedule IS NOT NULL)"
    )
    columns = ["next_at", "comparison_id"]
    op.create_index("ix_subscriptions_news", "subscriptions", columns, sqlite_where=has_news, postgresql_where=has_news)
    op.create_index("ix_subscriptions_next_at", "subscriptions", columns)
    is_requested = sa.text("requested_at IS NOT NULL")
    op.drop_index("ix_subscriptions_requested_at", "subscriptions")
    op.create_index(
        "ix_subscriptions_requested_at",
        "subscriptions",
        ["requested_at"],
        sqlite_where=is_requested,
        postgresql_where=is_requested,
    )
