"""Until when an uploader has a file: it may be lost, and the file is free again then, or when another one starts."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    with op.batch_alter_table("dropbox_files", schema=None) as files:
        files.add_column(sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True))
