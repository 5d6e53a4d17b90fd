"""All runs on one world: each policy at each of its budgets."""

import gc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np

from tests.simulate import ours, ticket
from tests.simulate.accounts import DAYS, MEASURED_FROM
from tests.simulate.error import FIGURES, Errors
from tests.simulate.measure import DAY_MINUTES, Recorder, Returns
from tests.simulate.policies.index import Law
from tests.simulate.policies.oracle import Oracle, unopened_costs
from tests.simulate.policies.peers import NewestN, Today, WholeInTurn
from tests.simulate.policies.simple import Simple
from tests.simulate.ticket import Policy
from tests.simulate.world import STEPS_A_DAY, World, make_world
from tests.simulate.x import START, SimulatedX

EVERY = 5
"""The errors of the policies other than ours, whose figures change slowly, are taken in every so many steps."""
STEP_MINUTES = DAY_MINUTES // STEPS_A_DAY
NAMES_USD = 0.01 / 7
"""A weekly look-up of each account's name. Ours pays it from its budget; so do the others."""
BUDGETS = {
    "mixed": (0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.075, 0.10, 0.15, 0.20, 0.30, 0.50),
    "fleet": (0.01, 0.02, 0.03, 0.04, 0.06, 0.10),
    "real": (0.002, 0.004, 0.008, 0.015, 0.03, 0.06, 0.1, 0.2, 0.38),
}
"""Dollars an account and day."""
RARELY = 200_000, 50, 50
"""When garbage is collected: a fifth of the time is saved."""
ALL_SPENT = 0.95
"""Who spends a smaller part of the money needs no more of it."""
OURS = {"mixed": (0.20, 0.105, 0.07, 0.05, 0.03, 0.02), "fleet": (0.04, 0.02), "real": (0.008, 0.03)}
NEWEST = (0, 1, 2, 3, 4, 6, 8, 11, 15, 20, 27, 35, 45, 60, 80)


@dataclass(frozen=True, slots=True)
class Result:
    """A policy on a world: dollars an account and day, without first readings, and the errors, as shares.

    more: further figures by name, for people.
    """

    mix: str
    growth: str
    seed: int
    policy: str
    usd: float
    errors: Errors
    more: dict[str, float] = field(default_factory=dict)

    def as_json(self) -> dict[str, str | int | float]:
        figures = dict(zip(FIGURES, self.errors.by_account.mean(axis=0).tolist(), strict=True))
        shares = {"chart": float(self.errors.chart.mean()), **figures, "p95": self.errors.p95}
        facts = {"mix": self.mix, "growth": self.growth, "seed": self.seed, "policy": self.policy}
        return {**facts, "usd": round(self.usd, 5), **{name: round(100 * share, 4) for name, share in shares.items()}}


@dataclass(frozen=True, slots=True)
class Job:
    """A part of the runs, which a process of its own makes."""

    mix: str
    growth: str
    seed: int
    policy: str
    budget: float
    minutes: int


def jobs(mix: str, growth: str, seed: int, minutes: int) -> Iterator[Job]:
    """Those of a world, the longest first. The others share what they know of a world, so that they are one job."""
    for budget in OURS[mix]:
        yield Job(mix, growth, seed, "ours", budget, minutes)
    yield Job(mix, growth, seed, "others", 0, minutes)


def run(job: Job) -> list[Result]:
    world = make_world(job.mix, job.growth, job.seed)
    gc.set_threshold(*RARELY)
    if job.policy == "ours":
        return [_run_ours(world, job)]
    return [_run_other(world, job, *other) for other in _others(world, job.mix)] + list(_run_oracles(world, job))


def _run_other(world: World, job: Job, name: str, policy: Policy, budget: float) -> Result:
    """With names looked up, and at ticks, as ours."""
    tick = max(1, job.minutes // STEP_MINUTES)
    usd, wrong = ticket.run(world, policy, budget - NAMES_USD, every=EVERY, tick=tick)
    return Result(job.mix, job.growth, job.seed, name, usd + NAMES_USD, wrong)


def _others(world: World, mix: str) -> Iterator[tuple[str, Policy, float]]:
    yield "today", Today(), 0
    for n in NEWEST:
        yield "newest_n", NewestN(n), 0
    by_budget: dict[str, Callable[[float], Policy]] = {
        "whole_in_turn": lambda _usd: WholeInTurn(),
        "simple": lambda _usd: Simple(),
        "law": lambda _usd: Law(world),
    }
    for name, make in by_budget.items():
        for usd in BUDGETS[mix]:
            yield name, make(usd), usd


def _run_oracles(world: World, job: Job) -> Iterator[Result]:
    """The better one of both at each budget that it can spend."""
    both = [unopened_costs(world, in_place=in_place) for in_place in (True, False)]
    for budget in BUDGETS[job.mix]:
        oracles = [Oracle(world, costs, budget - NAMES_USD) for costs in both]
        tried = [_run_other(world, job, "oracle", oracle, budget) for oracle in oracles]
        best = min(tried, key=lambda result: float(result.errors.chart.mean()))
        yield best
        if best.usd < budget * ALL_SPENT:
            return


def _run_ours(world: World, job: Job) -> Result:
    x, recorder = SimulatedX(world), Recorder(world)
    counted = ours.play(x, job.budget, job.minutes, recorder)
    accounts = len(world.kinds)
    first_day = START.date() + timedelta(days=MEASURED_FROM)
    usd = x.bill.usd(first_day, DAYS - MEASURED_FROM) / (DAYS - MEASURED_FROM) / accounts
    first = x.bill.usd(START.date() - timedelta(days=1), 1, of_first_reads=True) / accounts
    dearest = max(x.bill.usd(START.date() + timedelta(days=day), 1) for day in range(DAYS)) / accounts
    more = {
        "limit": job.budget,
        "dearest_day": dearest,
        "first_read": first,
        "ledger_above_bill": counted - x.bill.posts,
    }
    more |= _speed(Returns.of(world, x.bill), job.minutes)
    return Result(job.mix, job.growth, job.seed, "ours", usd, recorder.errors(), more)


def _speed(returns: Returns, minutes: int) -> dict[str, float]:
    """Shares of what was seen in time, and the most days without a reading. nan where there was nothing to see."""
    waits, (opened, others) = returns.waits(), returns.breakouts()
    return {
        "new_seen_at_next_tick": float(np.mean(waits <= minutes)),
        "new_seen_in_a_day": float(np.mean(waits <= DAY_MINUTES)),
        "opened_breakouts": len(opened),
        "in_2_ticks": float(np.mean(opened <= 2 * minutes)) if len(opened) else float("nan"),
        "other_breakouts": len(others),
        "in_14_days": float(np.mean(others <= 14 * DAY_MINUTES)) if len(others) else float("nan"),
        "longest_unread": returns.longest_unread(),
    }
