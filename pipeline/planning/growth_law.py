"""How a post's count grows with its age."""

import numpy as np

from pipeline.planning.columns import DAY_S, Floats

HALF_LIFE_S = 7_200.0
"""Half of a post's count is reached at this age: between the 80 min of Pfeffer, Matter and Sargsyan (ICWSM
2023) and the 1.2-3.8 h of 3,333 repost cascades (the #auspol set of behavioral-ds/evently)."""
PRIOR = 1.5
"""How much an account's usual count weighs against what was read of a post, in events."""
LATE_GROWTH = 0.0003
"""Share of its count by which an old post changes a day: resurrected or unliked. Assumed."""


def share_reached(age_s: Floats) -> Floats:
    """The share of a post's final count that it has at an age in seconds: F(a) = 1 - 1 / (1 + a / half-life)."""
    return 1 - 1 / (1 + np.maximum(age_s, 0) / HALF_LIFE_S)


def final_count(count: Floats, read_age_s: Floats, usual: Floats) -> Floats:
    """The count that a post is expected to reach: (count + prior) / (F(age when read) + prior / usual).

    The mean of a gamma posterior: events that come as a Poisson process of total `final`, whose prior is a gamma
    distribution of mean `usual` (the account's usual count) and shape `prior`.
    """
    return (count + PRIOR) / (share_reached(read_age_s) + PRIOR / np.maximum(usual, 1))


def expected_growth(count: Floats, read_age_s: Floats, age_s: Floats, usual: Floats) -> Floats:
    """By how much a post read at one age is expected to have changed at another, in counts.

    final x (F(age) - F(age when read)) + late growth x days between x count.
    """
    growth = final_count(count, read_age_s, usual) * (share_reached(age_s) - share_reached(read_age_s))
    return growth + LATE_GROWTH * np.maximum(age_s - read_age_s, 0) / DAY_S * count
