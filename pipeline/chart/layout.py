"""What stays where it is between two charts of one comparison: the ends of the axis and the order of the rows."""

from collections.abc import Sequence
from math import floor, log10

from pipeline.chart.scale import ceiling, fit
from pipeline.chart.standing import Standing, by_total, standings
from pipeline.records import ChartData, Layout, View

CLOSE = 1.05
"""How many times a median must be its neighbour's to pass it: smaller steps would only make the rows jump."""
ROUND = (1, 2, 5, 10)


def layout(data: ChartData) -> Layout:
    """The axis and the order that these data demand, as near to those of the chart before as is honest.

    A total's rank is exact, since a race that shows a wrong order is wrong; medians pass each other by CLOSE.
    """
    before = data.before if data.before and len(data.before.order) == len(data.rows) else None
    if data.look.view in {View.GROWTH, View.RACE}:
        ranked = by_total(data.rows)
        return Layout(0, _round_end(ranked, before), _order(ranked, before, 1))
    ranked = standings(data.rows)
    scale = fit([value for row in data.rows for value in row.values], 1)
    low, high = _steady_ends(scale.low, scale.high, before)
    return Layout(low, high, _order(ranked, before, CLOSE))


def _order(ranked: Sequence[Standing], before: Layout | None, close: float) -> tuple[int, ...]:
    """The places from the top: those before, but for neighbours of whom the lower one is far enough ahead."""
    if before is None:
        return tuple(standing.index for standing in ranked)
    values = {standing.index: standing.rank for standing in ranked}
    order = list(before.order)
    for end in range(1, len(order)):
        place = end
        while place and _passes(values[order[place]], values[order[place - 1]], close):
            order[place - 1], order[place] = order[place], order[place - 1]
            place -= 1
    return tuple(order)


def _passes(lower: float | None, upper: float | None, close: float) -> bool:
    """Whether the lower row is to stand above; one with nothing known never does."""
    if lower is None or upper is None:
        return upper is None and lower is not None
    return lower > upper * close


def _steady_ends(low: float, high: float, before: Layout | None) -> tuple[float, float]:
    """The axis grows at once, and shrinks where it would by more than one of its steps, a half of a decade."""
    if before is None:
        return low, high
    steady_high = before.high if high <= before.high <= ceiling(high + 1) else high
    steady_low = before.low if before.low <= low <= max(10 * before.low, 100) else low
    return steady_low, max(steady_high, 10, 10 * steady_low)


def _round_end(ranked: Sequence[Standing], before: Layout | None) -> float:
    """A round end of a linear axis, kept while the greatest total is more than a third of it."""
    greatest = max((standing.row.total or 0 for standing in ranked), default=0) or 1
    if before and before.low == 0 and greatest <= before.high <= 3 * greatest:
        return before.high
    decade: float = 10.0 ** floor(log10(greatest))
    return next(decade * step for step in ROUND if greatest <= decade * step)
