import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.planning.columns import DAY_S, HOUR_S
from pipeline.planning.growth_law import PRIOR, expected_growth, final_count, share_reached


def test_half_of_a_posts_count_is_reached_after_two_hours() -> None:
    assert share_reached(np.array([0, 2 * HOUR_S, 6 * HOUR_S])).tolist() == pytest.approx([0, 0.5, 0.75])


@pytest.mark.parametrize(("count", "age_h", "usual"), [(0, 0.2, 50), (3, 1, 50), (40, 6, 10), (200, 30, 60)])
def test_the_expected_final_count_is_the_mean_of_the_posterior(count: int, age_h: float, usual: float) -> None:
    age = age_h * HOUR_S
    final = np.linspace(1e-3, 3_000, 2_000_000)
    reached = 1 - 1 / (1 + age_h / 2)
    log_prior = (PRIOR - 1) * np.log(final) - final * PRIOR / usual
    log_chance = count * np.log(final * reached) - final * reached
    weight = np.exp(log_prior + log_chance - (log_prior + log_chance).max())
    direct = np.sum(final * weight) / np.sum(weight)
    assert final_count(np.array([count]), np.array([age]), np.array([usual]))[0] == pytest.approx(direct, rel=0.01)


@settings(deadline=None)
@given(st.floats(0, 1e5), st.floats(0, 30), st.floats(0, 30), st.floats(1, 1e4))
def test_growth_is_never_negative_and_grows_with_time(count: float, read: float, later: float, usual: float) -> None:
    ages = np.array([read, read + later, read + later + 1]) * DAY_S
    growth = [expected_growth(np.array([count]), ages[:1], age, np.array([usual]))[0] for age in ages]
    assert growth[0] == pytest.approx(0)
    assert growth[0] <= growth[1] < growth[2]
