"""The simulated accounts have at most one false alarm of a breakout a month, and their hits are noticed."""

import numpy as np

from tests.simulate.breakouts import alarms_a_month, hits_noticed, usual_world
from tests.simulate.world import make_world


def test_false_alarms_are_rarer_than_one_an_account_and_month_and_hits_are_noticed() -> None:
    assert np.mean(alarms_a_month(usual_world("base", 1))) <= 1
    hits, minutes = hits_noticed(make_world("mixed", "base", 1))
    assert hits >= 5
    assert len(minutes) >= 0.8 * hits
