"""Growth: what each account gained within a span, as a line from zero, and which account overtook which."""

from pipeline.chart import wording
from pipeline.chart.layout import of_totals
from pipeline.chart.ranking import by_total
from pipeline.chart.views.definition import Drawing, Figures, Measure, ViewDefinition
from pipeline.i18n import lazy_gettext
from pipeline.records import Normalization


def _load_drawing() -> Drawing:
    from pipeline.chart.views.growth.drawing import draw  # noqa: PLC0415 it loads matplotlib

    return draw


MEASURE = Measure(
    lazy_gettext("{metric} gained"),
    (wording.GAINED,),
    (lazy_gettext("{number} {metric}"),),
    lazy_gettext("No {metric} gained"),
)
GROWTH = ViewDefinition(
    name=lazy_gettext("Growth"),
    keyword=lazy_gettext("growth"),
    label=lazy_gettext("Growth"),
    measures={Normalization.COUNT: MEASURE},
    takes_span=True,
    figures=Figures.GAINED,
    rank=by_total,
    layout=of_totals,
    load_drawing=_load_drawing,
)
