"""The figures of each account that charts show, and how far one post moves them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.planning.columns import Floats, Ints

ERROR_FLOOR = 10.0
"""An error is relative to the figure, but to no less than this count."""
NEIGHBOURHOOD = 0.06
"""The distance between posts around a quantile is taken over this share of the posts on each side of it."""


@dataclass(frozen=True, slots=True)
class Quantile:
    """By account: value: the quantile of its counts. gap: the distance between the posts around it."""

    value: Floats
    gap: Floats


@dataclass(frozen=True, slots=True)
class AccountFigures:
    """By account: the total and the quartiles of the counts of its posts."""

    total: Floats
    first_quartile: Quantile
    middle: Quantile
    third_quartile: Quantile

    @property
    def median(self) -> Floats:
        return self.middle.value


def account_figures(account: Ints, count: Floats, accounts: int) -> AccountFigures:
    """The figures of each account; zeros for one without posts. account: rising indices of accounts."""
    ordered = np.append(count[np.lexsort((count, account))], 0.0)
    starts, size = np.searchsorted(account, np.arange(accounts)), np.bincount(account, minlength=accounts)
    total = np.bincount(account, count, accounts).astype(np.float64)
    return AccountFigures(total, *(_quantile(ordered, starts, size, share) for share in (0.25, 0.5, 0.75)))


def _quantile(ordered: Floats, starts: Ints, size: Ints, share: float) -> Quantile:
    around, place = np.maximum(1, np.round(size * NEIGHBOURHOOD)), share * (size - 1)
    spread = _at(ordered, starts, size, place + around) - _at(ordered, starts, size, place - around)
    return Quantile(_at(ordered, starts, size, place), spread / (2 * around))


def _at(ordered: Floats, starts: Ints, size: Ints, index: NDArray[np.floating]) -> Floats:
    """The value at an index of each account's ordered counts, which may lie between two of them."""
    last = np.maximum(size - 1, 0)
    within = np.clip(index, 0, last)
    low = np.floor(within).astype(np.int64)
    end = len(ordered) - 1
    below = ordered[np.minimum(starts + low, end)]
    above = ordered[np.minimum(starts + np.minimum(low + 1, last), end)]
    value: Floats = np.where(size > 0, below + (above - below) * (within - low), 0)
    return value
