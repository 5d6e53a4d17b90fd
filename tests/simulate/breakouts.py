"""How often posts of the simulated accounts seem to break out that do not, and how many of those that do are noticed.

`python -m tests.simulate.breakouts` prints both. False alarms are counted in a world in which no post gets more than
the usual spread of its account, so that each alarm is false. A hit is a post that ends with HIT_TIMES the median of its
account's posts before it, in a world that has such posts.
"""

from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.planning.breakout import Usual, usual_of
from pipeline.planning.columns import DAY_S
from pipeline.steps.post_alerts import OLDEST
from tests.simulate.accounts import DAYS, KINDS, TIMELINES, draw_mixed
from tests.simulate.growth import GROWTHS, Integers
from tests.simulate.world import STEPS, STEPS_A_DAY, World, make_world, world_of

NEWEST = 100
MONTH = 30
MINUTES_A_STEP = 1440 // STEPS_A_DAY
STEP_S = 60 * MINUTES_A_STEP
OLDEST_STEPS = int(OLDEST.total_seconds()) // STEP_S
AGES = np.unique(np.concatenate([np.arange(1, 31), np.arange(35, OLDEST_STEPS, 5)]))
"""In steps: each of the first hour, then one in ten minutes."""
HIT_TIMES = 30


@dataclass(frozen=True)
class Tested:
    """A post. usual: of its account's posts before it. counts: what it had at each of AGES."""

    account: int
    post: int
    usual: Usual
    counts: Integers

    @property
    def alarm_minutes(self) -> float | None:
        """Its age at the first alarm; None where there is none."""
        alarms = np.flatnonzero(self.counts >= self.usual.breakout_count(AGES * float(STEP_S)))
        return float(AGES[alarms[0]] * MINUTES_A_STEP) if len(alarms) else None


def usual_world(growth: str, seed: int) -> World:
    """The mixed accounts without posts that get far more than usual."""
    return world_of(draw_mixed(seed, [replace(kind, hits=0.0) for kind in KINDS]), growth, seed)


def tested_posts(world: World) -> Iterator[Tested]:
    """The posts that are made during the simulation, of accounts of which it is known what is usual."""
    for account in range(len(world.kinds)):
        posts = world.posts_of(account)
        for index in np.flatnonzero((world.created[posts] >= 0) & (world.created[posts] < DAYS - 3)).tolist():
            step = int(np.ceil(world.created[posts[index]] * STEPS_A_DAY))
            before = posts[:index][world.deleted[posts[:index]] * STEPS_A_DAY > step][-NEWEST:]
            ages_s = (step / STEPS_A_DAY - world.created[before]) * DAY_S
            usual = usual_of(world.count(before, step).astype(np.float64), ages_s) if len(before) else None
            if usual is not None:
                counts = world.count(posts[index], np.minimum(step + AGES, STEPS - 1))
                yield Tested(account, int(posts[index]), usual, counts)


def alarms_a_month(world: World) -> list[float]:
    """By account: how many of its posts seem to break out in 30 days."""
    alarms = [post.account for post in tested_posts(world) if post.alarm_minutes is not None]
    counts = np.bincount(alarms, minlength=len(world.kinds)) * MONTH / (DAYS - 3)
    return [float(count) for count in counts]


def hits_noticed(world: World) -> tuple[int, list[float]]:
    """How many hits there are, and after how many minutes each that is noticed is."""
    hits = [post for post in tested_posts(world) if post.counts[-1] >= HIT_TIMES * post.usual.count]
    return len(hits), [minutes for post in hits if (minutes := post.alarm_minutes) is not None]


def report(seeds: Sequence[int]) -> Iterator[str]:
    for growth in GROWTHS:
        false = [each for seed in seeds for each in alarms_a_month(usual_world(growth, seed))]
        yield f"{growth}: {np.mean(false):.3f} false alarms an account and month, {max(false):.1f} of the worst account"
        found = [hits_noticed(make_world("mixed", growth, seed)) for seed in seeds]
        minutes = [each for _, noticed in found for each in noticed]
        hits = sum(count for count, _ in found)
        yield f"{growth}: {len(minutes)} of {hits} hits noticed, half of them within {np.median(minutes):.0f} minutes"
    if TIMELINES.is_file():
        real = [each for seed in seeds for each in alarms_a_month(make_world("real", "base", seed))]
        yield f"real timelines: {np.mean(real):.3f} alarms an account and month, true or false; at most {max(real):.1f}"


if __name__ == "__main__":
    parser = ArgumentParser(prog="python -m tests.simulate.breakouts")
    parser.add_argument("--seed", type=int, nargs="+", default=(1, 2, 3))
    for line in report(parser.parse_args().seed):
        print(line, flush=True)
