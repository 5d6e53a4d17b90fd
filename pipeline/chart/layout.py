"""What stays where it is between two charts of one comparison: the ends of the axis and the order of the rows.

All of it is the same again where the chart before was laid out from the same data.
"""

from collections.abc import Mapping, Sequence
from heapq import nlargest

from pipeline.chart.parts.scale import ENDS, HALF_DECADES, Steps
from pipeline.chart.ranking import by_median, by_total
from pipeline.records import ChartData, ChartRow, Layout, Normalization, View

CLOSE = 1.05
"""How many times a median must be another's to pass it: smaller differences would only make the rows jump."""
VISIBLE = {Normalization.COUNT: 1, Normalization.DAILY: 1, Normalization.RATE: 0.005}
"""By how much at least it must be greater."""
SHORTEST = {Normalization.COUNT: 10, Normalization.DAILY: 10, Normalization.RATE: 0.1}
"""The least end of a logarithmic axis."""
FAR_FROM_ZERO = 100
"""Where all counts are at least this, the axis starts below them instead of at zero."""
KEPT = {HALF_DECADES: 2, ENDS: 4}
"""An axis becomes shorter when one that is so many steps shorter is enough."""
DECADE = 10
ROWS_WITH_TOPS = 10
"""The spread writes the greatest count into each of so many rows, so that one far beyond all others needs no room."""
MANY = 10
"""Only where an account has so many posts is one of them an exception."""


def layout(data: ChartData) -> Layout:
    """The axis and the order that these data demand, as near to those of the chart before as is honest."""
    same = data.before and sorted(data.before.order) == list(range(len(data.rows)))
    before = data.before if same else None
    if data.spec.view in {View.GROWTH, View.RACE}:
        return _of_totals(data, before)
    return _of_posts(data, before)


def _of_totals(data: ChartData, before: Layout | None) -> Layout:
    """A standing must be true: totals are in exact order, and only equal ones in the order before."""
    ranked = by_total(data.rows)
    place = _places(before.order if before else [entry.index for entry in ranked])
    ranked.sort(key=lambda entry: (entry.row.total is None, -(entry.row.total or 0), place[entry.index]))
    reached = [value for row in data.rows for value in _totals(row)]
    low, high = min(reached, default=0), max(reached, default=0)
    was_low, was_high = _ends(before)
    return Layout(
        -_end(ENDS, -low, -was_low if was_low else None) if low < 0 else 0,
        _end(ENDS, high if high > 0 else 1, was_high),
        tuple(entry.index for entry in ranked),
    )


def _totals(row: ChartRow) -> list[float]:
    return [gained for _, gained in row.course] + ([] if row.total is None else [row.total])


def _of_posts(data: ChartData, before: Layout | None) -> Layout:
    least = min((min(row.values) for row in data.rows if row.values), default=0)
    was_low, was_high = _ends(before)
    low = _start(least, was_low)
    greatest = max(_greatest(data, before), SHORTEST[data.spec.normalization], DECADE * low)
    return Layout(low, _end(HALF_DECADES, greatest, was_high), _by_median(data, before))


def _by_median(data: ChartData, before: Layout | None) -> tuple[int, ...]:
    """The order before, but that whoever is clearly ahead of another stands above."""
    ranked = by_median(data.rows)
    exact = [entry.index for entry in ranked]
    medians = {entry.index: -1 if entry.median is None else entry.median for entry in ranked}
    return tuple(_settled(list(before.order), medians, VISIBLE[data.spec.normalization]) if before else exact)


def _settled(order: list[int], medians: Mapping[int, float], visible: float) -> list[int]:
    """From the top: of those that nobody left is clearly ahead of, the one that stood highest before."""
    settled = []
    while order:
        bar = max(medians[index] for index in order)
        chosen = next(index for index in order if not _ahead(bar, medians[index], visible))
        order.remove(chosen)
        settled.append(chosen)
    return settled


def _ahead(one: float, other: float, visible: float) -> bool:
    """Any median is ahead of none, which is -1."""
    return one > other * CLOSE and one >= other + visible


def _greatest(data: ChartData, before: Layout | None) -> float:
    """The greatest value that the axis must reach: of two the second, where the first is far beyond all others."""
    tops = [top for row in data.rows for top in nlargest(2, row.values)]
    greatest, second, *_ = [*nlargest(2, tops), 0, 0]
    shown = before is not None and greatest <= before.high
    far = DECADE * HALF_DECADES.marks[-1] if shown else DECADE
    lone = greatest > far * max(second, DECADE * SHORTEST[data.spec.normalization])
    return second if lone and _is_exception(data, greatest) else greatest


def _is_exception(data: ChartData, greatest: float) -> bool:
    """Whether the drawing can say it in words, and whether the post is one of many of its account."""
    told = data.spec.view is View.SPREAD and len(data.rows) <= ROWS_WITH_TOPS
    return told and any(len(row.values) >= MANY and max(row.values) == greatest for row in data.rows)


def _start(least: float, before: float | None) -> float:
    """Where a logarithmic axis starts: one step below the last for zero."""
    zero = HALF_DECADES.below(FAR_FROM_ZERO) - 1
    step, was = (HALF_DECADES.below(value) if value >= FAR_FROM_ZERO else zero for value in (least, before or 0))
    kept = was if before is not None and step - KEPT[HALF_DECADES] < was <= step else step
    return 0 if kept == zero else HALF_DECADES.value(kept)


def _end(steps: Steps, greatest: float, before: float | None) -> float:
    """The first step that is at least the greatest value, or the end before where that is not much longer."""
    step = steps.above(greatest)
    was = steps.above(before) if before is not None and before > 0 else step
    return steps.value(was if step <= was < step + KEPT[steps] else step)


def _ends(before: Layout | None) -> tuple[float | None, float | None]:
    return (before.low, before.high) if before else (None, None)


def _places(order: Sequence[int]) -> dict[int, int]:
    return {index: place for place, index in enumerate(order)}
