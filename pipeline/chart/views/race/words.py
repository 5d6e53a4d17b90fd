"""The words on a picture of the race."""

from collections.abc import Sequence

from pipeline.chart.number_format import short
from pipeline.chart.paint.typesetting import Style, width
from pipeline.chart.ranking import RankedRow
from pipeline.chart.wording import sample_size, within
from pipeline.i18n import lazy_gettext, translator
from pipeline.records import ChartData, Normalization

LEGENDS = {
    Normalization.COUNT: lazy_gettext("the sum of these posts"),
    Normalization.RATE: lazy_gettext("these posts together"),
    Normalization.DAILY: lazy_gettext("since the oldest of these posts, at least a day"),
}
MIN_RATIO = 1.1
"""A lead of at least so many times the second total is written as a ratio, a smaller one as a difference."""
USUAL_NUMBER = "8,888"
"""The bars leave at least this number's width, so that bars seldom become shorter when a number becomes longer."""


def number(data: ChartData, value: float) -> str:
    return short(value, data.spec.language)


def widest_number(data: ChartData, entries: Sequence[RankedRow], style: Style) -> float:
    """The width that the numbers need, in px."""
    numbers = (number(data, entry.sort_value) for entry in entries if entry.sort_value is not None)
    return max(width(text, style) for text in (USUAL_NUMBER, *numbers))


def remarks(data: ChartData, entry: RankedRow) -> list[str]:
    """How many posts the account has if fewer than asked for, within how many hours, and why its figures are old."""
    is_few = entry.sort_value is not None and len(entry.row.values) < data.spec.count
    return list(filter(None, [sample_size(entry) if is_few else "", within(data, entry.row), entry.row.note]))


def lead(data: ChartData, entries: Sequence[RankedRow]) -> str:
    """How far the first account is ahead of the second; empty where the figures of one are old, missing or zero."""
    pair = entries[:2]
    if len(pair) < len(("first", "second")) or any(entry.row.note or not entry.sort_value for entry in pair):
        return ""
    first, second = (entry.sort_value or 0 for entry in pair)
    gettext, other = translator(data.spec.language).gettext, f"@{pair[1].row.handle}"
    if first >= second * MIN_RATIO:
        return gettext("{number} times {other}", number=number(data, first / second), other=other)
    if number(data, first - second) == "0":
        return gettext("level with {other}", other=other)
    return gettext("{number} ahead of {other}", number=number(data, first - second), other=other)
