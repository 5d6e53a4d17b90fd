"""The words that the picture and its caption share."""

from datetime import timedelta
from math import ceil

from pipeline import i18n
from pipeline.chart.number_format import short
from pipeline.chart.prepared import Column
from pipeline.chart.ranking import RankedRow
from pipeline.i18n import lazy_gettext, translator
from pipeline.records import ChartData, ChartRow, ChartSpec, Language, LazyString, Normalization, Span

HOUR = timedelta(hours=1)
DAY = timedelta(hours=24)
UNKNOWN = "–"
"""Stands in a column where an account has no figure."""
SPANS = {
    Span.HOUR: lazy_gettext("last hour"),
    Span.DAY: lazy_gettext("last 24 hours"),
    Span.WEEK: lazy_gettext("last 7 days"),
}
PER_POST = lazy_gettext("{metric} per post")
PER_VIEWS = lazy_gettext("{metric} per 1,000 views")


def title(template: LazyString, data: ChartData) -> str:
    """The template with the metric's noun as its {metric}."""
    gettext = translator(data.spec.language).gettext
    return gettext(template, metric=gettext(data.noun).capitalize())


def scope(spec: ChartSpec, *, with_span: bool) -> str:
    """Which posts are compared, as in last 100 posts; before that, if asked for, the span within which."""
    gettext, ngettext = translator(spec.language).gettext, translator(spec.language).ngettext
    posts = ngettext("last post", "last {count:number} posts", spec.count)
    return f"{gettext(SPANS[spec.span])} · {posts}" if with_span else posts


def median_and_top(data: ChartData, entry: RankedRow) -> list[str]:
    """The median and the highest count of the posts, in words; empty where there are no posts."""
    gettext, language = translator(data.spec.language).gettext, data.spec.language
    if entry.median is None or entry.top is None:
        return []
    return [
        gettext("median {number}", number=short(entry.median, language)),
        gettext("top {number}", number=short(entry.top, language)),
    ]


def sample_size(entry: RankedRow) -> str:
    """How many posts the account's figures are made of."""
    return f"n={len(entry.row.values)}"


def within(data: ChartData, row: ChartRow) -> str:
    """In how many hours the posts of a figure per day were made, where that is less than a day.

    The account then made more posts within the day than the chart is of, so that its true figure is higher.
    Empty for other figures, and where the account has fewer posts than the chart is of.
    """
    if data.spec.normalization is not Normalization.DAILY or len(row.times) < data.spec.count:
        return ""
    length = data.read_at(row) - row.times[-1]
    hours = max(ceil(length / HOUR), 1)
    return translator(data.spec.language).gettext("all within {hours} h", hours=hours) if length < DAY else ""


def reason(data: ChartData, row: ChartRow) -> str:
    """Why an account has no figure."""
    gettext = translator(data.spec.language).gettext
    return row.note or since(data, row) or (gettext("not known") if row.values else gettext("no posts"))


def since(data: ChartData, row: ChartRow) -> str:
    """The moment from which on an account's gain is known; empty where that is the span's start."""
    translator = i18n.translator(data.spec.language)
    return translator.gettext("since {time}", time=translator.moment(row.since)) if row.since else ""


def figure(value: float | None, language: Language, *, signed: bool = False) -> str:
    """A figure of a column; signed figures above zero begin with a plus."""
    if value is None:
        return UNKNOWN
    return ("+" if signed and value > 0 else "") + short(value, language)


def total(name: LazyString) -> Column:
    """The column of totals."""
    return Column(name, lambda entry, language: figure(entry.row.total, language))


MEDIAN = Column(lazy_gettext("median"), lambda entry, language: figure(entry.median, language))
TOP = Column(lazy_gettext("top"), lambda entry, language: figure(entry.top, language))
GAINED = Column(lazy_gettext("gained"), lambda entry, language: figure(entry.row.total, language, signed=True))
POSTS = Column(LazyString("n", {}), lambda entry, _: str(len(entry.row.values)))
