"""What others would do with the same money: today's reading, whole accounts in turn, the newest n of each account."""

from dataclasses import dataclass

import numpy as np

from tests.simulate.error import POSTS
from tests.simulate.ticket import DayPlan, View


@dataclass(frozen=True)
class Today:
    """Every post of every account, every day."""

    def plan(self, view: View, openings: float) -> DayPlan:  # noqa: ARG002
        return DayPlan(view.posts, np.ones(view.accounts, dtype=np.bool_))


@dataclass(frozen=True)
class NewestN:
    """Each new post at once, and the newest n of each account as the day begins. Its money is what n costs."""

    n: int

    def plan(self, view: View, openings: float) -> DayPlan:  # noqa: ARG002
        return DayPlan(view.posts[view.rank < self.n], np.ones(view.accounts, dtype=np.bool_))


@dataclass
class WholeInTurn:
    """Whole accounts, the one that waited longest first, as far as the day's money goes."""

    next: int = 0

    def plan(self, view: View, openings: float) -> DayPlan:
        asked = np.zeros(view.accounts, dtype=np.bool_)
        unseen = view.rates * view.missed
        stays = view.rank < POSTS - unseen[view.account]
        costs = np.bincount(view.account[stays], minlength=view.accounts) + np.minimum(unseen, POSTS) + view.rates
        for _ in range(view.accounts):
            if costs[self.next] > openings:
                break
            openings -= costs[self.next]
            asked[self.next] = True
            self.next = (self.next + 1) % view.accounts
        return DayPlan(view.posts[stays & asked[view.account]], asked)
