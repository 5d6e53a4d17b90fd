"""The registry of views, and what follows from a view's definition.

A view is a folder with a ViewDefinition, a member of records.View, whose value is stored, and a line of VIEWS.
"""

from dataclasses import replace

from pipeline.chart import wording
from pipeline.chart.prepared import Chart
from pipeline.chart.ranking import in_order
from pipeline.chart.views.definition import ViewDefinition
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


def prepare(data: ChartData) -> Chart:
    """The chart of these data, as their view shows them."""
    spec, view = data.spec, VIEWS[data.spec.view]
    measure, layout = view.measures[spec.normalization], view.layout(data)
    return Chart(
        data,
        wording.title(measure.title, data),
        wording.scope(spec, with_span=view.takes_span),
        measure.columns,
        layout,
        in_order(view.rank(data.rows), layout),
    )
