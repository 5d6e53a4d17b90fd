"""A beeswarm: dots above each other where they belong, and side by side only where that is no other count's place."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from math import ceil, inf

APART = 1
"""From a dot to half the way to the next count, at least, in px."""
SEEN = 0.5
"""How far from each other dots that overlap must be, in pitches, to be seen as several; more of them coincide."""


def half_way(place: Callable[[float], float], value: float, grain: float) -> float:
    """From a count to half the way to the nearest other one, in px; nothing where any number may be one."""
    middle = place(value)
    return min(place(value + grain) - middle, middle - place(value - grain)) / 2


@dataclass(frozen=True, slots=True)
class Swarm:
    """The room of a swarm, in px.

    place: where a count lies. half: how far dots may be from the middle line, and stray from their places.
    pitch: between two neighbouring dots.
    clear: how far from the middle line a dot at x must at least be, to keep the median and the quartiles uncovered.
    grain: how far counts lie apart at least, 0 where they may be any number.
    """

    place: Callable[[float], float]
    half: float
    stray: float
    pitch: float
    clear: Callable[[float], float]
    grain: float = 1

    def positions(self, values: Sequence[float]) -> list[tuple[float, float]]:
        """x, and y from the middle line, of each count, in ascending order of the counts.

        Each dot stands at its count, in the free lane nearest to the middle line. Equal counts that are more than the
        lanes hold stand in several columns, as far as each dot is nearer to its count than to any other. What is still
        too many overlaps: in the lanes between, and equal counts evenly over the height.
        """
        lanes = self._lanes()
        ends = dict.fromkeys(lanes, -inf)
        sides = lanes, [-lane for lane in lanes]
        found: list[tuple[float, float]] = []
        for value, amount in sorted(Counter(values).items()):
            columns = self._columns(value, amount) if amount > 1 else [self.place(value)]
            slots = [x for x in columns for _ in repeat(None, self._held(x))] if amount > 1 else columns
            if amount <= len(slots):
                chosen = [slots[turn * len(slots) // amount] for turn in range(amount)]
                found += [self._lane(x, ends, sides[turn % 2]) for turn, x in enumerate(chosen, len(found))]
            else:
                found += self._evenly(columns, amount)
                ends = dict.fromkeys(lanes, columns[-1])
        return found

    def _lanes(self) -> list[float]:
        """Those that are a dot apart, from the middle line outwards, then those between them."""
        steps = int(2 * self.half / self.pitch)
        between = sorted(range(-steps, steps + 1), key=lambda step: (step % 2, abs(step)))
        return [step * self.pitch / 2 for step in between]

    def _held(self, x: float) -> int:
        """How many dots have room above each other at x."""
        outermost, innermost = int(self.half / self.pitch), ceil(self.clear(x) / self.pitch)
        return max(2 * (outermost - innermost + 1), 0) if innermost else 2 * outermost + 1

    def _columns(self, value: float, amount: int) -> Sequence[float]:
        """Where equal counts stand: in as few columns as hold them, if there is room for so many."""
        middle = self.place(value)
        columns = [middle]
        if self._held(middle) >= amount:
            return columns
        room = min(half_way(self.place, value, self.grain) - self.pitch / 2 - APART, self.stray)
        for more in range(1, 1 + int(2 * max(room, 0) / self.pitch)):
            columns = [middle + (turn - more / 2) * self.pitch for turn in range(more + 1)]
            if sum(map(self._held, columns)) >= amount:
                break
        return columns

    def _lane(self, x: float, ends: dict[float, float], lanes: Sequence[float]) -> tuple[float, float]:
        """The first lane that is free at x, else the one that has the most room; the edge where none is clear."""
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
        """Over the whole height, each column by its share; behind the median where that leaves little beside it."""
        found = []
        for number, x in enumerate(columns):
            share = (number + 1) * amount // len(columns) - number * amount // len(columns)
            least = self.clear(x)
            inner = least if least < self.half / 2 else 0
            free = self.half - inner
            seen = max(min(share, int(2 * free / (self.pitch * SEEN))), 1)
            for turn in range(share):
                y = (2 * (turn * seen // share) + 1) / seen * free - free
                found.append((x, y + inner if y > 0 else y - inner))
        return found


@dataclass(frozen=True, slots=True)
class Crowd:
    """The outline of more posts than dots have room for, in columns.

    place, half, stray, grain: as a swarm's. column: the width of a column in px.
    """

    place: Callable[[float], float]
    half: float
    stray: float
    column: int
    grain: float = 1

    def heights(self, values: Sequence[float]) -> dict[int, float]:
        """How far each column, by its number, reaches from the middle line; the fullest does over the half."""
        held: defaultdict[int, float] = defaultdict(float)
        for value, amount in Counter(values).items():
            for column, share in self._shares(value, amount):
                held[column] += share
        most = max(held.values(), default=1)
        return {column: max(self.half * share / most, self.column / 2) for column, share in sorted(held.items())}

    def _shares(self, value: float, amount: int) -> Iterator[tuple[int, float]]:
        """Equal counts lie evenly nearer to their place than to any other's, as far as each has a column's width."""
        middle = self.place(value)
        apart = half_way(self.place, value, self.grain) - self.column
        reach = min(amount * self.column / 2, apart, self.stray)
        if reach <= self.column / 2:
            yield int(middle // self.column), amount
            return
        start, end = middle - reach, middle + reach
        for column in range(int(start // self.column), int(end // self.column) + 1):
            part = min(end, (column + 1) * self.column) - max(start, column * self.column)
            yield column, amount * part / (end - start)
