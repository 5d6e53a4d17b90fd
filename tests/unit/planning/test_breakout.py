"""When a post breaks out, against figures worked out by hand."""

import numpy as np
import pytest

from pipeline.planning.breakout import FALSE_A_MONTH, FURTHER_FALSE_A_MONTH, LEAST_COUNT, Usual, usual_of

DAY_S, HOUR_S = 86_400.0, 3_600.0


@pytest.mark.parametrize(
    ("spread", "hours", "needed"),
    [
        (0.4, 48, 480),  # 5 times the 24/25 of 100 that have come, since exp(2.935 x 0.402) is only 3.3
        (1.0, 48, 1_810),  # exp(2.935 x hypot(1, 0.9/25)) = 18.9 times these 96
        (0.4, 2, 293),  # half has come, so that the pace is uncertain: exp(2.935 x hypot(0.4, 0.45)) = 5.85 times 50
    ],
)
def test_what_a_post_needs_follows_from_the_spread_of_its_account_and_its_age(
    spread: float, hours: float, needed: float
) -> None:
    """One post a day: one in 600 posts may pass by chance, which is 2.935 standard deviations."""
    assert Usual(100, spread, 1.0).breakout_count(np.array([hours * HOUR_S]), 0.05) == pytest.approx([needed], rel=0.01)


def test_who_posts_more_needs_more_and_few_counts_are_no_breakout() -> None:
    ages = np.array([DAY_S])
    assert Usual(100, 1.0, 50).breakout_count(ages, FALSE_A_MONTH) > 2 * Usual(100, 1.0, 1).breakout_count(
        ages, FALSE_A_MONTH
    )
    assert Usual(1, 0.4, 1).breakout_count(ages, FALSE_A_MONTH) == [LEAST_COUNT]


def test_a_further_post_of_a_month_needs_more() -> None:
    """One in 10,000 posts a day may pass instead of one in 200: 3.72 deviations for 2.58."""
    ages, usual = np.array([100 * DAY_S]), Usual(100, 1.0, 1)
    first, further = (usual.breakout_count(ages, false) for false in (FALSE_A_MONTH, FURTHER_FALSE_A_MONTH))
    assert further / first == pytest.approx([np.exp(3.719 - 2.576)], rel=0.01)


def test_what_is_usual_is_told_by_settled_posts_alone() -> None:
    ages = np.concatenate([np.full(50, HOUR_S), np.arange(2.0, 27.0) * DAY_S])
    counts = np.concatenate([np.full(50, 100_000.0), np.linspace(90, 112, 25)])
    usual = usual_of(counts, ages)
    assert usual is not None
    assert usual.count == pytest.approx(102, abs=1)
    assert usual.spread == pytest.approx(0.4)
    assert usual.posts_per_day == pytest.approx(75 / 26, rel=0.01)
    assert usual_of(counts[:69], ages[:69]) is None
