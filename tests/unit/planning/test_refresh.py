import numpy as np
import pytest

from pipeline.planning.columns import DAY_S, HOUR_S
from pipeline.planning.refresh import is_breakout, wait_s

AGES = np.array([0, HOUR_S - 1, HOUR_S, 6 * HOUR_S - 1, 6 * HOUR_S, DAY_S - 1, DAY_S, 30 * DAY_S])


@pytest.mark.parametrize(("tick_s", "waits"), [(10, [10, 60, 300, 1800]), (120, [120, 120, 300, 1800])])
def test_a_post_is_read_again_by_its_age_and_no_sooner_than_the_next_tick(tick_s: float, waits: list[float]) -> None:
    calm = np.zeros(len(AGES))
    assert wait_s(AGES, calm, calm, tick_s=tick_s).tolist() == [each for wait in waits for each in (wait, wait)]


def test_a_post_that_grows_fast_is_read_again_each_tick() -> None:
    growth, median = np.array([49, 50, 299, 300]), np.array([1, 1, 100, 100])
    assert is_breakout(growth, median).tolist() == [False, True, False, True]
    assert wait_s(np.full(4, 2 * DAY_S), growth, median, tick_s=10).tolist() == [1800, 10, 1800, 10]
