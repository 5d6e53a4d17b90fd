"""Axes: their round numbers, and a scale that is linear near zero and logarithmic beyond, so that it shows zeros."""

from collections.abc import Callable
from dataclasses import dataclass
from math import floor, log10

from pipeline.records import Layout, Normalization

FIRST = 1
"""The end of the linear part of an axis of counts: the lowest count above zero."""
FINE = {Normalization.RATE: 100, Normalization.FOLLOWERS: 10_000}
"""The linear part of an axis of rates, which are often far below FIRST, ends so many times below its last decade.

Per 1,000 followers it does so further below: accounts of a hundred followers and of millions stand side by side.
"""


@dataclass(frozen=True, slots=True)
class Steps:
    """An endless series of round numbers: the marks times all powers of ten. A step is the index of one of them."""

    marks: tuple[int, ...]

    def value(self, step: int) -> float:
        power, mark = divmod(step, len(self.marks))
        decade: int = 10 ** abs(power)
        return self.marks[mark] * decade if power >= 0 else self.marks[mark] / decade

    def above(self, value: float) -> int:
        """The first step whose number is at least the value, which is above 0."""
        power = floor(log10(value) - log10(self.marks[0]))
        step = power * len(self.marks) - 1  # one lower, since the logarithm is rounded
        while self.value(step) < value:
            step += 1
        return step

    def below(self, value: float) -> int:
        """The last step whose number is at most the value, which is above 0."""
        step = self.above(value)
        return step if self.value(step) == value else step - 1


TENS = Steps((1,))
HALF_DECADES = Steps((1, 3))
"""1, 3, 10, 30: each is about half a decade above the one before."""
ROUND = Steps((1, 2, 5))
"""1, 2, 5, 10, 20: the steps of the ticks on linear axes."""
ENDS = Steps((10, 12, 15, 20, 25, 30, 40, 50, 60, 80))
"""1, 1.2, 1.5, 2, 2.5: the ends of linear axes, so near each other that little of an axis is empty."""


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis from low to high; low is 0 or one of HALVES, high one of HALVES.

    linear: the length of its linear part, in decades. unit: where it ends, a power of ten.
    """

    low: float
    high: float
    linear: float
    unit: float = FIRST

    def to_px(self, start: float, end: float) -> Callable[[float], float]:
        """The function from a value to its px, where low is at the start and high at the end."""
        unit, linear = self.unit, self.linear

        def decades(value: float) -> float:
            return value / unit * linear if value <= unit else linear + log10(value / unit)

        low = decades(self.low)
        stretch = (end - start) / (decades(self.high) - low)
        return lambda value: start + (decades(value) - low) * stretch

    def share(self, value: float) -> float:
        """How far along the axis a value lies: 0 at low, 1 at high."""
        return self.to_px(0, 1)(value)

    def ticks(self) -> list[float]:
        """0, the decades, and the ends of the axis."""
        decades = (TENS.value(power) for power in range(TENS.below(self.unit), TENS.below(self.high) + 1))
        return sorted({self.low, *(value for value in decades if value > self.low), self.high})

    def labels(self, size: Callable[[float], tuple[float, float]]) -> list[float]:
        """The ticks that are labelled: the ends, then the highest ones whose labels do not touch others.

        size: the middle and the length of a tick's label, in px.
        """
        low, *others, high = self.ticks()
        labelled: dict[float, tuple[float, float]] = {}
        for value in (high, low, *reversed(others)):
            middle, length = size(value)
            if all(abs(middle - other) >= (length + other_length) / 2 for other, other_length in labelled.values()):
                labelled[value] = middle, length
        return sorted(labelled)


def scale_of(layout: Layout, normalization: Normalization, linear: float) -> Scale:
    """The logarithmic axis of a layout."""
    fine = TENS.value(TENS.below(layout.high / FINE.get(normalization, 1)))
    return Scale(layout.low, layout.high, linear, min(fine, FIRST) if normalization in FINE else FIRST)
