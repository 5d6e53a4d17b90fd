"""Run by Alembic: runs the migrations on the connection, and in the transaction, that migrate() passes in."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import TypeDecorator

from pipeline.store.tables import Base


def render(kind: str, item: Any, _context: object) -> str | Literal[False]:
    """Write our own types into a new migration as the SQL types they are, so that it outlives changes to them."""
    return f"sa.{item.impl_instance!r}" if kind == "type" and isinstance(item, TypeDecorator) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    render_item=render,
    transactional_ddl=True,
)
context.run_migrations()
