"""The simple rule: open what is twice as old as at its last reading, or not read for 14 days."""

from dataclasses import dataclass

import numpy as np

from tests.simulate.ticket import DayPlan, View

LONGEST_WAIT = 14
TONIGHT = 1.0
"""Ages are those at the day's end, since what is opened is read until then."""


@dataclass(frozen=True)
class Simple:
    """Births first; then the most overdue posts, as far as the day's money goes."""

    ratio: float = 2
    is_limited: bool = True

    def plan(self, view: View, openings: float) -> DayPlan:
        now = float(view.day)
        ratio = np.log((now + TONIGHT - view.created) / (view.read_at - view.created)) / np.log(self.ratio)
        overdue = np.maximum(ratio, (now + TONIGHT - view.read_at) / LONGEST_WAIT)
        asked = np.ones(view.accounts, dtype=np.bool_)
        if not self.is_limited:
            return DayPlan(view.posts[overdue >= 1], asked)
        order = np.argsort(-overdue)[: max(0, int(openings - (view.rates * (view.missed + 1)).sum()))]
        return DayPlan(view.posts[order], asked, openings - len(order))
