"""Indexes by which a tick and the notices look at what is due, however much is not."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0033"
down_revision: str | None = "0032"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_index("ix_accounts_polled_at", "accounts", ["network", "requests", "polled_at"])
    expires = sa.text("expires_at IS NOT NULL")
    op.create_index(
        "ix_comparisons_expires_at", "comparisons", ["expires_at"], sqlite_where=expires, postgresql_where=expires
    )
    op.create_index("ix_comparisons_chart_digest", "comparisons", ["chart_digest"])
    op.create_index("ix_telegram_photos_added_at", "telegram_photos", ["added_at"])
    op.create_index("ix_notices_expires_at", "notices", ["expires_at"])
    op.drop_index("ix_openings_account_id", "openings")
    op.create_index("ix_openings_account_id", "openings", ["account_id", "day"])
