"""The race: the total of each account, as a bar from zero and a number."""

from pipeline.chart import wording
from pipeline.chart.layout import of_totals
from pipeline.chart.ranking import by_total
from pipeline.chart.views.definition import Drawing, Figures, Measure, ViewDefinition
from pipeline.i18n import lazy_gettext
from pipeline.records import LazyString, Normalization


def _measure(title: LazyString, column: LazyString) -> Measure:
    return Measure(title, (wording.total(column), wording.POSTS))


def _load_drawing() -> Drawing:
    from pipeline.chart.views.race.drawing import draw  # noqa: PLC0415 it loads matplotlib

    return draw


RACE = ViewDefinition(
    name=lazy_gettext("Race"),
    measures={
        Normalization.COUNT: _measure(lazy_gettext("{metric} in total"), lazy_gettext("total")),
        Normalization.RATE: _measure(wording.PER_VIEWS, lazy_gettext("per 1k views")),
        Normalization.DAILY: _measure(lazy_gettext("{metric} per day"), lazy_gettext("per day")),
    },
    takes_span=False,
    figures=Figures.COUNTED,
    rank=by_total,
    layout=of_totals,
    load_drawing=_load_drawing,
)
