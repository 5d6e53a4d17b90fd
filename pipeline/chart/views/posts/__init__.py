"""Post by post: each account's posts from the oldest to the newest, and the line of their rolling median."""

from pipeline.chart import wording
from pipeline.chart.layout import of_posts
from pipeline.chart.ranking import by_median
from pipeline.chart.views.definition import Drawing, Figures, Measure, ViewDefinition
from pipeline.i18n import lazy_gettext
from pipeline.records import ChartData, Layout, LazyString, Normalization


def _measure(title: LazyString, *findings: LazyString) -> Measure:
    columns = (wording.MEDIAN, wording.BEST, wording.POSTS)
    return Measure(title, columns, findings, wording.TYPICALLY_NOTHING)


def _layout(data: ChartData) -> Layout:
    return of_posts(data)


def _load_drawing() -> Drawing:
    from pipeline.chart.views.posts.drawing import draw  # noqa: PLC0415 it loads matplotlib

    return draw


POSTS = ViewDefinition(
    name=lazy_gettext("Posts"),
    keyword=lazy_gettext("posts"),
    label=lazy_gettext("By date"),
    measures={
        Normalization.COUNT: _measure(wording.PER_POST, wording.TYPICALLY, wording.TYPICALLY_BRIEFLY),
        Normalization.RATE: _measure(wording.PER_VIEWS, wording.TYPICALLY_PER_VIEWS, wording.FINDING_PER_VIEWS),
        Normalization.FOLLOWERS: _measure(
            wording.PER_FOLLOWERS, wording.TYPICALLY_PER_FOLLOWERS, wording.FINDING_PER_FOLLOWERS
        ),
    },
    takes_span=False,
    figures=Figures.COUNTED,
    rank=by_median,
    layout=_layout,
    load_drawing=_load_drawing,
)
