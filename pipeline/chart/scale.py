"""Where a count lies on an axis that is linear up to 1 and logarithmic from there, so that zeros are in sight."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from math import floor, log10

FAR_FROM_ZERO = 100
"""Where all counts are at least this, the axis starts at the decade below them instead of at zero."""
HALF = 3
"""The round number nearest to half a decade."""


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis from low to high; both are 0, 10^k or 3 * 10^k. linear: the length from 0 to 1, in decades."""

    low: int
    high: int
    linear: float

    def share(self, value: float) -> float:
        """How far along the axis a count lies: 0 at low, 1 at high."""
        start = self._decades(self.low)
        return (self._decades(value) - start) / (self._decades(self.high) - start)

    def ticks(self) -> list[int]:
        """0, the decades, and the end of the axis."""
        decades = [10**power for power in range(int(log10(self.high)) + 1)]
        return sorted(value for value in {0, *decades, self.high} if value >= self.low)

    def labels(self, size: Callable[[int], tuple[float, float]]) -> list[int]:
        """The ticks whose labels do not touch; size gives a label's middle and length in px. The ends come first."""
        low, *others, high = self.ticks()
        kept: dict[int, tuple[float, float]] = {}
        for value in (high, low, *reversed(others)):
            middle, length = size(value)
            if all(abs(middle - other) >= (length + taken) / 2 for other, taken in kept.values()):
                kept[value] = middle, length
        return sorted(kept)

    def _decades(self, value: float) -> float:
        return value * self.linear if value <= 1 else self.linear + log10(value)


def fit(values: Collection[int], linear: float) -> Scale:
    """The axis for these counts, rounded outwards so that small changes leave it as it is."""
    least, greatest = min(values, default=0), max(values, default=0)
    low = 0 if least < FAR_FROM_ZERO else _power(floor(log10(least)))
    return Scale(low, _ceiling(max(greatest, 10, low * 10)), linear)


def _ceiling(value: int) -> int:
    decade = _power(floor(log10(value)))
    return next(decade * step for step in (1, HALF, 10) if value <= decade * step)


def _power(exponent: int) -> int:
    return int(10**exponent)
