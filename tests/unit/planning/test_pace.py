import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.planning.pace import LEAST, SPARE, intervals_s

rates = st.lists(st.floats(0, 100), min_size=1, max_size=50).map(np.array)


@settings(deadline=None)
@given(rates, st.floats(0.01, 20))
def test_all_requests_but_the_spare_ones_are_used_and_no_more(rates: np.ndarray, requests_per_s: float) -> None:
    waits = intervals_s(rates, tick_s=10, requests_per_s=requests_per_s)
    allowed = min(requests_per_s * (1 - SPARE), len(rates) / 10)
    assert np.isclose(np.sum(1 / waits), allowed)
    assert (waits >= 10).all()


@settings(deadline=None)
@given(rates, st.floats(0.01, 20))
def test_whoever_is_not_asked_each_tick_waits_by_the_square_root_of_its_rate(
    rates: np.ndarray, requests_per_s: float
) -> None:
    waits = intervals_s(rates, tick_s=10, requests_per_s=requests_per_s)
    slow = waits > 10 * (1 + 1e-9)
    scale = (waits * np.sqrt(np.maximum(rates, LEAST)))[slow]
    assert np.allclose(scale, scale[:1])


def test_an_account_of_four_times_the_posts_is_asked_twice_as_often() -> None:
    waits = intervals_s(np.array([4.0, 16.0]), tick_s=1, requests_per_s=0.1)
    assert np.isclose(waits[0], 2 * waits[1])
