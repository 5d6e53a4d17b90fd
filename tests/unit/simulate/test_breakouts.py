"""Each simulated account has at most one false alarm of a breakout a month, and their hits are noticed."""

from tests.simulate.breakouts import alarms_a_month, hits_noticed, usual_world
from tests.simulate.world import make_world


def test_no_account_has_two_false_alarms_a_month_and_hits_are_noticed() -> None:
    assert max(alarms_a_month(usual_world("base", 1))) < 2
    hits, minutes = hits_noticed(make_world("mixed", "base", 1))
    assert hits >= 5
    assert len(minutes) >= 0.8 * hits
