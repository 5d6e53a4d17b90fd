"""Where each account stands, and the words that picture and caption share."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from pipeline.chart.numbers import short
from pipeline.language import speech, text
from pipeline.records import Basis, ChartData, ChartRow, Look, Span, View

TITLES = {
    Basis.COUNT: text("{metric} per post"),
    Basis.RATE: text("{metric} per 1,000 views"),
    Basis.DAILY: text("{metric} per day"),
}
SPANS = {Span.HOUR: text("last hour"), Span.DAY: text("last 24 hours"), Span.WEEK: text("last 7 days")}


@dataclass(frozen=True, slots=True)
class Standing:
    """An account with its place in the comparison's own order; median and top are None where it has no posts."""

    row: ChartRow
    index: int
    median: float | None
    top: float | None


def standings(rows: Sequence[ChartRow]) -> list[Standing]:
    """The highest median first, equal medians by handle, accounts without posts last."""
    found = [
        Standing(row, index, median(row.values) if row.values else None, max(row.values, default=None))
        for index, row in enumerate(rows)
    ]
    return sorted(found, key=_rank)


def by_total(rows: Sequence[ChartRow]) -> list[Standing]:
    """The highest total first, equal totals by handle, accounts without one last."""
    return sorted(standings(rows), key=lambda standing: _order(standing.row.total, standing.row.handle))


def _rank(standing: Standing) -> tuple[bool, float, str]:
    return _order(standing.median, standing.row.handle)


def _order(value: float | None, handle: str) -> tuple[bool, float, str]:
    return value is None, -(value or 0), handle.casefold()


def title(look: Look) -> str:
    """What is measured."""
    say = speech(look.language).say
    metric = speech(look.language).metric(look.metric).capitalize()
    if look.view is View.GROWTH:
        return say("{metric} gained", metric=metric)
    if look.view is View.RACE and look.basis is Basis.COUNT:
        return say("{metric} in total", metric=metric)
    return say(TITLES[look.basis], metric=metric)


def extent(look: Look) -> str:
    """What of: last 100 posts, and in growth since when."""
    say = speech(look.language).say
    posts = say("last {count} posts", count=short(look.count, look.language)) if look.count > 1 else say("last post")
    return f"{say(SPANS[look.span])} · {posts}" if look.view is View.GROWTH else posts


def figures(data: ChartData, standing: Standing) -> list[str]:
    """The median and the greatest count; nothing where there are no posts."""
    say, language = speech(data.look.language).say, data.look.language
    if standing.median is None or standing.top is None:
        return []
    return [
        say("median {number}", number=short(standing.median, language)),
        say("top {number}", number=short(standing.top, language)),
    ]


def sample(standing: Standing) -> str:
    return f"n={len(standing.row.values)}"


def reason(data: ChartData, row: ChartRow) -> str:
    """What stands in the place of an account's posts."""
    return row.note or speech(data.look.language).say("no posts")
