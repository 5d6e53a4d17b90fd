"""The race: the total of each account, as a bar from zero and a number."""

from pipeline.chart import wording
from pipeline.chart.layout import of_totals
from pipeline.chart.ranking import by_total
from pipeline.chart.views.definition import Drawing, Figures, Measure, ViewDefinition
from pipeline.i18n import lazy_gettext
from pipeline.records import LazyString, Normalization


def _measure(title: LazyString, column: LazyString, finding: LazyString) -> Measure:
    return Measure(title, (wording.total(column), wording.POSTS), (finding,), wording.NOTHING)


def _load_drawing() -> Drawing:
    from pipeline.chart.views.race.drawing import draw  # noqa: PLC0415 it loads matplotlib

    return draw


RACE = ViewDefinition(
    name=lazy_gettext("Race"),
    keyword=lazy_gettext("race"),
    label=lazy_gettext("Total"),
    measures={
        Normalization.DAILY: _measure(
            lazy_gettext("{metric} per day"), lazy_gettext("per day"), lazy_gettext("{number} {metric} per day")
        ),
        Normalization.RATE: _measure(wording.PER_VIEWS, lazy_gettext("per 1k views"), wording.FINDING_PER_VIEWS),
        Normalization.FOLLOWERS: _measure(
            wording.PER_FOLLOWERS, lazy_gettext("per 1k followers"), wording.FINDING_PER_FOLLOWERS
        ),
        Normalization.COUNT: _measure(
            lazy_gettext("{metric} in total"), lazy_gettext("total"), lazy_gettext("{number} {metric} in total")
        ),
    },
    takes_span=False,
    figures=Figures.COUNTED,
    rank=by_total,
    layout=of_totals,
    load_drawing=_load_drawing,
)
