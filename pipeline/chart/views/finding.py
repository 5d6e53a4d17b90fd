"""What a chart shows, in one sentence: who leads, and by which figure. It is the title of the picture."""

from collections.abc import Sequence

from pipeline import i18n
from pipeline.chart.prepared import Finding
from pipeline.chart.ranking import RankedRow
from pipeline.chart.views.definition import Measure
from pipeline.chart.wording import NOTHING, within
from pipeline.i18n import lazy_gettext, lazy_ngettext
from pipeline.records import UNWEIGHTED, ChartData, LazyString, Metric

INTERACTIONS = lazy_gettext("interactions")
"""What engagement is the number of."""
NAMED = ("name", "other")
"""The fields of sentences that name accounts; more of them are not named."""
ONE = "1"
"""The networks' words for metrics are plurals, which do not go with this figure."""


def find(data: ChartData, entries: Sequence[RankedRow], measure: Measure) -> Finding | None:
    """What the figures of all accounts show; None where nothing is sure, or no sentence goes with the figure."""
    known = sorted((entry for entry in entries if entry.sort_value is not None), key=_figure, reverse=True)
    if not known or not _is_sure(data, known):
        return None
    language = data.spec.language
    gettext, cell = i18n.translator(language).gettext, measure.columns[0].cell
    metric = gettext(INTERACTIONS if data.spec.metric is Metric.ENGAGEMENT else data.noun)
    if _figure(known[0]) <= 0:
        has_any = any(value for entry in known for value in entry.row.values)
        return Finding(measure.nothing if has_any else NOTHING, {"metric": metric})
    number = cell(known[0], language)
    first = [entry for entry in known if cell(entry, language) == number]
    if number == ONE:
        return _in_words(known, first, metric)
    says = tuple(gettext(each, number=number, metric=metric) for each in measure.findings)
    return Finding(_sentence(len(known), len(first)), {}, _names(first), says)


def _in_words(known: Sequence[RankedRow], first: Sequence[RankedRow], metric: str) -> Finding | None:
    """The finding without the figure; None where there is no leader."""
    if len(first) > 1 or len(known) == 1:
        return None
    return Finding(lazy_gettext("{name} leads in {metric}"), {"metric": metric}, _names(first))


def _sentence(known: int, first: int) -> LazyString:
    """Of so many accounts with a figure so many have the highest one."""
    if known == 1:
        return lazy_gettext("{name}: {says}")
    if first == 1:
        return lazy_gettext("{name} leads: {says}")
    if first == len(NAMED):
        return lazy_gettext("{name} and {other} are level: {says}")
    return lazy_ngettext("{count} account is level: {says}", "{count} accounts are level: {says}", first)


def _names(first: Sequence[RankedRow]) -> dict[str, str]:
    """The names of the first two, by their fields."""
    return {field: f"@{entry.row.handle}" for field, entry in zip(NAMED, first, strict=False)}


def _is_sure(data: ChartData, known: Sequence[RankedRow]) -> bool:
    """Whether figures can be compared, all posts are read, the first is fresh, and no other may be higher than told."""
    if len({entry.row.network for entry in known}) > 1 and data.spec.normalization in UNWEIGHTED:
        return False
    first, *others = (entry.row for entry in known)
    return not first.note and not any(row.since or row.incomplete or within(data, row) for row in others)


def _figure(entry: RankedRow) -> float:
    return entry.sort_value or 0
