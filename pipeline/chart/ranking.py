"""The order of a chart's accounts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from pipeline.records import ChartRow, Layout


@dataclass(frozen=True, slots=True)
class RankedRow:
    """An account's row with the figures of its posts; median and top are None where it has no posts.

    index: the row's index in the data. sort_value: what the account is ranked by, None where that is not known.
    """

    row: ChartRow
    index: int
    median: float | None
    top: float | None
    sort_value: float | None


def by_median(rows: Sequence[ChartRow]) -> list[RankedRow]:
    """The highest median first, equal medians by handle, accounts without posts last."""
    return _sorted(_entry(row, index, _median(row)) for index, row in enumerate(rows))


def by_total(rows: Sequence[ChartRow]) -> list[RankedRow]:
    """The highest total first, equal totals by handle, accounts without a total last."""
    return _sorted(_entry(row, index, row.total) for index, row in enumerate(rows))


def in_order(entries: Iterable[RankedRow], layout: Layout) -> list[RankedRow]:
    """The accounts in a layout's order."""
    by_index = {entry.index: entry for entry in entries}
    return [by_index[index] for index in layout.order]


def _entry(row: ChartRow, index: int, sort_value: float | None) -> RankedRow:
    return RankedRow(row, index, _median(row), max(row.values, default=None), sort_value)


def _median(row: ChartRow) -> float | None:
    return median(row.values) if row.values else None


def _sorted(entries: Iterable[RankedRow]) -> list[RankedRow]:
    return sorted(entries, key=_descending)


def _descending(entry: RankedRow) -> tuple[bool, float, str]:
    return entry.sort_value is None, -(entry.sort_value or 0), entry.row.handle.casefold()
