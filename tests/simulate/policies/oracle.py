"""The best choice of what to open on which day, by what will truly happen: what no planner can reach.

For each post a dynamic program over the days chooses when it is opened; one price of an opening, the Lagrange
multiplier of the money, holds for all posts.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tests.simulate.accounts import DAYS, MEASURED_FROM
from tests.simulate.error import LEAST_TRUE, POSTS, Flags, newest
from tests.simulate.growth import Floats, Integers
from tests.simulate.ticket import POST_USD, DayPlan, View
from tests.simulate.world import STEPS, STEPS_A_DAY, World

SAMPLES = 12
"""Moments of each day at which the error of an unopened post is taken."""
EVERY = STEPS_A_DAY // SAMPLES
HALVINGS = 24
DEAREST = 1.0
Costs = NDArray[np.float32]


@dataclass
class Oracle:
    """usd: dollars an account and day that its openings may cost, mean over the measured days.

    costs: of unopened_costs. Errors add up in it, which they do not quite in a chart: so it is near the best, not it.
    """

    world: World
    costs: Costs
    usd: float
    schedule: Flags = field(init=False)

    def __post_init__(self) -> None:
        self.schedule = _affordable(self.world, self.costs, self.usd)

    def plan(self, view: View, openings: float) -> DayPlan:  # noqa: ARG002
        """Deleted posts are seen for nothing, since asking for them costs nothing."""
        deleted = view.posts[self.world.deleted[view.posts] <= view.day]
        opened = np.union1d(np.flatnonzero(self.schedule[:, view.day]), deleted)
        return DayPlan(opened, np.zeros(view.accounts, dtype=np.bool_))


def _affordable(world: World, costs: Costs, usd: float) -> Flags:
    """The days on which each post is opened, at the lowest price at which that is affordable."""
    low, high = 0.0, DEAREST
    most = usd / POST_USD * len(world.kinds) * (DAYS - MEASURED_FROM)
    best = _schedule(world, costs, high)
    for _ in range(HALVINGS):
        price = np.sqrt(max(low, 1e-9) * high)
        schedule = _schedule(world, costs, price)
        if schedule[:, MEASURED_FROM:].sum() <= most:
            high, best = price, schedule
        else:
            low = price
    return best


def _schedule(world: World, costs: Costs, price: float) -> Flags:
    """The cheapest days to open each post on. costs: by the day of the last opening + 1, day and post."""
    born = np.maximum(np.floor(world.created), 0)
    ahead = np.zeros((DAYS + 1, len(born)), dtype=np.float32)
    opens = np.zeros((DAYS, DAYS + 1, len(born)), dtype=np.bool_)
    for day in range(DAYS - 1, -1, -1):
        may = (born <= day) & (world.deleted > day)
        opened = np.where(may, price + ahead[day + 1], np.inf)
        unopened = costs[: day + 1, day] + ahead[: day + 1]
        opens[day, : day + 1] = opened < unopened
        ahead[: day + 1] = np.minimum(opened, unopened)
    return _follow(opens)


def _follow(opens: Flags) -> Flags:
    posts = np.arange(opens.shape[2])
    last = np.zeros(len(posts), dtype=np.int64)
    schedule = np.zeros((len(posts), DAYS), dtype=np.bool_)
    for day in range(DAYS):
        schedule[:, day] = opens[day, last, posts]
        last = np.where(schedule[:, day], day + 1, last)
    return schedule


def unopened_costs(world: World, *, in_place: bool) -> Costs:
    """The error of its account's chart, mean over a day, by each post that is not opened on it.

    By the day of its last opening + 1 (0: as known at first), the day, and the post. in_place: a post that is not known
    yet counts as the older one that is shown in its place, else as none: which is closer depends on the money.
    """
    return np.concatenate([_account_costs(world, each, in_place=in_place) for each in range(len(world.kinds))], axis=2)


def _account_costs(world: World, account: int, *, in_place: bool) -> Costs:
    """The costs of one account's posts.

    0.5 x the share of the total by which the count is wrong + 0.5 x half the gap beside the median, if it is on the
    wrong side of it, as a share of the median; 0 while the post does not count.
    """
    posts = world.posts_of(account)
    steps = np.arange(0, DAYS * STEPS_A_DAY, EVERY)
    true = world.count(posts[:, None], steps)
    created, deleted = world.created[posts, None], world.deleted[posts, None]
    inside = newest((created <= steps / STEPS_A_DAY) & (deleted > steps / STEPS_A_DAY))
    total = np.maximum(np.where(inside, true, 0).sum(axis=0), LEAST_TRUE)
    median, gap = _median_and_gap(true, inside)
    costs = np.zeros((DAYS + 1, DAYS, len(posts)), dtype=np.float32)
    for last, shown in enumerate(_shown(world, posts, in_place=in_place)):
        of_total = np.abs(true - shown[:, None]) / total
        crossed = (true > median) != (shown[:, None] > median)
        error = np.where(inside, of_total + crossed * gap / 2 / np.maximum(median, LEAST_TRUE), 0) / 2
        costs[last] = error.reshape(len(posts), DAYS, SAMPLES).mean(axis=2).T
    return costs


def _shown(world: World, posts: Integers, *, in_place: bool) -> list[Integers]:
    """The counts shown, by the day of the last opening + 1."""
    first = world.base[posts]
    if in_place:
        born = np.clip(np.ceil(world.created[posts] * STEPS_A_DAY), 0, STEPS - 1).astype(np.int64)
        place = np.arange(len(posts)) - POSTS
        displaced = np.where(place >= 0, world.count(posts[np.maximum(place, 0)], born), 0)
        first = np.where(world.created[posts] <= 0, first, displaced)
    return [first, *(world.count(posts, (day + 1) * STEPS_A_DAY - 1) for day in range(DAYS))]


def _median_and_gap(true: Integers, inside: Flags) -> tuple[Floats, Floats]:
    """The median at each step, and the distance between its two neighbours."""
    ordered = np.sort(np.where(inside, true, np.iinfo(np.int64).max), axis=0)
    number = inside.sum(axis=0)
    column = np.arange(true.shape[1])
    middle = [ordered[np.clip(place, 0, len(ordered) - 1), column] for place in ((number - 1) // 2, number // 2)]
    below = ordered[np.maximum((number - 1) // 2 - 1, 0), column]
    above = ordered[np.clip(np.minimum(number // 2 + 1, number - 1), 0, len(ordered) - 1), column]
    exists = number > 0
    return np.where(exists, (middle[0] + middle[1]) / 2, 0), np.where(exists, above - below, 0)
