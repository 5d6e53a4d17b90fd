"""How the counts of posts grow in the simulated world: when each like of a post comes. All times are in days."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
HOUR = 1 / 24
MINUTE = HOUR / 60
BY_LAW = 0.55
"""The share of the events that follow the law of the post itself; the others follow one of these."""
SHORTEST_DELAY, DELAY_EXPONENT, LONGEST_DELAY = 5 * MINUTE, 0.9, 3.0
TAIL_SPREAD, SHORTEST_TAIL, LONGEST_TAIL = 0.25, 0.4, 2.5


@dataclass(frozen=True, slots=True)
class Growth:
    """The laws that the posts of a world follow: a half-life is lognormal, a tail's exponent is normal."""

    half_life: float
    spread: float
    tail: float


GROWTHS = {
    "base": Growth(2 * HOUR, 0.9, 1.2),
    "fast": Growth(80 * MINUTE, 0.7, 1.6),
    "slow": Growth(4 * HOUR, 1.0, 0.7),
}


@dataclass(frozen=True, slots=True)
class Laws:
    """The law of each post: its half-life in days and the exponent of its tail."""

    half_life: Floats
    tail: Floats

    @property
    def tau(self) -> Floats:
        return self.half_life / (2 ** (1 / self.tail) - 1)

    def share(self, age: Floats) -> Floats:
        """The share of the events by law that have come at an age of so many days: 1 - (1 + age/tau)^-tail."""
        return 1 - (1 + np.maximum(age, 0) / self.tau) ** -self.tail

    def __getitem__(self, posts: Integers) -> "Laws":
        return Laws(self.half_life[posts], self.tail[posts])


def draw_laws(growth: Growth, posts: int, rng: np.random.Generator) -> Laws:
    half_life = growth.half_life * np.exp(growth.spread * rng.standard_normal(posts))
    tail = growth.tail + TAIL_SPREAD * rng.standard_normal(posts)
    return Laws(half_life, np.clip(tail, SHORTEST_TAIL, LONGEST_TAIL))


def draw_ages(laws: Laws, counts: Integers, rng: np.random.Generator) -> tuple[Integers, Floats]:
    """The events of posts with these final counts: the post of each, and the post's age when it comes.

    An event that follows another comes 5 minutes x U^(-1/0.9) after it, at most 3 days; which one it follows is drawn
    by a squared uniform number, so that few have many followers.
    """
    by_law = np.maximum(rng.binomial(counts, BY_LAW), np.minimum(counts, 1))
    first = np.concatenate([[0], np.cumsum(by_law)[:-1]]).astype(np.int64)
    leaders = np.repeat(np.arange(len(counts)), by_law)
    tau, tail = laws.tau[leaders], laws.tail[leaders]
    led = tau * ((1 - rng.random(len(leaders))) ** (-1 / tail) - 1)
    followers = np.repeat(np.arange(len(counts)), counts - by_law)
    chosen = first[followers] + (by_law[followers] * rng.random(len(followers)) ** 2).astype(np.int64)
    delays = SHORTEST_DELAY * (1 - rng.random(len(followers))) ** (-1 / DELAY_EXPONENT)
    ages = np.concatenate([led, led[chosen] + np.minimum(delays, LONGEST_DELAY)])
    return np.concatenate([leaders, followers]), ages
