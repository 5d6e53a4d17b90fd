"""Where the posts of an account are drawn along the axis: a swarm of dots, or an outline of more posts than fit.

A dot stands at its own value as far as it can, and never where another count's dots would stand.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from math import ceil, inf

CLEARANCE = 1
"""At least from a dot to half the way to the next count, in px."""
DISCERNIBLE = 0.5
"""How far apart overlapping dots must be to be seen as several, in pitches; more dots than that coincide."""


def half_way(to_px: Callable[[float], float], value: float, grain: float) -> float:
    """From a value to half the way to the nearest other one, in px; 0 where the grain is 0."""
    middle = to_px(value)
    return min(to_px(value + grain) - middle, middle - to_px(value - grain)) / 2


@dataclass(frozen=True, slots=True)
class Swarm:
    """A swarm of dots around a middle line, in px.

    to_px: from a value to its px along the axis.
    half: the greatest distance of a dot from the middle line.
    stray: the greatest distance of a dot from its value along the axis.
    pitch: the distance of two neighbouring dots.
    clear: the least distance of a dot at x from the middle line, so that it covers neither median nor quartiles.
    grain: the difference of two neighbouring values: 1 for counts, 0 where any number may be a value.
    """

    to_px: Callable[[float], float]
    half: float
    stray: float
    pitch: float
    clear: Callable[[float], float]
    grain: float = 1

    def positions(self, values: Sequence[float]) -> list[tuple[float, float]]:
        """For each value, in ascending order, the x of its dot and its distance from the middle line.

        Each dot stands at its value, in the free lane nearest to the middle line. Where equal counts are more than the
        lanes hold, they stand in several columns, as far as each dot is nearer to its own count than to another one.
        Where they are still too many, dots overlap: in the lanes between, and equal counts evenly over the height.
        """
        lanes = self._lanes()
        ends = dict.fromkeys(lanes, -inf)
        sides = lanes, [-lane for lane in lanes]
        found: list[tuple[float, float]] = []
        for value, amount in sorted(Counter(values).items()):
            columns = self._columns(value, amount) if amount > 1 else [self.to_px(value)]
            slots = [x for x in columns for _ in repeat(None, self._capacity(x))] if amount > 1 else columns
            if amount <= len(slots):
                chosen = [slots[index * len(slots) // amount] for index in range(amount)]
                found += [self._in_lane(x, ends, sides[index % 2]) for index, x in enumerate(chosen, len(found))]
            else:
                found += self._evenly(columns, amount)
                ends = dict.fromkeys(lanes, columns[-1])
        return found

    def _lanes(self) -> list[float]:
        """The distances of the lanes from the middle line: lanes a pitch apart, outwards, then those between them."""
        steps = int(2 * self.half / self.pitch)
        between = sorted(range(-steps, steps + 1), key=lambda step: (step % 2, abs(step)))
        return [step * self.pitch / 2 for step in between]

    def _capacity(self, x: float) -> int:
        """How many dots fit above each other at x."""
        outermost, innermost = int(self.half / self.pitch), ceil(self.clear(x) / self.pitch)
        return max(2 * (outermost - innermost + 1), 0) if innermost else 2 * outermost + 1

    def _columns(self, value: float, amount: int) -> Sequence[float]:
        """The columns of equal counts: as few as hold them, or as many as fit."""
        middle = self.to_px(value)
        columns = [middle]
        if self._capacity(middle) >= amount:
            return columns
        reach = min(half_way(self.to_px, value, self.grain) - self.pitch / 2 - CLEARANCE, self.stray)
        for more in range(1, 1 + int(2 * max(reach, 0) / self.pitch)):
            columns = [middle + (index - more / 2) * self.pitch for index in range(more + 1)]
            if sum(map(self._capacity, columns)) >= amount:
                break
        return columns

    def _in_lane(self, x: float, ends: dict[float, float], lanes: Sequence[float]) -> tuple[float, float]:
        """Put a dot into the first lane that is free at x, else into the one with the most space.

        Where the median and the quartiles leave no lane, the dot is at the edge. ends: the last x of each lane.
        """
        least, start = self.clear(x), x - self.pitch
        chosen = None
        for y in lanes:
            if abs(y) >= least and (chosen is None or ends[y] < ends[chosen]):
                chosen = y
                if ends[y] <= start:
                    break
        if chosen is None:
            return x, self.half if lanes[-1] > 0 else -self.half
        ends[chosen] = x
        return x, chosen

    def _evenly(self, columns: Sequence[float], amount: int) -> list[tuple[float, float]]:
        """Spread equal counts evenly over the height of the columns.

        They stand beside the median if that leaves half of the height, otherwise behind it.
        """
        found = []
        for number, x in enumerate(columns):
            share = (number + 1) * amount // len(columns) - number * amount // len(columns)
            least = self.clear(x)
            inner = least if least < self.half / 2 else 0
            free = self.half - inner
            discernible = max(min(share, int(2 * free / (self.pitch * DISCERNIBLE))), 1)
            for index in range(share):
                y = (2 * (index * discernible // share) + 1) / discernible * free - free
                found.append((x, y + inner if y > 0 else y - inner))
        return found


@dataclass(frozen=True, slots=True)
class Outline:
    """The outline of more posts than fit as dots, in columns.

    to_px, half, stray, grain: as those of a Swarm. column: the width of a column, in px.
    """

    to_px: Callable[[float], float]
    half: float
    stray: float
    column: int
    grain: float = 1

    def heights(self, values: Sequence[float]) -> dict[int, float]:
        """By the number of each column how far it reaches from the middle line, in px; the fullest reaches half."""
        held: defaultdict[int, float] = defaultdict(float)
        for value, amount in Counter(values).items():
            for column, share in self._shares(value, amount):
                held[column] += share
        most = max(held.values(), default=1)
        return {column: max(self.half * share / most, self.column / 2) for column, share in sorted(held.items())}

    def _shares(self, value: float, amount: int) -> Iterator[tuple[int, float]]:
        """Spread equal counts evenly over the columns nearer to their value than to another one."""
        middle = self.to_px(value)
        free = half_way(self.to_px, value, self.grain) - self.column
        reach = min(amount * self.column / 2, free, self.stray)
        if reach <= self.column / 2:
            yield int(middle // self.column), amount
            return
        start, end = middle - reach, middle + reach
        for column in range(int(start // self.column), int(end // self.column) + 1):
            part = min(end, (column + 1) * self.column) - max(start, column * self.column)
            yield column, amount * part / (end - start)
