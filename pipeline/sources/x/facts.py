"""What X itself says of its figures."""

from datetime import UTC, datetime, timedelta

VIEWS_SINCE = datetime(2022, 12, 15, tzinfo=UTC)
"""X counts views since that day, in the course of which it began; of older posts it says 0."""


def views_are_counted(created_at: datetime, views: int | None) -> bool:
    """Whether this is how often the post was seen. A 0 of the first day says that the count had not begun."""
    if views is None or created_at < VIEWS_SINCE:
        return False
    return views > 0 or created_at >= VIEWS_SINCE + timedelta(days=1)
