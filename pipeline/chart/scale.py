"""Where a count lies on an axis that is linear near zero and logarithmic from there, so that zeros are in sight."""

from collections.abc import Callable
from dataclasses import dataclass
from math import floor, log10

LINEAR_TO = 1
"""Where the axis becomes logarithmic: from the first count that is not zero."""


@dataclass(frozen=True, slots=True)
class Steps:
    """Round numbers in ascending order, each known by a whole number: the marks times the powers of ten."""

    marks: tuple[int, ...]

    def value(self, step: int) -> float:
        power, mark = divmod(step, len(self.marks))
        return self.marks[mark] * 10**power if power >= 0 else self.marks[mark] / 10**-power

    def above(self, value: float) -> int:
        """The first step that is at least the value, which is above 0."""
        step = floor(log10(value)) * len(self.marks) - 1  # one too low rather than to trust a logarithm's last digit
        while self.value(step) < value:
            step += 1
        return step

    def below(self, value: float) -> int:
        """The last step that is at most the value, which is above 0."""
        step = self.above(value)
        return step if self.value(step) == value else step - 1


HALVES = Steps((1, 3))
"""1, 3, 10, 30: about half a decade from each to the next."""
ROUND = Steps((1, 2, 5))
"""1, 2, 5, 10, 20: the ends of linear axes."""


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis from low to high; low is 0 or one of HALVES, high one of HALVES.

    linear: the length of its linear part, in decades. It ends at LINEAR_TO, or at a tenth of a shorter axis: rates are
    often far below 1.
    """

    low: float
    high: float
    linear: float

    @property
    def unit(self) -> float:
        """Where the linear part ends."""
        decade = HALVES.below(self.high) // len(HALVES.marks)
        return min(LINEAR_TO, HALVES.value((decade - 1) * len(HALVES.marks)))

    def placed(self, start: float, end: float) -> Callable[[float], float]:
        """Says where a value lies when low is drawn at the start and high at the end."""
        unit, linear = self.unit, self.linear

        def decades(value: float) -> float:
            return value / unit * linear if value <= unit else linear + log10(value / unit)

        low = decades(self.low)
        stretch = (end - start) / (decades(self.high) - low)
        return lambda value: start + (decades(value) - low) * stretch

    def share(self, value: float) -> float:
        """How far along the axis a value lies: 0 at low, 1 at high."""
        return self.placed(0, 1)(value)

    def ticks(self) -> list[float]:
        """0, the decades, and the ends of the axis."""
        first, last = (HALVES.below(value) // len(HALVES.marks) for value in (self.unit, self.high))
        decades = (HALVES.value(power * len(HALVES.marks)) for power in range(first, last + 1))
        return sorted({self.low, *(value for value in decades if value > self.low), self.high})

    def labels(self, size: Callable[[float], tuple[float, float]]) -> list[float]:
        """The ticks whose labels do not touch; size gives a label's middle and length in px. The ends come first."""
        low, *others, high = self.ticks()
        kept: dict[float, tuple[float, float]] = {}
        for value in (high, low, *reversed(others)):
            middle, length = size(value)
            if all(abs(middle - other) >= (length + taken) / 2 for other, taken in kept.values()):
                kept[value] = middle, length
        return sorted(kept)
