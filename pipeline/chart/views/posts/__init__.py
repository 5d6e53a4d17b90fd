"""Post by post: each account's posts from the oldest to the newest, and the line of their rolling median."""

from pipeline.chart import wording
from pipeline.chart.layout import of_posts
from pipeline.chart.ranking import by_median
from pipeline.chart.views.definition import Drawing, Figures, Measure, ViewDefinition
from pipeline.i18n import lazy_gettext
from pipeline.records import ChartData, Layout, Normalization

COLUMNS = (wording.MEDIAN, wording.TOP, wording.POSTS)


def _layout(data: ChartData) -> Layout:
    return of_posts(data, tops_are_written=False)


def _load_drawing() -> Drawing:
    from pipeline.chart.views.posts.drawing import draw  # noqa: PLC0415 it loads matplotlib

    return draw


POSTS = ViewDefinition(
    name=lazy_gettext("Posts"),
    measures={
        Normalization.COUNT: Measure(wording.PER_POST, COLUMNS),
        Normalization.RATE: Measure(wording.PER_VIEWS, COLUMNS),
    },
    takes_span=False,
    figures=Figures.COUNTED,
    rank=by_median,
    layout=_layout,
    load_drawing=_load_drawing,
)
