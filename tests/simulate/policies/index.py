"""The planner's value index on its own, without its store: also as a planner that knows each post's true law."""

from dataclasses import dataclass, replace

import numpy as np

from pipeline.planning.columns import DAY_S, Outlooks, StoredPosts
from pipeline.planning.day import Day, start_day
from pipeline.planning.day_plan import spend_day
from pipeline.planning.growth_law import LATE_GROWTH, PRIOR
from pipeline.planning.posting_rate import expected_unseen, posting_rates
from tests.simulate.error import POSTS
from tests.simulate.growth import BY_LAW, DELAY_EXPONENT, LONGEST_DELAY, SHORTEST_DELAY, Floats, Integers, Laws
from tests.simulate.ticket import DayPlan, View
from tests.simulate.world import World

DELAYS = np.minimum(SHORTEST_DELAY * ((np.arange(20) + 0.5) / 20) ** (-1 / DELAY_EXPONENT), LONGEST_DELAY)
"""Of the events that follow another, in twentieths."""


@dataclass(frozen=True)
class Index:
    """The planner's arithmetic on what the view holds, by its own law of growth."""

    def plan(self, view: View, openings: float) -> DayPlan:
        order = np.lexsort((view.rank, view.account))
        now_s = view.day * DAY_S
        day = start_day(_posts(view, order), _outlooks(view, order), now_s=now_s, window=POSTS)
        plan = spend_day(self.foresee(day, view, view.posts[order]), openings)
        opened = view.posts[order][plan.open]
        return DayPlan(opened, plan.finds, openings - len(opened), plan.catches_up)

    def foresee(self, day: Day, view: View, posts: Integers) -> Day:  # noqa: ARG002
        return day


@dataclass(frozen=True)
class Law(Index):
    """The same with the true law of each post in place of the usual one; but not its final count, nor chance."""

    world: World

    def foresee(self, day: Day, view: View, posts: Integers) -> Day:
        laws = self.world.laws[posts]
        created = self.world.created[posts]
        read = day.posts.read_s / DAY_S - created
        then, tonight = share_reached(laws, read), share_reached(laws, view.day + 1 - created)
        usual = np.maximum(day.figures.median[day.posts.account], 1)
        will = (day.posts.count + PRIOR) / (then + PRIOR / usual)
        late = LATE_GROWTH * (view.day + 1 - created - read) * day.posts.count
        return replace(day, grown=will * (tonight - then) + late)


def share_reached(laws: Laws, ages: Floats) -> Floats:
    """The share of a post's final count at an age in days: of the events by law, and of those that follow one."""
    following = np.mean([laws.share(ages - delay) for delay in DELAYS], axis=0)
    return np.asarray(BY_LAW * laws.share(ages) + (1 - BY_LAW) * following)


def _posts(view: View, order: Integers) -> StoredPosts:
    return StoredPosts(
        view.account[order],
        view.created[order] * DAY_S,
        view.read_at[order] * DAY_S,
        view.counts[order].astype(np.float64),
    )


def _outlooks(view: View, order: Integers) -> Outlooks:
    asked_s = (view.day - view.missed) * DAY_S
    rates = posting_rates(view.account[order], view.created[order] * DAY_S, asked_s)
    return Outlooks(rates, expected_unseen(rates, asked_s, view.day * DAY_S), [[1]] * view.accounts)
