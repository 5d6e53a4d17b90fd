"""A beeswarm: dots side by side instead of on top of each other, so that their crowd shows the density."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from math import inf

STRAY = 0.42
"""How far a dot may stray from its count, in grains: it still stands nearest to the whole number it means.

Where whole numbers lie closer than dots, it may stray by one dot.
"""
GOLDEN = 0.618034
"""Multiples of the golden section, modulo 1, fill an interval evenly however many there are."""
TRIES = 8


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

        Dots fill lanes from the middle line outwards. Equal counts that are more than the lanes hold stand in several
        columns, as wide as STRAY allows. Then dots give way by half a dot; what is still too many overlaps, evenly over
        the height.
        """
        lanes = self._lanes()
        ends = dict.fromkeys(lanes, -inf)
        sides = lanes, [-lane for lane in lanes]
        columns = chain.from_iterable(
            self._columns(value, amount, lanes) for value, amount in sorted(Counter(values).items())
        )
        return [self._lane(x, ends, sides[turn % 2], turn) for turn, x in enumerate(columns)]

    def _lanes(self) -> list[float]:
        steps = int(self.half / self.pitch)
        return sorted((step * self.pitch for step in range(-steps, steps + 1)), key=abs)

    def _columns(self, value: float, amount: int, lanes: Sequence[float]) -> Sequence[float]:
        """Where equal counts stand: in as few columns as hold them, each filled by its share."""
        middle = self.place(value)
        if amount == 1:
            return (middle,)
        slots = self._slots((middle,), lanes)
        if len(slots) < amount:
            slots = self._several(value, middle, amount, lanes)
        return [slots[turn * len(slots) // amount] for turn in range(amount)] if slots else [middle] * amount

    def _several(self, value: float, middle: float, amount: int, lanes: Sequence[float]) -> list[float]:
        slots: list[float] = []
        stray = min(max(self.place(value + STRAY * self.grain) - middle, self.pitch), self.stray)
        for columns in range(2, 2 + int(2 * stray / self.pitch)):
            slots = self._slots([middle + (turn - (columns - 1) / 2) * self.pitch for turn in range(columns)], lanes)
            if len(slots) >= amount:
                break
        return slots

    def _slots(self, columns: Sequence[float], lanes: Sequence[float]) -> list[float]:
        """Each column as often as it has lanes, which are sorted from the innermost."""
        taken = (bisect_left(lanes, self.clear(x), key=abs) for x in columns)
        return [x for x, inner in zip(columns, taken, strict=True) for _ in repeat(None, len(lanes) - inner)]

    def _lane(self, x: float, ends: dict[float, float], lanes: Sequence[float], turn: int) -> tuple[float, float]:
        """The innermost lane that is free at x, else the one that is free soonest within half a dot."""
        least, start = self.clear(x), x - self.pitch
        shift, chosen = self.pitch / 2, None
        for y in lanes:
            gap = ends[y] - start
            if gap <= 0:
                if abs(y) >= least:
                    ends[y] = x
                    return x, y
            elif gap < shift and abs(y) >= self.clear(x + gap):
                shift, chosen = gap, y
        if chosen is None:
            return x, self._overlapping(turn, least)
        ends[chosen] = x + shift
        return x + shift, chosen

    def _overlapping(self, turn: int, least: float) -> float:
        tries = (((turn + step) * GOLDEN % 1 * 2 - 1) * self.half for step in range(TRIES))
        first = next(tries)
        return first if abs(first) >= least else next((y for y in tries if abs(y) >= least), first)


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
        """Equal counts lie evenly to half the way to the next whole numbers, as far as each has a column's width."""
        middle, most = self.place(value), min(amount * self.column / 2, self.stray)
        start = max(self.place(value - self.grain / 2), middle - most)
        end = min(self.place(value + self.grain / 2), middle + most)
        if end - start <= self.column:
            yield int(middle // self.column), amount
            return
        for column in range(int(start // self.column), int(end // self.column) + 1):
            part = min(end, (column + 1) * self.column) - max(start, column * self.column)
            yield column, amount * part / (end - start)
