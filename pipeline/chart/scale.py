"""Where a count lies on an axis that is linear up to 1 and logarithmic from there, so that zeros are in sight."""

from dataclasses import dataclass
from math import floor, log10

LINEAR = 0.35
"""The length from 0 to 1, in decades."""
FAR_FROM_ZERO = 100
"""Where all counts are at least this, the axis starts at the decade below them instead of at zero."""
HALF = 3
"""The round number nearest to half a decade."""


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis from low to high; both are 0, 10^k or 3 * 10^k."""

    low: int
    high: int

    def share(self, value: float) -> float:
        """How far along the axis a count lies: 0 at low, 1 at high."""
        start = _decades(self.low)
        return (_decades(value) - start) / (_decades(self.high) - start)

    def ticks(self) -> list[int]:
        """0, the decades, and the end of the axis."""
        decades = [10**power for power in range(int(log10(self.high)) + 1)]
        return sorted({0, *decades, self.high} - set(range(self.low)))


def _decades(value: float) -> float:
    return value * LINEAR if value <= 1 else LINEAR + log10(value)


def fit(least: int, greatest: int) -> Scale:
    """The axis for counts between these, rounded outwards so that small changes leave it as it is."""
    low = 0 if least < FAR_FROM_ZERO else _power(floor(log10(least)))
    return Scale(low, _ceiling(max(greatest, 10, low * 10)))


def _ceiling(value: int) -> int:
    decade = _power(floor(log10(value)))
    return next(decade * step for step in (1, HALF, 10) if value <= decade * step)


def _power(exponent: int) -> int:
    return int(10**exponent)
