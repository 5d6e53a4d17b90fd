from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.planning.columns import DAY_S
from pipeline.planning.days_saved import FIRST_AGES, NIGHTS, TOMORROW, days_saved


def reached(age: float) -> float:
    return 1 - 1 / (1 + 12 * age)


def mean_reached(age: float) -> float:
    """The mean from an age on for a day: the integral of 1 - 1 / (1 + 12 a)."""
    return 1 - float(np.log((1 + 12 * (age + 1)) / (1 + 12 * age))) / 12


def gain(first: float, read: int, night: int, price: float) -> float:
    """How much less it costs to open a post on a night than to wait, all later nights decided in the best way."""

    @cache
    def costs(read: int, night: int) -> tuple[float, float]:
        if night == NIGHTS:
            return 0, 0
        open_now = price + TOMORROW * min(costs(night + 1, night + 1))
        wait = mean_reached(first + night) - reached(first + read) + TOMORROW * min(costs(read, night + 1))
        return open_now, wait

    open_now, wait = costs(read, night)
    return wait - open_now


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(FIRST_AGES.tolist()), st.integers(0, 20), st.integers(1, 12))
def test_at_this_price_opening_today_is_as_good_as_waiting(first: float, read: int, days: int) -> None:
    night = read + days - 1
    saved = days_saved(np.array([(first + read) * DAY_S]), np.array([float(days)]))[0]
    price = saved * (reached(first + night + 1) - reached(first + read))
    assert gain(first, read, night, price * 0.97) > 0
    assert gain(first, read, night, price * 1.15) < 0


@pytest.mark.parametrize("days", [1, 2, 3])
def test_even_growth_is_saved_for_half_of_the_days_and_one(days: int) -> None:
    saved = days_saved(np.array([20.5 * DAY_S]), np.array([float(days)]))[0]
    assert saved == pytest.approx((days + 1 - 1 / days) / 2, rel=0.15)


@pytest.mark.parametrize("days", range(1, 7))
def test_the_price_of_even_growth_is_where_two_rhythms_cost_the_same(days: int) -> None:
    """Read every k-th day, it costs (k-1)^2 / 2k x g of error and 1 / k openings a day."""
    price = (days + 1 - 1 / days) / 2 * days
    cost = [sum(day + 0.5 for day in range(k - 1)) / k + price / k for k in (days, days + 1)]
    assert cost[0] == pytest.approx(cost[1], abs=0.51 / days)
