"""A run of a policy by the rule of X's bill alone: a post opened on a UTC day costs once and is exact until midnight.

Quick, since nothing is asked or stored. Each day at its first step the policy chooses the stored posts to open and the
accounts that are asked for new ones.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from math import inf
from typing import Protocol

import numpy as np

from tests.simulate.accounts import DAYS, MEASURED_FROM
from tests.simulate.error import POSTS, Errors, Flags, errors, figures, newest, true_figures
from tests.simulate.growth import Floats, Integers
from tests.simulate.world import STEPS_A_DAY, World

POST_USD = 0.005


@dataclass(frozen=True, slots=True)
class View:
    """What a policy knows as a day begins: each account's newest stored posts, by account, the oldest first.

    posts: their indices, by which they are opened. created, read_at: in days since the start. counts: as last read.
    rank: how many newer posts of the account are stored. missed: days since each account was last asked for
    new posts, 0 where that was until last night. rates: posts a day of each account, by its stored posts' times.
    """

    day: int
    accounts: int
    posts: Integers
    account: Integers
    created: Floats
    read_at: Floats
    counts: Integers
    rank: Integers
    rates: Floats
    missed: Floats


@dataclass(frozen=True, slots=True)
class DayPlan:
    """opened: posts to open, at once or when they are made. asked: the accounts asked for new posts, all day.

    caught_up: those that are asked once, as the day begins; births: how many new posts may be opened.
    """

    opened: Integers
    asked: Flags
    births: float = inf
    caught_up: Flags | None = None


class Policy(Protocol):
    def plan(self, view: View, openings: float) -> DayPlan:
        """What is opened today. openings: how many posts the day's money pays."""


