"""The words on a picture of the race."""

from collections.abc import Sequence
from math import ceil

from pipeline import i18n
from pipeline.chart.number_format import short
from pipeline.chart.paint.typesetting import Style, width
from pipeline.chart.parts.frame import SEPARATOR
from pipeline.chart.ranking import RankedRow
from pipeline.chart.wording import DAY, HOUR, followers, sample_size, whole
from pipeline.i18n import lazy_gettext, translator
from pipeline.records import ChartData, ChartRow, Normalization

LEGENDS = {
    Normalization.COUNT: lazy_gettext("bar: all these posts together"),
    Normalization.RATE: lazy_gettext("bar: all these posts together"),
    Normalization.FOLLOWERS: lazy_gettext("bar: all these posts together"),
    Normalization.DAILY: lazy_gettext("bar: per day since the oldest post"),
}
BEST_PART = lazy_gettext("pale end: the best post")
WITHOUT_SHARE = {Normalization.RATE}
"""Rates of posts do not add up to the rate of all."""
PERIODS_DIFFER = 1.5
"""Totals of periods of which one is at least so many times as long as the other are not compared in words."""
MIN_RATIO = 1.1
"""A lead of at least so many times the second total is written as a ratio, a smaller one as a difference."""
USUAL_NUMBER = "8,888"
"""The bars leave at least this number's width, so that bars seldom become shorter when a number becomes longer."""


def legend(data: ChartData, entries: Sequence[RankedRow]) -> str:
    gettext = translator(data.spec.language).gettext
    best = [gettext(BEST_PART)] if any(best_share(data, entry) for entry in entries) else []
    return SEPARATOR.join([gettext(LEGENDS[data.spec.normalization]), *best])


def number(data: ChartData, value: float) -> str:
    return short(whole(value), data.spec.language)


def widest_number(data: ChartData, entries: Sequence[RankedRow], style: Style) -> float:
    """The width that the numbers need, in px."""
    numbers = (number(data, entry.sort_value) for entry in entries if entry.sort_value is not None)
    return max(width(text, style) for text in (USUAL_NUMBER, *numbers))


def best_share(data: ChartData, entry: RankedRow) -> float:
    """The share of the account's best post in its total, from 0 to 1; 0 where there is none, or but one post."""
    values = entry.row.values
    if data.spec.normalization in WITHOUT_SHARE or not entry.sort_value or len(values) == 1:
        return 0
    return max(values) / (sum(values) or 1)


def remarks(data: ChartData, entry: RankedRow, second: RankedRow | None) -> list[str]:
    """Of how many posts the total is, of what period, and more on it, the most important first.

    second: the account that this one is ahead of, where that is told.
    """
    if entry.sort_value is None or not entry.row.times:
        return []
    translator, share = i18n.translator(data.spec.language), best_share(data, entry)
    percent = translator.percent(share)
    best, ahead = translator.gettext("best post {share}", share=percent) if share else "", ""
    if second and is_by_one_post(data, entry, second):
        best = translator.gettext("ahead by one post: {share}", share=percent)
    elif second:
        ahead = lead(data, entry, second)
    note = entry.row.note or ""
    return list(filter(None, [_posts_in(data, entry.row), note, best, followers(data, entry.row), ahead]))


def is_by_one_post(data: ChartData, first: RankedRow, second: RankedRow) -> bool:
    """Whether the first account would not be ahead of the second one without its best post."""
    one, other = first.sort_value or 0, second.sort_value or 0
    is_ahead = number(data, one) != number(data, other) and one > other > 0
    return is_ahead and not second.row.note and one * (1 - best_share(data, first)) < other


def _posts_in(data: ChartData, row: ChartRow) -> str:
    """How many posts there are, and in how many days or hours until they were read they were made."""
    translator = i18n.translator(data.spec.language)
    posts, length = sample_size(data, row), data.read_at(row) - row.times[-1]
    days, hours = round(length / DAY), max(ceil(length / HOUR), 1)
    if length < DAY:
        return translator.gettext("{posts} in {hours} h", posts=posts, hours=hours)
    return translator.ngettext("{posts} in {count:number} day", "{posts} in {count:number} days", days, posts=posts)


def lead(data: ChartData, one: RankedRow, other: RankedRow) -> str:
    """How far an account is ahead of another; empty where that is not sure, or their periods differ."""
    first, second = one.sort_value, other.sort_value
    if not first or not second or one.row.note or other.row.note:
        return ""
    if data.spec.normalization is Normalization.COUNT and _periods_differ(data, one.row, other.row):
        return ""
    gettext, name = translator(data.spec.language).gettext, f"@{other.row.handle}"
    if number(data, first) == number(data, second) and first - second < 1:
        return gettext("level with {other}", other=name)
    if first >= second * MIN_RATIO:
        return gettext("{number} times {other}", number=number(data, first / second), other=name)
    return gettext("{number} ahead of {other}", number=number(data, first - second), other=name)


def _periods_differ(data: ChartData, *rows: ChartRow) -> bool:
    """Whether the posts of these accounts were made in periods of different lengths."""
    periods = [data.read_at(row) - row.times[-1] for row in rows]
    return max(periods) >= min(periods) * PERIODS_DIFFER
