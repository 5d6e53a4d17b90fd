"""How often posts of the simulated accounts seem to break out that do not, and how many of those that do are noticed.

`python -m tests.simulate.breakouts` prints both. False alarms are counted in a world in which no post gets more than
the usual spread of its account, so that each alarm is false. A hit is a post that ends with HIT_TIMES the median of its
account's posts before it, in a world that has such posts. A world has fewer days than breakout.MONTH, so that all
alarms of an account but its first one are tested as further ones.
"""

from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.planning.breakout import FALSE_A_MONTH, FURTHER_FALSE_A_MONTH, MONTH, Usual, usual_of
from pipeline.planning.columns import DAY_S
from pipeline.steps.post_alerts import OLDEST
from tests.simulate.accounts import DAYS, KINDS, TIMELINES, draw_mixed
from tests.simulate.growth import GROWTHS, Integers
from tests.simulate.world import STEPS, STEPS_A_DAY, World, make_world, world_of

NEWEST = 100
MEASURED_DAYS = DAYS - 3
MINUTES_A_STEP = 1440 // STEPS_A_DAY
STEP_S = 60 * MINUTES_A_STEP
OLDEST_STEPS = int(OLDEST.total_seconds()) // STEP_S
AGES = np.unique(np.concatenate([np.arange(1, 31), np.arange(35, OLDEST_STEPS, 5)]))
"""In steps: each of the first hour, then one in ten minutes."""
HIT_TIMES = 30


@dataclass(frozen=True)
class Tested:
    """A post. created: in days. usual: of its account's posts before it. counts: what it had at each of AGES."""

    account: int
    created: float
    usual: Usual
    counts: Integers

    @property
    def is_hit(self) -> bool:
        return bool(self.counts[-1] >= HIT_TIMES * self.usual.count)

    def alarm_minutes(self, false_a_month: float) -> float | None:
        """Its age at the first alarm; None where there is none."""
        alarms = np.flatnonzero(self.counts >= self.usual.breakout_count(AGES * float(STEP_S), false_a_month))
        return float(AGES[alarms[0]] * MINUTES_A_STEP) if len(alarms) else None


@dataclass(frozen=True)
class Alarm:
    """A post that seems to break out, and its age then."""

    post: Tested
    minutes: float

    @property
    def moment(self) -> float:
        """In days."""
        return self.post.created + self.minutes / 1440


def usual_world(growth: str, seed: int) -> World:
    """The mixed accounts without posts that get far more than usual."""
    return world_of(draw_mixed(seed, [replace(kind, hits=0.0) for kind in KINDS]), growth, seed)


def tested_posts(world: World) -> Iterator[Tested]:
    """The posts that are made during the simulation, of accounts of which it is known what is usual."""
    for account in range(len(world.kinds)):
        posts = world.posts_of(account)
        for index in np.flatnonzero((world.created[posts] >= 0) & (world.created[posts] < MEASURED_DAYS)).tolist():
            step = int(np.ceil(world.created[posts[index]] * STEPS_A_DAY))
            before = posts[:index][world.deleted[posts[:index]] * STEPS_A_DAY > step][-NEWEST:]
            ages_s = (step / STEPS_A_DAY - world.created[before]) * DAY_S
            usual = usual_of(world.count(before, step).astype(np.float64), ages_s) if len(before) else None
            if usual is not None:
                counts = world.count(posts[index], np.minimum(step + AGES, STEPS - 1))
                yield Tested(account, float(world.created[posts[index]]), usual, counts)


def alarms(tested: Sequence[Tested]) -> Iterator[Alarm]:
    """The alarms of posts: the first one of each account, and those that pass as further ones."""
    has_alarm = set()
    for alarm in sorted(_alarms(tested, FALSE_A_MONTH), key=lambda alarm: alarm.moment):
        if alarm.post.account not in has_alarm:
            has_alarm.add(alarm.post.account)
            yield alarm
        else:
            yield from _alarms([alarm.post], FURTHER_FALSE_A_MONTH)


def _alarms(tested: Sequence[Tested], false_a_month: float) -> Iterator[Alarm]:
    for post in tested:
        minutes = post.alarm_minutes(false_a_month)
        if minutes is not None:
            yield Alarm(post, minutes)


def alarms_a_month(world: World) -> list[float]:
    """By account: how many of its posts seem to break out in 30 days."""
    found = [alarm.post.account for alarm in alarms(list(tested_posts(world)))]
    counts = np.bincount(found, minlength=len(world.kinds)) * MONTH.days / MEASURED_DAYS
    return [float(count) for count in counts]


def hits_noticed(world: World) -> tuple[int, list[float]]:
    """How many hits there are, and after how many minutes each that is noticed is."""
    tested = list(tested_posts(world))
    return sum(post.is_hit for post in tested), [alarm.minutes for alarm in alarms(tested) if alarm.post.is_hit]


def report(seeds: Sequence[int]) -> Iterator[str]:
    for growth in GROWTHS:
        false = [each for seed in seeds for each in alarms_a_month(usual_world(growth, seed))]
        worst = f"{max(false) * MEASURED_DAYS / MONTH.days:.0f} in {MEASURED_DAYS} days of the worst account"
        yield f"{growth}: {np.mean(false):.3f} false alarms an account and month, {worst}"
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
