"""The registry of views, and what follows from a view's definition.

A view is a folder with a ViewDefinition, a member of records.View, whose value is stored, and a line of VIEWS.
"""

from collections.abc import Collection
from dataclasses import replace
from math import ceil

from pipeline.chart import wording
from pipeline.chart.prepared import Chart
from pipeline.chart.ranking import in_order
from pipeline.chart.views.definition import ViewDefinition
from pipeline.chart.views.finding import find
from pipeline.chart.views.growth import GROWTH
from pipeline.chart.views.posts import POSTS
from pipeline.chart.views.race import RACE
from pipeline.chart.views.spread import SPREAD
from pipeline.records import ChartData, ChartSpec, Metric, Normalization, Span, View

VIEWS: dict[View, ViewDefinition] = {
    View.SPREAD: SPREAD,
    View.POSTS: POSTS,
    View.GROWTH: GROWTH,
    View.RACE: RACE,
}

PAGE_SIZE = 10
"""How many accounts one picture shows. At 330 px, the width of a chat, the words of more rows could not be read."""


def fitted(spec: ChartSpec) -> ChartSpec:
    """The spec without what makes no difference to its view, so that specs of equal charts are equal."""
    view = VIEWS[spec.view]
    views_of_views = spec.metric is Metric.VIEWS and spec.normalization is Normalization.RATE
    fits = spec.normalization in view.measures and not views_of_views
    return replace(
        spec,
        normalization=spec.normalization if fits else next(iter(view.measures)),
        span=spec.span if view.takes_span else Span.DAY,
    )


def usual_normalization(view: View, networks: Collection[str]) -> Normalization:
    """What a view is measured by where nobody chose, for accounts of these networks, by key.

    Accounts of several networks have audiences that differ: they are compared per 1,000 followers, where the view can.
    """
    measures = VIEWS[view].measures
    is_mixed = len(set(networks)) > 1
    return Normalization.FOLLOWERS if is_mixed and Normalization.FOLLOWERS in measures else next(iter(measures))


def in_view(spec: ChartSpec, view: View, networks: Collection[str]) -> ChartSpec:
    """The spec in another view, measured as in the present one if that was chosen there, or else as usual."""
    has_chosen = spec.normalization is not usual_normalization(spec.view, networks)
    usual = usual_normalization(view, networks)
    return replace(spec, view=view, normalization=spec.normalization if has_chosen else usual)


def page_count(accounts: int) -> int:
    """How many pages a chart of so many accounts has; at least one."""
    return max(ceil(accounts / PAGE_SIZE), 1)


def prepare(data: ChartData) -> Chart:
    """The chart of these data, as their view shows them."""
    spec, view = data.spec, VIEWS[data.spec.view]
    measure, layout = view.measures[spec.normalization], view.layout(data)
    entries = in_order(view.rank(data.rows), layout)
    page = min(spec.page, page_count(len(entries)))
    shown = range(PAGE_SIZE * (page - 1), min(PAGE_SIZE * page, len(entries)))
    return Chart(
        data,
        wording.title(measure.title, data),
        find(data, entries, measure),
        wording.scope(spec, with_span=view.takes_span),
        measure.columns,
        layout,
        entries[shown.start : shown.stop],
        wording.extent(data, shown),
    )