@dataclass
class Run:
    """The state of a run. read_step: when a post was last read, -1 where it is not stored. gone: known as deleted.

    tick: the steps from one tick to the next; there is another one just before midnight.
    """

    world: World
    tick: int
    every: int
    bill: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        world = self.world
        alive = (world.created <= 0) & (world.deleted > 0)
        self.known = alive
        self.gone = np.zeros(len(alive), dtype=np.bool_)
        self.read_step = np.where(alive, 0, -1)
        self.shown = world.base.copy()
        self.asked_until = np.zeros(len(world.kinds))

    def day(self, day: int, policy: Policy, openings: float) -> Integers:
        """Spend a day; returns the step of the day at which each post was opened, STEPS_A_DAY where it was not."""
        opened_at = np.full(len(self.known), STEPS_A_DAY)
        plan = policy.plan(self.view(day), openings)
        opened_at[plan.opened] = np.maximum(self._steps(plan.opened, day), 0)
        births, steps = self._births(day, plan)
        opened_at[births] = steps
        self.bill.append(int((self.world.deleted[plan.opened] > day).sum()) + len(births))
        return opened_at

    def view(self, day: int) -> View:
        world = self.world
        posts = np.flatnonzero(self.known & ~self.gone)
        account = world.account[posts]
        ends = np.searchsorted(account, account, side="right")
        rank = ends - 1 - np.arange(len(posts))
        inside = rank < POSTS
        posts, account, rank = posts[inside], account[inside], rank[inside]
        created = world.created[posts]
        return View(
            day,
            len(world.kinds),
            posts,
            account,
            created,
            self.read_step[posts] / STEPS_A_DAY,
            self.shown[posts],
            rank,
            posting_rates(account, created, self.asked_until, len(world.kinds)),
            day - self.asked_until,
        )

    def _births(self, day: int, plan: DayPlan) -> tuple[Integers, Integers]:
        """The new posts that are opened today, and at which step of the day, the first ones first."""
        world = self.world
        new = np.flatnonzero(~self.known & (world.created > 0) & (world.created < day + 1) & (world.deleted > day))
        new = new[self._is_recent(new, day)]
        steps = np.maximum(self._steps(new, day), 0)
        caught_up = plan.asked if plan.caught_up is None else plan.caught_up | plan.asked
        asked = np.where(steps == 0, caught_up[world.account[new]], plan.asked[world.account[new]])
        new, steps = new[asked], steps[asked]
        exists = (world.deleted[new] > day + steps / STEPS_A_DAY) & (steps < STEPS_A_DAY)
        new, steps = new[exists], steps[exists]
        order = np.argsort(steps, kind="stable")
        new, steps = new[order], steps[order]
        paid = int(min(plan.births, len(new)))
        until = np.where(plan.asked, day + 1.0, np.where(caught_up, day, self.asked_until))
        for post in new[paid:][::-1]:
            until[world.account[post]] = world.created[post]
        self.asked_until = until
        return new[:paid], steps[:paid]

    def _is_recent(self, posts: Integers, day: int) -> Flags:
        """Whether each is among its account's newest posts as the day begins, or made later."""
        world = self.world
        before = np.bincount(world.account[world.created <= day], minlength=len(world.kinds))
        ends = np.searchsorted(world.account, np.arange(len(world.kinds))) + before
        return np.asarray(ends[world.account[posts]] - posts <= POSTS)

    def _steps(self, posts: Integers, day: int) -> Integers:
        """The step of the day at which each post may be seen first: that of the next tick."""
        made = np.ceil((self.world.created[posts] - day) * STEPS_A_DAY).astype(np.int64)
        ticks = np.minimum(-(-made // self.tick) * self.tick, STEPS_A_DAY - 1)
        return np.asarray(np.where(made < STEPS_A_DAY, ticks, made))

    def evaluate(self, day: int, opened_at: Integers) -> Floats:
        """The errors on a day: by account, figure and step."""
        return np.stack([self._account_day(account, day, opened_at) for account in range(len(self.world.kinds))])

    def close(self, day: int, opened_at: Integers) -> None:
        """Store what was read on the day."""
        opened = np.flatnonzero(opened_at < STEPS_A_DAY)
        world = self.world
        last = (day + 1) * STEPS_A_DAY - 1
        self.gone[opened] |= world.deleted[opened] <= last / STEPS_A_DAY
        self.known[opened] = True
        self.read_step[opened] = last
        self.shown[opened] = world.count(opened, last)

    def _account_day(self, account: int, day: int, opened_at: Integers) -> Floats:
        world = self.world
        posts = self._relevant(account, day, opened_at)
        steps = np.arange(0, STEPS_A_DAY, self.every)
        table = world.table(posts, day * STEPS_A_DAY, STEPS_A_DAY)
        deleted = world.deleted[posts, None]
        opened = opened_at[posts, None]
        refreshed = np.maximum(steps - steps % self.tick, opened)
        is_open = steps >= opened
        fresh = np.take_along_axis(table, np.minimum(refreshed, STEPS_A_DAY - 1), axis=1)
        counts = np.where(is_open, fresh, self.shown[posts, None])
        seen_gone = self.gone[posts, None] | (is_open & (deleted <= day + refreshed / STEPS_A_DAY))
        shown = figures(counts, newest((self.known[posts, None] | is_open) & ~seen_gone))
        return errors(shown, _true_of_day(self.world, self.every, account, day))

    def _relevant(self, account: int, day: int, opened_at: Integers) -> Integers:
        """The posts of an account that may be shown or true at any step of the day."""
        world = self.world
        posts = world.posts_of(account)
        posts = posts[world.created[posts] < day + 1]
        before = world.created[posts] <= day
        alive = before & (world.deleted[posts] >= day + 1)
        stays = self.known[posts] & ~self.gone[posts]
        stays &= (opened_at[posts] == STEPS_A_DAY) | (world.deleted[posts] >= day + 1)
        return posts[(_newer(alive) < POSTS) | (_newer(stays) < POSTS)]


def _newer(flags: Flags) -> Integers:
    return np.asarray(flags[::-1].cumsum()[::-1] - flags)


def posting_rates(account: Integers, created: Floats, asked_until: Floats, accounts: int) -> Floats:
    """Posts a day of each account, from the times of its stored posts: of the last 28 days that it was asked about.

    Where the stored posts do not reach as far back, of the days that they span.
    """
    since = asked_until[account] - created
    longest = np.zeros(accounts)
    np.maximum.at(longest, account, since)
    return np.asarray(np.bincount(account[since < DAYS], minlength=accounts) / np.clip(longest, 1, DAYS))


def run(world: World, policy: Policy, usd: float, *, every: int = 1, tick: int = 1) -> tuple[float, Errors]:
    """The dollars an account and day, and the errors, of a policy with so many dollars an account and day.

    every: the steps between two moments at which errors are taken. tick: those between two readings.
    """
    state = Run(world, tick, every)
    wrong = []
    for day in range(DAYS):
        opened_at = state.day(day, policy, usd / POST_USD * len(world.kinds))
        if day >= MEASURED_FROM:
            wrong.append(state.evaluate(day, opened_at))
        state.close(day, opened_at)
    spent = sum(state.bill[MEASURED_FROM:]) * POST_USD / (DAYS - MEASURED_FROM) / len(world.kinds)
    return spent, Errors.of(wrong, world.kinds)


@lru_cache(maxsize=10_000)
def _true_of_day(world: World, every: int, account: int, day: int) -> Floats:
    """The true figures, which the runs of all policies share."""
    return true_figures(world, account, np.arange(day * STEPS_A_DAY, (day + 1) * STEPS_A_DAY, every))
