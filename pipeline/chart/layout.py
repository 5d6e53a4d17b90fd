"""The layout of a chart: the ends of its axis and the order of its rows, which change as seldom as is honest.

A chart is drawn again and again. Its layout starts from the layout of the chart before, so that rows and axis do not
jump with every post. Where the data are equal, the layout is equal too.
"""

from collections.abc import Mapping, Sequence
from heapq import nlargest

from pipeline.chart.parts.scale import ENDS, HALF_DECADES, Steps
from pipeline.chart.ranking import by_median, by_total
from pipeline.records import ChartData, ChartRow, Layout, Normalization

CLOSE = 1.05
"""A median passes another one when it is at least so many times as high; smaller differences would make rows jump."""
VISIBLE = {Normalization.COUNT: 1, Normalization.DAILY: 1, Normalization.RATE: 0.005, Normalization.FOLLOWERS: 1e-6}
"""And when it is higher by at least this."""
SHORTEST = {Normalization.COUNT: 10, Normalization.DAILY: 10, Normalization.RATE: 0.1, Normalization.FOLLOWERS: 0.001}
"""The lowest end of a logarithmic axis. Where millions follow an account, a post is liked by few of each 1,000."""
FAR_FROM_ZERO = 100
"""Where all counts are at least this, the axis starts below the lowest count instead of at zero."""
KEPT = {HALF_DECADES: 2, ENDS: 4}
"""An axis becomes shorter when an end that is at least so many steps lower is enough."""
DECADE = 10
MANY = 10
"""Only where an account has so many posts can one of them be an exception."""


def of_totals(data: ChartData) -> Layout:
    """A linear axis that reaches all totals, and the accounts by total; equal totals keep the order before."""
    before, entries = _before(data), by_total(data.rows)
    position = _positions(before.order if before else [entry.index for entry in entries])
    entries.sort(key=lambda entry: (entry.row.total is None, -(entry.row.total or 0), position[entry.index]))
    reached = [value for row in data.rows for value in _totals(row)]
    low, high = min(reached, default=0), max(reached, default=0)
    low_before, high_before = _ends(before)
    return Layout(
        -_end(ENDS, -low, -low_before if low_before else None) if low < 0 else 0,
        _end(ENDS, high if high > 0 else 1, high_before),
        tuple(entry.index for entry in entries),
    )


def of_posts(data: ChartData) -> Layout:
    """A logarithmic axis that reaches all counts but one that is far higher than all others, and accounts by median.

    Pictures tell that one in words.
    """
    before = _before(data)
    lowest = min((min(row.values) for row in data.rows if row.values), default=0)
    low_before, high_before = _ends(before)
    low = _start(lowest, low_before)
    highest = max(_highest(data, before), SHORTEST[data.spec.normalization], DECADE * low)
    return Layout(low, _end(HALF_DECADES, highest, high_before), _by_median(data, before))


def _before(data: ChartData) -> Layout | None:
    """The layout before, unless it was of other rows."""
    is_usable = data.before and sorted(data.before.order) == list(range(len(data.rows)))
    return data.before if is_usable else None


def _totals(row: ChartRow) -> list[float]:
    return [gained for _, gained in row.gains] + ([] if row.total is None else [row.total])


def _by_median(data: ChartData, before: Layout | None) -> tuple[int, ...]:
    """The indices in the order before, except that an account clearly ahead of another stands above it."""
    entries = by_median(data.rows)
    if before is None:
        return tuple(entry.index for entry in entries)
    medians = {entry.index: -1 if entry.median is None else entry.median for entry in entries}
    return tuple(_settled(list(before.order), medians, VISIBLE[data.spec.normalization]))


def _settled(order: list[int], medians: Mapping[int, float], visible: float) -> list[int]:
    """From the top: of those that no remaining account is clearly ahead of, the one that stood highest before."""
    settled = []
    while order:
        highest = max(medians[index] for index in order)
        chosen = next(index for index in order if not _is_ahead(highest, medians[index], visible))
        order.remove(chosen)
        settled.append(chosen)
    return settled


def _is_ahead(one: float, other: float, visible: float) -> bool:
    """Any median is ahead of an unknown one, which is -1."""
    return one > other * CLOSE and one >= other + visible


def _highest(data: ChartData, before: Layout | None) -> float:
    """The highest count that the axis must reach: the second highest, where the highest is an exception.

    An exception that the axis reached before must be further from the second one than a new one, so that the axis
    does not alternate between two lengths.
    """
    tops = [top for row in data.rows for top in nlargest(2, row.values)]
    highest, second, *_ = [*nlargest(2, tops), 0, 0]
    was_reached = before is not None and highest <= before.high
    far = DECADE * HALF_DECADES.marks[-1] if was_reached else DECADE
    is_far = highest > far * max(second, DECADE * SHORTEST[data.spec.normalization])
    return second if is_far and _is_one_of_many(data, highest) else highest


def _is_one_of_many(data: ChartData, highest: float) -> bool:
    """Whether the post is one of many of its account."""
    return any(len(row.values) >= MANY and max(row.values) == highest for row in data.rows)


def _start(lowest: float, before: float | None) -> float:
    """The start of a logarithmic axis. Zero counts as the step below the first start above it."""
    zero = HALF_DECADES.below(FAR_FROM_ZERO) - 1
    step, step_before = (
        HALF_DECADES.below(value) if value >= FAR_FROM_ZERO else zero for value in (lowest, before or 0)
    )
    is_near = before is not None and step - KEPT[HALF_DECADES] < step_before <= step
    chosen = step_before if is_near else step
    return 0 if chosen == zero else HALF_DECADES.value(chosen)


def _end(steps: Steps, highest: float, before: float | None) -> float:
    """The first step that reaches the highest value, or the end before where that is not much higher."""
    step = steps.above(highest)
    step_before = steps.above(before) if before is not None and before > 0 else step
    return steps.value(step_before if step <= step_before < step + KEPT[steps] else step)


def _ends(before: Layout | None) -> tuple[float | None, float | None]:
    return (before.low, before.high) if before else (None, None)


def _positions(order: Sequence[int]) -> dict[int, int]:
    return {index: position for position, index in enumerate(order)}
