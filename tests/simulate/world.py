"""The truth of the simulation: posts, and their counts at any moment. A planner never sees it, only answers about it.

Moments are in days since the start, or in steps of 2 minutes since then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from tests.simulate.accounts import DAYS, MIXES, Course
from tests.simulate.growth import GROWTHS, Floats, Integers, Laws, draw_ages, draw_laws

STEPS_A_DAY = 720
STEPS = DAYS * STEPS_A_DAY
RESURRECTED_A_DAY = 1e-4
RISES_BY, RISES_SPREAD = 2, 0.8
DELETED_A_DAY, DELETED_ON_FIRST_DAY = 2e-4, 0.015
UNLIKED_A_DAY = 0.0003
OLD = 1.0
"""The age of a post that may rise again."""


@dataclass(frozen=True, eq=False)
class World:
    """All posts, by account and then by when they are made.

    account: an index into kinds. base: the count at step 0. laws: how each grows. keys, changes: by post x STEPS +
    step, how a count changes at that step.
    """

    kinds: tuple[str, ...]
    account: Integers
    created: Floats
    deleted: Floats
    laws: Laws
    base: Integers
    keys: Integers
    changes: Integers

    @cached_property
    def _sums(self) -> Integers:
        return np.concatenate([[0], np.cumsum(self.changes)])

    @cached_property
    def _before(self) -> Integers:
        """The sum of the changes of all posts before this one."""
        return self._sums[np.searchsorted(self.keys, np.arange(len(self.account)) * STEPS)]

    def count(self, posts: ArrayLike, steps: ArrayLike) -> Integers:
        """The true counts of posts at steps; both are broadcast."""
        posts = np.asarray(posts)
        place = np.searchsorted(self.keys, posts * STEPS + np.asarray(steps), side="right")
        return np.asarray(self.base[posts] + self._sums[place] - self._before[posts])

    def table(self, posts: Integers, first: int, steps: int) -> Integers:
        """The true counts of posts (rows) at each of so many steps from the first on (columns)."""
        low = np.searchsorted(self.keys, posts * STEPS + first, side="right")
        high = np.searchsorted(self.keys, posts * STEPS + first + steps - 1, side="right")
        lengths = high - low
        row = np.repeat(np.arange(len(posts)), lengths)
        place = np.arange(lengths.sum()) + np.repeat(low - np.cumsum(lengths) + lengths, lengths)
        cells = row * steps + self.keys[place] - posts[row] * STEPS - first
        grid = np.zeros(len(posts) * steps, dtype=np.int64)
        grid[cells] = self.changes[place]
        return self.count(posts, first)[:, None] + np.cumsum(grid.reshape(len(posts), steps), axis=1)

    def posts_of(self, account: int) -> Integers:
        return np.arange(*np.searchsorted(self.account, [account, account + 1]))


def make_world(mix: str, growth: str, seed: int) -> World:
    return world_of(MIXES[mix](seed), growth, seed)


def world_of(courses: Sequence[Course], growth: str, seed: int) -> World:
    """The world of these accounts."""
    account = np.repeat(np.arange(len(courses)), [len(course.created) for course in courses])
    created = np.concatenate([course.created for course in courses])
    rng = np.random.default_rng((seed, 1_000_000))
    laws = draw_laws(GROWTHS[growth], len(created), rng)
    counts = np.concatenate([course.counts for course in courses])
    post, moments = draw_ages(laws, counts, rng)
    risen, rises = _resurrections(counts, created, laws, rng)
    post, moments = np.concatenate([post, risen]), np.concatenate([created[post] + moments, rises])
    base, keys, changes = _changes(post, moments, len(created), rng)
    return World(
        tuple(course.kind.name for course in courses),
        account,
        created,
        _deletions(created, rng),
        laws,
        base,
        keys,
        changes,
    )


def _resurrections(counts: Integers, created: Floats, laws: Laws, rng: np.random.Generator) -> tuple[Integers, Floats]:
    """The events of old posts that rise again: they get about twice their final count once more, by the same law."""
    rises_at = np.maximum(created + OLD, 0) + rng.exponential(1 / RESURRECTED_A_DAY, len(created))
    risen = np.flatnonzero(rises_at < DAYS)
    factors = RISES_BY * np.exp(RISES_SPREAD * rng.standard_normal(len(risen)))
    post, ages = draw_ages(laws[risen], np.asarray(np.rint(counts[risen] * factors), dtype=np.int64), rng)
    return risen[post], rises_at[risen][post] + ages


def _changes(
    post: Integers, moments: Floats, posts: int, rng: np.random.Generator
) -> tuple[Integers, Integers, Integers]:
    """The counts at step 0, and by post x STEPS + step how they change afterwards. A like may be taken back."""
    back = np.maximum(moments, 0) + rng.exponential(1 / UNLIKED_A_DAY, len(moments))
    happens = np.concatenate([moments, back])
    step = np.ceil(np.clip(happens, 0, DAYS + 1) * STEPS_A_DAY).astype(np.int64)
    sign = np.repeat([1, -1], len(moments))
    both = np.concatenate([post, post])
    base = np.bincount(both[step == 0], weights=sign[step == 0], minlength=posts).astype(np.int64)
    inside = (step > 0) & (step < STEPS)
    keys, place = np.unique(both[inside] * STEPS + step[inside], return_inverse=True)
    return base, keys, np.bincount(place, weights=sign[inside], minlength=len(keys)).astype(np.int64)


def _deletions(created: Floats, rng: np.random.Generator) -> Floats:
    """When each post is deleted; infinite where that is after the end."""
    later = np.maximum(created, 0) + rng.exponential(1 / DELETED_A_DAY, len(created))
    on_first_day = (created > 0) & (rng.random(len(created)) < DELETED_ON_FIRST_DAY)
    deleted = np.where(on_first_day, created + rng.random(len(created)), later)
    return np.where(deleted < DAYS, deleted, np.inf)
