"""A chart before it is drawn: its data, with the title, the columns, the layout and the order of its view."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipeline.chart.ranking import RankedRow
from pipeline.records import ChartData, Language, Layout, LazyString


@dataclass(frozen=True, slots=True)
class Column:
    """A column of figures: its name, and what it says of an account in a language."""

    name: LazyString
    cell: Callable[[RankedRow, Language], str]


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn, and written in the caption.

    scope: which posts are compared, and within which span. columns: the first one is of what accounts are ranked by.
    entries: the accounts in the layout's order.
    """

    data: ChartData
    title: str
    scope: str
    columns: tuple[Column, ...]
    layout: Layout
    entries: Sequence[RankedRow]
