"""The spread: a row for each account, a dot for each post, and on the dots their median and their middle half."""

from pipeline.chart import wording
from pipeline.chart.layout import of_posts
from pipeline.chart.ranking import by_median
from pipeline.chart.views.definition import Drawing, Figures, Measure, ViewDefinition
from pipeline.i18n import lazy_gettext
from pipeline.records import ChartData, Layout, Normalization

MOST_OPEN_ROWS = 10
"""Up to so many accounts have a row with words above its dots; more accounts make a table."""
COLUMNS = (wording.MEDIAN, wording.TOP, wording.POSTS)


def _layout(data: ChartData) -> Layout:
    """Open rows have the highest count in words, so that the axis need not reach it."""
    return of_posts(data, tops_are_written=len(data.rows) <= MOST_OPEN_ROWS)


def _load_drawing() -> Drawing:
    from pipeline.chart.views.spread.drawing import draw  # noqa: PLC0415 it loads matplotlib

    return draw


SPREAD = ViewDefinition(
    name=lazy_gettext("Spread"),
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
