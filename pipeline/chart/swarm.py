"""A beeswarm: dots side by side instead of on top of each other, so that their crowd shows the density."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf

STRAY = 0.42
"""How far a dot may stray from its count, in counts: it still stands nearest to the whole number it means.

Where whole numbers lie closer than dots, it may stray by one dot.
"""
GOLDEN = 0.618034
"""Multiples of the golden section, modulo 1, fill an interval evenly however many there are."""


@dataclass(frozen=True, slots=True)
class Swarm:
    """The room of a swarm, in px.

    place: where a count lies. half: how far dots may be from the middle line, and stray from their places.
    pitch: between two neighbouring dots.
    free: whether a dot may be at x, and y from the middle line; it keeps the median and the quartiles uncovered.
    """

    place: Callable[[float], float]
    half: float
    stray: float
    pitch: float
    free: Callable[[float, float], bool]

    def positions(self, values: Sequence[float]) -> list[tuple[float, float]]:
        """x, and y from the middle line, of each count, in ascending order of the counts.

        Dots fill lanes from the middle line outwards. Equal counts that are more than the lanes hold stand in several
        columns, as wide as STRAY allows. Then dots give way by half a dot; what is still too many overlaps, evenly over
        the height.
        """
        ends = dict.fromkeys(self._lanes(), -inf)
        columns = [x for value, amount in sorted(Counter(values).items()) for x in self._columns(value, amount)]
        return [self._lane(x, ends, turn) for turn, x in enumerate(columns)]

    def _lanes(self) -> list[float]:
        steps = int(self.half / self.pitch)
        return sorted((step * self.pitch for step in range(-steps, steps + 1)), key=abs)

    def _columns(self, value: float, amount: int) -> list[float]:
        """Where equal counts stand: in as few columns as hold them, each filled by its share."""
        middle = self.place(value)
        stray = min(max(self.place(value + STRAY) - middle, self.pitch), self.stray)
        most = 1 + int(2 * stray / self.pitch)
        slots: list[float] = []
        for columns in range(1, most + 1):
            slots = self._slots([middle + (turn - (columns - 1) / 2) * self.pitch for turn in range(columns)])
            if len(slots) >= amount:
                break
        return [slots[turn * len(slots) // amount] for turn in range(amount)] if slots else [middle] * amount

    def _slots(self, columns: Sequence[float]) -> list[float]:
        return [x for x in columns for lane in self._lanes() if self.free(x, lane)]

    def _lane(self, x: float, ends: dict[float, float], turn: int) -> tuple[float, float]:
        side = 1 if turn % 2 else -1
        shifts = {lane * side: max(ends[lane * side] + self.pitch - x, 0) for lane in ends}
        for y, shift in sorted(shifts.items(), key=lambda pair: pair[1]):
            if shift <= self.pitch / 2 and self.free(x + shift, y):
                ends[y] = x + shift
                return x + shift, y
        return x, self._overlapping(x, turn)

    def _overlapping(self, x: float, turn: int) -> float:
        tries = [((turn + step) * GOLDEN % 1 * 2 - 1) * self.half for step in range(8)]
        return next((y for y in tries if self.free(x, y)), tries[0])
