"""The names under which the limits and the circuit breakers of servers are kept, as source.service_of makes them."""

from typing import Any

from sqlalchemy import ColumnElement, or_


def is_of(column: Any, network: str) -> ColumnElement[bool]:
    """Whether a column names a network, by its key, or one of its servers."""
    return or_(column == network, column.startswith(f"{network} ", autoescape=True))
