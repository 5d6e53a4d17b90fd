"""What people choose by the buttons under a chart: an entry for each field of the ChartSpec that has buttons."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pipeline.chart.views import VIEWS, fitted, in_view, page_count
from pipeline.i18n import NORMALIZATION_NAMES, REPLIES_NAMES, SPAN_LABELS, THEME_NAMES, lazy_ngettext
from pipeline.records import ChartSpec, LazyString, Metric, Normalization, Span, Theme, View
from pipeline.sources.registry import noun, told

Labels = Mapping[Any, LazyString | str]
POST_COUNTS = (10, 20, 50, 100, 200, 500, 1000)


@dataclass(frozen=True, slots=True)
class Subject:
    """What the choices depend on.

    networks: those of the chart's accounts, by key. max_posts: how many are read of an account. accounts: how many of
    them there are.
    """

    spec: ChartSpec
    networks: Collection[str]
    max_posts: int
    accounts: int = 1


@dataclass(frozen=True, slots=True)
class Choice:
    """A field of the ChartSpec that people choose by buttons.

    field: its name, in the buttons' data too. parse: reads a value in that data; raises ValueError.
    labels: the values to choose from, and what their buttons say; fewer than two where there is no choice.
    current: what the button says that opens the choice. per_row: so many buttons are not cut off on a phone.
    """

    field: str
    parse: Callable[[str], Any]
    labels: Callable[[Subject], Labels]
    current: Callable[[Subject], LazyString]
    per_row: int

    def choose(self, subject: Subject, value: str) -> ChartSpec:
        """The spec with this value. Raises ValueError for a value that is not to be chosen."""
        parsed = self.parse(value)
        if parsed not in self.labels(subject):
            raise ValueError(value)
        return self.apply(subject, parsed)

    def apply(self, subject: Subject, value: Any) -> ChartSpec:
        """The spec with this value. What changes the order of the accounts begins with the first page again."""
        spec = subject.spec
        spec = in_view(spec, value, subject.networks) if self.field == "view" else replace(spec, **{self.field: value})
        return fitted(spec if self.field in {"page", "theme"} else replace(spec, page=1))


def _metrics(subject: Subject) -> Labels:
    return {metric: noun(metric, subject.networks) for metric in told(subject.networks)}


def _counts(subject: Subject) -> Labels:
    fewer = {count for count in POST_COUNTS if count < subject.max_posts}
    counts = sorted({*fewer, subject.max_posts, subject.spec.count})
    return {count: str(count) for count in counts}


def _spans(subject: Subject) -> Labels:
    return SPAN_LABELS if VIEWS[subject.spec.view].takes_span else {}


def _normalizations(subject: Subject) -> Labels:
    return {
        each: NORMALIZATION_NAMES[each]
        for each in VIEWS[subject.spec.view].measures
        if fitted(replace(subject.spec, normalization=each)).normalization is each
        and (each is not Normalization.RATE or Metric.VIEWS in told(subject.networks))
    }


def _parse_bool(text: str) -> bool:
    if text not in {str(True), str(False)}:
        raise ValueError(text)
    return text == str(True)


VIEW = Choice(
    "view",
    View,
    lambda _: {view: each.label for view, each in VIEWS.items()},
    lambda subject: VIEWS[subject.spec.view].label,
    per_row=4,
)
METRIC = Choice("metric", Metric, _metrics, lambda subject: noun(subject.spec.metric, subject.networks), per_row=3)
COUNT = Choice(
    "count",
    int,
    _counts,
    lambda subject: lazy_ngettext("{count:number} post", "{count:number} posts", count=subject.spec.count),
    per_row=4,
)
SPAN = Choice("span", Span, _spans, lambda subject: SPAN_LABELS[subject.spec.span], per_row=3)
NORMALIZATION = Choice(
    "normalization",
    Normalization,
    _normalizations,
    lambda subject: NORMALIZATION_NAMES[subject.spec.normalization],
    per_row=2,
)
REPLIES = Choice(
    "replies", _parse_bool, lambda _: REPLIES_NAMES, lambda subject: REPLIES_NAMES[subject.spec.replies], per_row=2
)
PAGE = Choice(
    "page",
    int,
    lambda subject: {page: str(page) for page in range(1, page_count(subject.accounts) + 1)},
    lambda subject: LazyString(str(subject.spec.page), {}),
    per_row=4,
)
THEME = Choice("theme", Theme, lambda _: THEME_NAMES, lambda subject: THEME_NAMES[subject.spec.theme], per_row=2)

CHOICES = {each.field: each for each in (VIEW, METRIC, COUNT, SPAN, NORMALIZATION, REPLIES, THEME, PAGE)}
"""By their fields."""
FURTHER_CHOICES = (COUNT, SPAN, NORMALIZATION, REPLIES, THEME)
"""Those behind the button ⋯, where the chart's own row does not have them."""


def main_choices(spec: ChartSpec) -> tuple[Choice, Choice]:
    """The two choices that the chart's own row opens."""
    return METRIC, SPAN if VIEWS[spec.view].takes_span else COUNT
