"""How far the figures that are shown are from the true ones."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.simulate.growth import Floats, Integers
from tests.simulate.world import STEPS_A_DAY, World

POSTS = 100
"""The newest own posts that count."""
LEAST_TRUE = 10
FIGURES = ("median", "total", "q1", "q3", "top")
OUTSIDE = np.iinfo(np.int64).max
Flags = NDArray[np.bool_]


def newest(present: Flags) -> Flags:
    """Which posts (rows, the oldest first) are among the newest that count at each step (columns)."""
    newer = np.cumsum(present[::-1], axis=0)[::-1]
    return present & (newer <= POSTS)


def figures(counts: Integers, inside: Flags) -> Floats:
    """The figures (rows, as in FIGURES) at each step (columns) of the counts that are inside."""
    ordered = np.sort(np.where(inside, counts, OUTSIDE).T, axis=1)
    number = inside.sum(axis=0)
    total = np.where(inside, counts, 0).sum(axis=0)
    top = np.where(inside, counts, 0).max(axis=0, initial=0)
    return np.stack([_quantile(ordered, number, 0.5), total, _quantile(ordered, number, 0.25),
                     _quantile(ordered, number, 0.75), top])  # fmt: skip


def _quantile(ordered: Integers, number: Integers, share: float) -> Floats:
    """Between the two values beside the place, in proportion; 0 where there are none."""
    place = share * np.maximum(number - 1, 0)
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, np.maximum(number - 1, 0))
    row = np.arange(len(ordered))
    below, above = ordered[row, low], ordered[row, high]
    return np.where(number > 0, below + (above - below) * (place - low), 0)


def errors(shown: Floats, true: Floats) -> Floats:
    return np.abs(shown - true) / np.maximum(true, LEAST_TRUE)


@dataclass(frozen=True, slots=True)
class Errors:
    """The mean errors of a run: by account (rows) and figure (columns), and of how many steps each 95th percentile."""

    by_account: Floats
    p95: float
    kinds: tuple[str, ...]

    @classmethod
    def of(cls, wrong: Sequence[Floats], kinds: tuple[str, ...]) -> "Errors":
        """Of errors by account, figure and step, in parts."""
        charts = np.concatenate([part[:, :2].mean(axis=1) for part in wrong], axis=1)
        steps = [part.shape[2] for part in wrong]
        by_account = np.average([part.mean(axis=2) for part in wrong], axis=0, weights=steps)
        return cls(by_account, float(np.quantile(charts, 0.95)), kinds)

    @property
    def chart(self) -> Floats:
        """Of each account: the mean of the median's and the total's."""
        return np.asarray(self.by_account[:, :2].mean(axis=1))

    def by_kind(self) -> dict[str, float]:
        kinds = np.array(self.kinds)
        return {kind: float(self.chart[kinds == kind].mean()) for kind in dict.fromkeys(self.kinds)}


def true_figures(world: World, account: int, steps: Integers) -> Floats:
    """The figures (rows) of an account at each of these steps, which rise."""
    return np.concatenate([_of_day(world, account, day) for day in np.split(steps, _ends_of_days(steps))], axis=1)


def _ends_of_days(steps: Integers) -> Integers:
    return np.flatnonzero(np.diff(steps // STEPS_A_DAY)) + 1


def _of_day(world: World, account: int, steps: Integers) -> Floats:
    """The same for steps of one day."""
    first = int(steps[0])
    moments = steps / STEPS_A_DAY
    posts = world.posts_of(account)
    posts = posts[world.created[posts] <= moments[-1]]
    certain = (world.created[posts] <= moments[0]) & (world.deleted[posts] > moments[-1])
    posts = posts[np.cumsum(certain[::-1])[::-1] - certain < POSTS]
    created, deleted = world.created[posts, None], world.deleted[posts, None]
    table = world.table(posts, first, int(steps[-1]) - first + 1)[:, steps - first]
    return figures(table, newest((created <= moments) & (deleted > moments)))
