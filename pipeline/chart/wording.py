"""The words that the picture and its caption share."""

from datetime import datetime, timedelta
from math import ceil, floor
from typing import overload

from pipeline.chart.number_format import short
from pipeline.chart.prepared import Column
from pipeline.chart.ranking import RankedRow
from pipeline.i18n import SPANS, chart_translator, lazy_gettext, translator
from pipeline.records import ChartData, ChartRow, ChartSpec, Language, LazyString, Normalization

HOUR = timedelta(hours=1)
DAY = timedelta(hours=24)
WHOLE = 100
UNKNOWN = "–"
"""Stands in a column where an account has no figure."""
PER_POST = lazy_gettext("{metric} per post")
PER_VIEWS = lazy_gettext("{metric} per 1,000 views")
PER_FOLLOWERS = lazy_gettext("{metric} per 1,000 followers")
NOTHING = lazy_gettext("No {metric} on any of these posts")
TYPICALLY = lazy_gettext("a typical post gets {number} {metric}")
TYPICALLY_PER_VIEWS = lazy_gettext("a typical post gets {number} {metric} per 1,000 views")
TYPICALLY_PER_FOLLOWERS = lazy_gettext("a typical post gets {number} {metric} per 1,000 followers")
TYPICALLY_BRIEFLY = lazy_gettext("{number} {metric} per post")
FINDING_PER_VIEWS = lazy_gettext("{number} {metric} per 1,000 views")
FINDING_PER_FOLLOWERS = lazy_gettext("{number} {metric} per 1,000 followers")
TYPICALLY_NOTHING = lazy_gettext("A typical post gets no {metric}")


def title(template: LazyString, data: ChartData) -> str:
    """The template with the metric's noun as its {metric}."""
    gettext = translator(data.spec.language).gettext
    return gettext(template, metric=gettext(data.noun).capitalize())


def scope(spec: ChartSpec, *, with_span: bool) -> str:
    """Which posts are compared, as in last 100 posts; before that, if asked for, the span within which."""
    gettext, ngettext = translator(spec.language).gettext, translator(spec.language).ngettext
    posts = ngettext("last post", "last {count:number} posts", spec.count)
    return f"{gettext(SPANS[spec.span])} · {posts}" if with_span else posts


def replies(spec: ChartSpec) -> LazyString:
    """Whether replies to others are among the posts that are compared."""
    return lazy_gettext("with replies") if spec.replies else lazy_gettext("no replies")


def extent(data: ChartData, shown: range) -> str:
    """Which of all accounts are shown, by their indices, as in accounts 11–20 of 27; empty where all are."""
    if len(shown) == len(data.rows):
        return ""
    if len(shown) == 1:
        return translator(data.spec.language).gettext(
            "account {number} of {all}", number=shown.stop, all=len(data.rows)
        )
    return translator(data.spec.language).gettext(
        "accounts {first}–{last} of {all}", first=shown.start + 1, last=shown.stop, all=len(data.rows)
    )


def median_and_best(data: ChartData, entry: RankedRow) -> list[str]:
    """The median and the highest figure of the posts, in words; empty where there are no posts."""
    gettext, language = translator(data.spec.language).gettext, data.spec.language
    if entry.median is None or entry.top is None:
        return []
    return [
        gettext("median {number}", number=short(entry.median, language)),
        gettext("best {number}", number=short(entry.top, language)),
    ]


def sample_size(data: ChartData, row: ChartRow) -> str:
    """How many posts the account's figures are made of."""
    return translator(data.spec.language).ngettext("{count:number} post", "{count:number} posts", len(row.values))


def time(data: ChartData, pattern: str, moment: datetime) -> str:
    """The moment as an axis or a sentence of the picture has it, by Babel's pattern, in the chart's time zone."""
    return chart_translator(data.spec).local_time(moment, pattern)


def within(data: ChartData, row: ChartRow) -> str:
    """In how many hours the posts of a figure per day were made, where that is less than a day.

    The account then made more posts within the day than the chart is of, so that its true figure is higher.
    Empty for other figures, and where the account has fewer posts than the chart is of. Where replies are left out, it
    may have older posts that were not read.
    """
    is_of_all = not row.times or len(row.times) + row.left_out < data.spec.count
    if data.spec.normalization is not Normalization.DAILY or is_of_all:
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
    translator = chart_translator(data.spec)
    return translator.gettext("since {time}", time=translator.moment(row.since)) if row.since else ""


def best_new_post(data: ChartData, row: ChartRow) -> str:
    """The best post that the account made within the span, as a link to it (records.CAPTION_LINK); or nothing."""
    if row.best is None:
        return ""
    number = short(row.best.figure, data.spec.language)
    text = translator(data.spec.language).gettext("best new post {number}", number=number)
    return f"[{text}]({row.best.address})"


def followers(data: ChartData, row: ChartRow) -> str:
    """How many followers a figure per 1,000 of them is of, and the day on which that was told if it is long ago."""
    if row.followers is None or not row.values:
        return ""
    translator = chart_translator(data.spec)
    number = short(row.followers, data.spec.language)
    text = translator.ngettext("{number} follower", "{number} followers", row.followers, number=number)
    if row.followers_on is None:
        return text
    day = translator.short_day(row.followers_on, data.as_of)
    return translator.gettext("{followers} on {day}", followers=text, day=day)


def old_posts(data: ChartData, text: LazyString) -> list[str]:
    """The text with the {day} of the oldest figures, where that is long before the last reading; else nothing."""
    translator, days = chart_translator(data.spec), [row.oldest_on for row in data.rows if row.oldest_on]
    return [translator.gettext(text, day=translator.short_day(min(days), data.as_of))] if days else []


@overload
def whole(value: float) -> float: ...
@overload
def whole(value: float | None) -> float | None: ...
def whole(value: float | None) -> float | None:
    """A total, which has no decimals from WHOLE on; halves are rounded up."""
    return value if value is None or value < WHOLE else floor(value + 0.5)


def figure(value: float | None, language: Language, *, signed: bool = False) -> str:
    """A figure of a column; signed figures above zero begin with a plus."""
    if value is None:
        return UNKNOWN
    return ("+" if signed and value > 0 else "") + short(value, language)


def total(name: LazyString) -> Column:
    """The column of totals."""
    return Column(name, lambda entry, language: figure(whole(entry.row.total), language))


MEDIAN = Column(lazy_gettext("median"), lambda entry, language: figure(entry.median, language))
BEST = Column(lazy_gettext("best"), lambda entry, language: figure(entry.top, language))
GAINED = Column(lazy_gettext("gained"), lambda entry, language: figure(entry.row.total, language, signed=True))
POSTS = Column(lazy_gettext("posts"), lambda entry, _: str(len(entry.row.values)))
