"""A chart before it is drawn: its data, with the title, the columns, the layout and the order of its view."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.chart.ranking import RankedRow
from pipeline.records import ChartData, Language, Layout, LazyString


@dataclass(frozen=True, slots=True)
class Column:
    """A column of figures: its name, and what it says of an account in a language."""

    name: LazyString
    cell: Callable[[RankedRow, Language], str]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a chart shows: a sentence, what its fields stand for, and accounts' names, which may be shortened.

    says: what its {says} may be, the fewer words the later; empty where it has none.
    """

    sentence: LazyString
    values: Mapping[str, str]
    names: Mapping[str, str] = field(default_factory=dict)
    says: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn, and written in the caption.

    title: what is measured. finding: what that shows; None where nothing is sure. scope: which posts are compared, and
    within which span. columns: the first one is of what accounts are ranked by. entries: the accounts of the page, in
    the layout's order. extent: which of all accounts they are, in words; empty where they are all.
    """

    data: ChartData
    title: str
    finding: Finding | None
    scope: str
    columns: tuple[Column, ...]
    layout: Layout
    entries: Sequence[RankedRow]
    extent: str

    @property
    def has_young(self) -> bool:
        """Whether a post of the page's accounts is young."""
        return any(any(self.data.young(entry.row)) for entry in self.entries)
