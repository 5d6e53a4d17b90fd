"""Where each account stands, and the words that picture and caption share."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median

from pipeline.chart.numbers import short
from pipeline.records import ChartData, ChartRow


@dataclass(frozen=True, slots=True)
class Standing:
    """An account with its place in the comparison's own order; median and top are None where it has no posts."""

    row: ChartRow
    index: int
    median: float | None
    top: int | None


def standings(rows: Sequence[ChartRow]) -> list[Standing]:
    """The highest median first, equal medians by handle, accounts without posts last."""
    found = [
        Standing(row, index, median(row.values) if row.values else None, max(row.values, default=None))
        for index, row in enumerate(rows)
    ]
    return sorted(found, key=_rank)


def _rank(standing: Standing) -> tuple[bool, float, str]:
    return standing.median is None, -(standing.median or 0), standing.row.handle.casefold()


def title(data: ChartData) -> str:
    return f"{data.metric.label.capitalize()} per post"


def extent(data: ChartData) -> str:
    """How many posts were asked for: last 100 posts."""
    return f"last {data.count} posts" if data.count > 1 else "last post"


def moment(when: datetime, *, year: bool) -> str:
    """As in 23 Nov 2026 15:20 UTC."""
    utc = when.astimezone(UTC)
    return f"{utc.day} {utc:%b %Y %H:%M} UTC" if year else f"{utc.day} {utc:%b %H:%M} UTC"


def figures(standing: Standing) -> list[str]:
    """The median and the greatest count; nothing where there are no posts."""
    if standing.median is None or standing.top is None:
        return []
    return [f"median {short(standing.median)}", f"top {short(standing.top)}"]


def sample(standing: Standing) -> str:
    return f"n={len(standing.row.values)}"


def reason(row: ChartRow) -> str:
    """What stands in the place of an account's posts."""
    return row.note or "no posts"
