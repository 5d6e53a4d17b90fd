"""A table of datasets, for what is tracked or subscribed to, and one of files in Dropbox."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

comparisons = sa.table("comparisons", sa.column("id"), sa.column("count"))
members = sa.table("comparison_accounts", sa.column("comparison_id"), sa.column("account_id"))
trackings = sa.table("trackings", sa.column("chat_id"), sa.column("account_id"))
subscriptions = sa.table("subscriptions", sa.column("comparison_id"), sa.column("mode"))


def upgrade() -> None:
    datasets = op.create_table(
        "datasets",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=True),
        sa.Column("digest", sa.String(), nullable=True),
        sa.Column("due", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_datasets")),
    )
    rows = [{"key": key, "due": True} for key in sorted(_keys(op.get_bind()))]
    if rows:
        op.bulk_insert(datasets, rows)
    _change_files(op.get_bind())


def _keys(connection: sa.Connection) -> set[str]:
    """Keys of the datasets of each subscription, and of each comparison of all that a chat tracks."""
    of_comparisons, of_chats = _sets(connection, members), _sets(connection, trackings)
    tracked = set(of_chats.values())
    subscribed = set(connection.scalars(sa.select(subscriptions.c.comparison_id).where(subscriptions.c.mode != "once")))
    return {
        f"{count} {of_comparisons[number]}"
        for number, count in connection.execute(sa.select(comparisons.c.id, comparisons.c.count))
        if number in of_comparisons and (number in subscribed or of_comparisons[number] in tracked)
    }


def _sets(connection: sa.Connection, table: sa.TableClause) -> dict[int, str]:
    """Account ids in order, joined by commas, by the comparison or chat that they belong to."""
    whose, account_id = table.c
    found: dict[int, list[str]] = {}
    for owner, number in connection.execute(sa.select(whose, account_id).order_by(whose, account_id)):
        found.setdefault(owner, []).append(str(number))
    return {owner: ",".join(numbers) for owner, numbers in found.items()}


def _change_files(connection: sa.Connection) -> None:
    """Existing files stay in the table by their path: those that no dataset has will be deleted in Dropbox."""
    before = sa.table("dropbox_files", sa.column("path"), sa.column("next_at", sa.DateTime(timezone=True)))
    rows = {
        path.lower(): {"path": path.lower(), "next_at": next_at}
        for path, next_at in connection.execute(sa.select(before.c.path, before.c.next_at))
    }
    op.drop_table("dropbox_files")
    files = op.create_table(
        "dropbox_files",
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=True),
        sa.Column("uploaded", sa.String(), nullable=True),
        sa.Column("rev", sa.String(), nullable=True),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_dropbox_files")),
    )
    if rows:
        op.bulk_insert(files, list(rows.values()))
