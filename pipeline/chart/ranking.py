"""Where each account stands, and the words that picture and caption share."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from statistics import median

from pipeline.chart.number_format import short
from pipeline.i18n import lazy_gettext, translator
from pipeline.records import ChartData, ChartRow, ChartSpec, Layout, LazyString, Normalization, Span, View

TITLES = {
    Normalization.COUNT: lazy_gettext("{metric} per post"),
    Normalization.RATE: lazy_gettext("{metric} per 1,000 views"),
    Normalization.DAILY: lazy_gettext("{metric} per day"),
}
HOUR = timedelta(hours=1)
FRESH = timedelta(hours=24)
TOTALS = {
    Normalization.COUNT: lazy_gettext("total"),
    Normalization.RATE: lazy_gettext("per 1k views"),
    Normalization.DAILY: lazy_gettext("per day"),
}
SPANS = {
    Span.HOUR: lazy_gettext("last hour"),
    Span.DAY: lazy_gettext("last 24 hours"),
    Span.WEEK: lazy_gettext("last 7 days"),
}


@dataclass(frozen=True, slots=True)
class RankedRow:
    """An account with its place in the comparison's own order; median and top are None where it has no posts.

    rank: what it is ranked by, its median or its total.
    """

    row: ChartRow
    index: int
    median: float | None
    top: float | None
    sort_value: float | None


def by_median(rows: Sequence[ChartRow]) -> list[RankedRow]:
    """The highest median first, equal medians by handle, accounts without posts last."""
    return _in_order(_entry(row, index, _median(row)) for index, row in enumerate(rows))


def by_total(rows: Sequence[ChartRow]) -> list[RankedRow]:
    """The highest total first, equal totals by handle, accounts without one last."""
    return _in_order(_entry(row, index, row.total) for index, row in enumerate(rows))


def ranked(data: ChartData, kept: Layout) -> list[RankedRow]:
    """The accounts in a layout's order."""
    found = by_total(data.rows) if data.spec.view in {View.GROWTH, View.RACE} else by_median(data.rows)
    by_index = {entry.index: entry for entry in found}
    return [by_index[index] for index in kept.order]


def _entry(row: ChartRow, index: int, sort_value: float | None) -> RankedRow:
    return RankedRow(row, index, _median(row), max(row.values, default=None), sort_value)


def _median(row: ChartRow) -> float | None:
    return median(row.values) if row.values else None


def _in_order(found: Iterable[RankedRow]) -> list[RankedRow]:
    return sorted(
        found, key=lambda each: (each.sort_value is None, -(each.sort_value or 0), each.row.handle.casefold())
    )


def read_at(data: ChartData, row: ChartRow) -> datetime:
    """When the row's figures were read: an account that is not read any more keeps its own time."""
    return row.read_at or data.as_of


def fresh(data: ChartData, row: ChartRow) -> list[bool]:
    """Whether each post was so young when its counts were read that they were still growing."""
    since = read_at(data, row) - FRESH
    return [time > since for time in row.times]


def handles(data: ChartData) -> tuple[str, ...]:
    """All names of a chart, among which a shortened one must stand for one alone."""
    return tuple(f"@{row.handle}" for row in data.rows)


def column(spec: ChartSpec) -> LazyString:
    """What the figures are that accounts are ranked by, as a column's name."""
    match spec.view:
        case View.GROWTH:
            return lazy_gettext("gained")
        case View.RACE:
            return TOTALS[spec.normalization]
        case _:
            return lazy_gettext("median")


def title(spec: ChartSpec) -> str:
    """What is measured."""
    gettext = translator(spec.language).gettext
    metric = translator(spec.language).metric(spec.metric).capitalize()
    if spec.view is View.GROWTH:
        return gettext("{metric} gained", metric=metric)
    if spec.view is View.RACE and spec.normalization is Normalization.COUNT:
        return gettext("{metric} in total", metric=metric)
    return gettext(TITLES[spec.normalization], metric=metric)


def extent(spec: ChartSpec) -> str:
    """What of: last 100 posts, and in growth since when."""
    gettext, ngettext = translator(spec.language).gettext, translator(spec.language).ngettext
    posts = ngettext("last post", "last {count:number} posts", spec.count)
    return f"{gettext(SPANS[spec.span])} · {posts}" if spec.view is View.GROWTH else posts


def figures(data: ChartData, entry: RankedRow) -> list[str]:
    """The median and the greatest count; nothing where there are no posts."""
    gettext, language = translator(data.spec.language).gettext, data.spec.language
    if entry.median is None or entry.top is None:
        return []
    return [
        gettext("median {number}", number=short(entry.median, language)),
        gettext("top {number}", number=short(entry.top, language)),
    ]


def within(data: ChartData, row: ChartRow) -> str:
    """In how short a time all posts of a figure per day were made, where older ones of that day are left out."""
    if data.spec.normalization is not Normalization.DAILY or len(row.times) < data.spec.count:
        return ""
    length = read_at(data, row) - row.times[-1]
    hours = max(ceil(length / HOUR), 1)
    return translator(data.spec.language).gettext("all within {hours} h", hours=hours) if length < FRESH else ""


def sample(entry: RankedRow) -> str:
    return f"n={len(entry.row.values)}"


def reason(data: ChartData, row: ChartRow) -> str:
    """What stands in the place of an account's posts, or of what they gained."""
    gettext = translator(data.spec.language).gettext
    return row.note or since(data, row) or (gettext("not known") if row.values else gettext("no posts"))


def since(data: ChartData, row: ChartRow) -> str:
    """From when on a growth is known, where that is not the span's start."""
    said = translator(data.spec.language)
    return said.gettext("since {time}", time=said.moment(row.since)) if row.since else ""
