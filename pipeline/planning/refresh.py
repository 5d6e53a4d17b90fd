"""How soon an opened post is read again, which costs nothing until midnight."""

import numpy as np

from pipeline.planning.columns import DAY_S, HOUR_S, Flags, Floats

AGES_S = (HOUR_S, 6 * HOUR_S, DAY_S)
WAITS_S = (0.0, 60.0, 300.0, 1800.0)
"""Seconds until a post is read again that is younger than each of AGES_S, and an older one; a tick at least."""
BREAKOUT_LEAST, BREAKOUT_TIMES = 50.0, 3.0


def wait_s(age_s: Floats, growth_per_hour: Floats, median: Floats, *, tick_s: float) -> Floats:
    """Seconds until each opened post is read again: by its age, and each tick while it grows fast (is_breakout)."""
    by_age = np.array(WAITS_S)[np.searchsorted(AGES_S, age_s, side="right")]
    return np.where(is_breakout(growth_per_hour, median), tick_s, np.maximum(by_age, tick_s))


def is_breakout(growth_per_hour: Floats, median: Floats) -> Flags:
    """Whether an hour of this growth would bring at least max(50, 3 x the median of the account's counts)."""
    return growth_per_hour >= np.maximum(BREAKOUT_LEAST, BREAKOUT_TIMES * median)
