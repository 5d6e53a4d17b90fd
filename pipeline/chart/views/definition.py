"""What a view must define. Nothing has a default, so that a view that lacks a part does not pass the type checker."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from pipeline.chart.prepared import Chart, Column
from pipeline.chart.ranking import RankedRow
from pipeline.records import ChartData, ChartRow, Layout, LazyString, Normalization

if TYPE_CHECKING:
    from pipeline.chart.paint.page import Page

Drawing = Callable[[Chart], "Page"]


class Figures(Enum):
    """What is prepared of the posts for a view's data."""

    COUNTED = auto()
    """What each post has, and all of them together."""
    GAINED = auto()
    """What each post has, and as their total what they gained within the span, moment by moment."""


@dataclass(frozen=True, slots=True)
class Measure:
    """How a view shows what is measured in one way.

    title: with the metric as its {metric}. columns: of the caption; the first one is of what accounts are ranked by.
    findings: what the highest figure means, with the figure as its {number} and the metric as its {metric}; after the
    first one in fewer words, for titles without room. nothing: the same where no figure is above zero although posts
    have something.
    """

    title: LazyString
    columns: tuple[Column, ...]
    findings: tuple[LazyString, ...]
    nothing: LazyString


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewDefinition:
    """A way to draw a comparison. Everything but the drawing is loaded in every process that imports the views.

    name: what the view is called on a button, with a capital. keyword: what people type for it in a command.
    label: what its button says; a phone has room for about nine letters.
    measures: what the view may be measured by, the usual way first.
    takes_span: whether it shows a span of time, which the user chooses.
    figures: what is prepared of the posts.
    rank: the accounts with their figures, the first one at the top.
    layout: the axis and the order that the data demand, near those of the comparison's chart before.
    load_drawing: imports the drawing, which loads matplotlib, and returns it.
    """

    name: LazyString
    keyword: LazyString
    label: LazyString
    measures: Mapping[Normalization, Measure]
    takes_span: bool
    figures: Figures
    rank: Callable[[Sequence[ChartRow]], list[RankedRow]]
    layout: Callable[[ChartData], Layout]
    load_drawing: Callable[[], Drawing]
