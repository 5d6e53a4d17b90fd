"""Measures a run of the planner itself: what its charts showed, when, against the truth."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from tests.simulate.accounts import DAYS, MEASURED_FROM
from tests.simulate.error import POSTS, Errors, errors, figures, true_figures
from tests.simulate.growth import Floats, Integers
from tests.simulate.world import STEPS_A_DAY, World
from tests.simulate.x import Bill, account_of

DAY_MINUTES = 24 * 60
MINUTES_A_STEP = DAY_MINUTES / STEPS_A_DAY
FIRST_STEP = MEASURED_FROM * STEPS_A_DAY


@dataclass
class Recorder:
    """The figures that were shown of each account, and from which step on."""

    world: World
    steps: list[list[int]] = field(init=False)
    figures: list[list[Floats]] = field(init=False)

    def __post_init__(self) -> None:
        self.steps = [[] for _ in self.world.kinds]
        self.figures = [[] for _ in self.world.kinds]

    def __call__(self, minute: int, remote_id: str, counts: Sequence[int]) -> None:
        account, column = account_of(remote_id), np.array(counts, dtype=np.int64)[:, None]
        self.steps[account].append(round(minute / MINUTES_A_STEP))
        self.figures[account].append(figures(column, np.ones_like(column, dtype=np.bool_))[:, 0])

    def errors(self) -> Errors:
        """The errors in each step of the measured days."""
        steps = np.arange(FIRST_STEP, DAYS * STEPS_A_DAY)
        wrong = np.stack([self._account_errors(account, steps) for account in range(len(self.world.kinds))])
        return Errors.of([wrong], self.world.kinds)

    def _account_errors(self, account: int, steps: Integers) -> Floats:
        last = np.searchsorted(self.steps[account], steps, side="right") - 1
        shown = np.array(self.figures[account])[last].T
        return errors(shown, true_figures(self.world, account, steps))


BREAKOUT_LEAST, BREAKOUT_TIMES, HOUR = 50, 3, STEPS_A_DAY // 24


@dataclass(frozen=True)
class Returns:
    """When X returned each post: steps and posts of all answers, by step."""

    world: World
    steps: Integers
    posts: Integers

    @classmethod
    def of(cls, world: World, bill: Bill) -> "Returns":
        steps = np.concatenate([np.full(len(posts), step) for step, posts in bill.answers])
        return cls(world, steps, np.concatenate([posts for _, posts in bill.answers]))

    def waits(self) -> Floats:
        """For each post made in the measured days but the last: the minutes until it was returned, or infinity.

        Posts that are deleted within a day are left out.
        """
        first = np.full(len(self.world.account), np.inf)
        np.minimum.at(first, self.posts, self.steps)
        created = self.world.created
        made = (created >= MEASURED_FROM) & (created < DAYS - 1) & (self.world.deleted > created + 1)
        return np.asarray(first[made] * MINUTES_A_STEP - created[made] * DAY_MINUTES)

    def breakouts(self) -> tuple[Floats, Floats]:
        """The minutes until a breakout was seen, of posts that were open that day already, and of the others.

        A breakout: an hour's growth of at least max(50, 3 x the account's median). Infinity: not until the end; those
        of the last 14 days are left out then.
        """
        waits: tuple[list[float], list[float]] = [], []
        for post, step in _breakouts(self.world):
            mine = self.steps[self.posts == post]
            seen = mine[mine >= step]
            is_open = bool(np.any((mine < step) & (mine // STEPS_A_DAY == step // STEPS_A_DAY)))
            wait = (float(seen[0]) - step) * MINUTES_A_STEP if len(seen) else np.inf
            if len(seen) or is_open or step < FIRST_STEP:
                waits[0 if is_open else 1].append(wait)
        return np.array(waits[0]), np.array(waits[1])

    def longest_unread(self) -> float:
        """The most days for which a post that counts, and was returned once, was not returned again."""
        longest = 0.0
        for day in range(MEASURED_FROM, DAYS):
            known = self.steps < day * STEPS_A_DAY
            last = np.full(len(self.world.account), -1)
            np.maximum.at(last, self.posts[known], self.steps[known])
            for account in range(len(self.world.kinds)):
                posts = self.world.posts_of(account)
                posts = posts[(self.world.created[posts] <= day) & (self.world.deleted[posts] > day)][-POSTS:]
                read = last[posts][last[posts] >= 0] / STEPS_A_DAY
                longest = max(longest, day - float(read.min(initial=day)))
        return longest


def _breakouts(world: World) -> Iterator[tuple[int, int]]:
    """Each post that breaks out, and the first step at which it does."""
    broken: set[int] = set()
    for account in range(len(world.kinds)):
        posts = world.posts_of(account)
        for day in range(1, DAYS):
            first = day * STEPS_A_DAY
            table = world.table(posts, first - HOUR, STEPS_A_DAY + HOUR)
            growth = table[:, HOUR:] - table[:, :-HOUR]
            candidates = np.flatnonzero(growth.max(axis=1) >= BREAKOUT_LEAST)
            if not len(candidates):
                continue
            median = true_figures(world, account, np.arange(first, first + STEPS_A_DAY))[0]
            for index in candidates.tolist():
                at = np.flatnonzero(growth[index] >= np.maximum(BREAKOUT_LEAST, BREAKOUT_TIMES * median))
                alive = world.deleted[posts[index]] * STEPS_A_DAY > first + STEPS_A_DAY
                if len(at) and alive and int(posts[index]) not in broken:
                    broken.add(int(posts[index]))
                    yield int(posts[index]), first + int(at[0])
