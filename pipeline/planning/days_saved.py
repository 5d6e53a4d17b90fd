"""For how many days opening a post today saves the error of its growth: a dynamic program over its nights."""

from functools import cache

import numpy as np

from pipeline.planning.columns import DAY_S, Floats
from pipeline.planning.growth_law import share_reached

NIGHTS = 45
TOMORROW = 0.95
"""What a day's error counts beside that of the day before: a post may be deleted, or be outside the chart by then."""
FIRST_AGES = np.array([0.02, 0.06, 0.12, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.98])
"""Ages in days at a post's first midnight for which prices are tabulated."""
PRICES = np.geomspace(1e-7, NIGHTS, 180)
"""Prices of an opening that are tried, in days x the post's final count."""
MOMENTS = (np.arange(24) + 0.5) / 24
OLDEST = 25
"""Readings at a greater age, in days, are treated as of this age: growth is slow and even by then."""


def days_saved(read_age_s: Floats, days: Floats) -> Floats:
    """Days of the post's growth by tonight (since it was read) that opening it today saves, not only today.

    The price at which opening today costs as much as waiting for tomorrow, where all later nights are decided in the
    best way, / the growth by tonight. read_age_s: its age when it was read last; days: days_unread. For even growth
    it is about (days + 1 - 1 / days) / 2.
    """
    age = read_age_s / DAY_S
    first = np.searchsorted((FIRST_AGES[1:] + FIRST_AGES[:-1]) / 2, age % 1)
    read = np.minimum(age, OLDEST).astype(np.int64)
    tonight = np.minimum(read + days.astype(np.int64) - 1, NIGHTS - 1)
    saved: Floats = _table()[first, read, tonight]
    return saved


@cache
def _table() -> Floats:
    """The days saved by first age, night of the last reading, and night that is decided. Later nights come first.

    An open post costs a price and has no error for a day; another has the mean of the day's growth since its reading.
    """
    ages: Floats = FIRST_AGES[:, None] + np.arange(NIGHTS + 1, dtype=np.float64)
    reached = share_reached(ages * DAY_S)
    mean_of_day = share_reached((ages[:, :, None] + MOMENTS) * DAY_S).mean(axis=2)
    best = np.zeros((len(FIRST_AGES), NIGHTS, NIGHTS))
    cost = np.zeros((len(PRICES), len(FIRST_AGES), NIGHTS + 1))
    prices = PRICES[:, None, None]
    for night in reversed(range(NIGHTS)):
        read = slice(night + 1)
        wait = mean_of_day[:, night, None] - reached[:, read] + TOMORROW * cost[:, :, read]
        reading = prices + TOMORROW * cost[:, :, night + 1, None]
        grown = reached[:, night + 1, None] - reached[:, read]
        best[:, read, night] = np.where(reading <= wait, prices, 0).max(axis=0) / grown
        cost = np.minimum(reading, wait)
    return best
