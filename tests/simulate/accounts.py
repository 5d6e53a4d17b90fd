"""The accounts of the simulated world: how often each posts, when, and how far its posts get. All times are in days."""

import csv
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from tests.simulate.growth import HOUR, MINUTE, Floats, Integers

DAYS = 28
MEASURED_FROM = 14
HISTORY = 125
"""The posts that an account has before day 0: its newest 100, and some that step in for deleted ones."""
RATE_SPREAD = 0.2
WAKING = 16 * HOUR
CLUSTER, INSIDE_CLUSTER = 6, 30 * MINUTE
MEDIAN_COUNT, MEDIAN_SPREAD = 60, 1.3
COUNT_SPREAD, COUNT_SPREAD_SPREAD, LEAST_COUNT_SPREAD, MOST_COUNT_SPREAD = 0.95, 0.25, 0.4, 1.6
TIMELINES = Path(__file__).parents[3] / "shared" / "data" / "x_timelines.csv"
"""Real timelines that lie beside the project where it is worked on; they are no part of it."""


@dataclass(frozen=True, slots=True)
class Kind:
    """rate: posts a day. hits: the share of its posts that get far more than usual, by about the factor `hit`."""

    name: str
    accounts: int
    rate: float
    is_dead: bool = False
    is_bursty: bool = False
    hits: float = 0.004
    hit: float = 10


KINDS = (
    Kind("dead", 6, 0.5, is_dead=True),
    Kind("one a week", 6, 0.14),
    Kind("0.5 a day", 8, 0.5),
    Kind("5 a day", 8, 5),
    Kind("bursty", 6, 5, is_bursty=True),
    Kind("50 a day", 3, 50),
    Kind("viral", 5, 2, hits=0.03, hit=30),
)
FLEET = {"dead": 5, "one a week": 5, "0.5 a day": 6, "5 a day": 4, "bursty": 3, "50 a day": 1, "viral": 3}
"""Accounts of each kind in a calmer fleet, whose new posts alone cost less than $0.02 an account and day."""
REAL = Kind("real", 1, 0.2)


@dataclass(frozen=True, slots=True)
class Course:
    """An account's posts in their order: when each is made, the older ones before day 0, and its final count."""

    kind: Kind
    created: Floats
    counts: Integers


def draw_mixed(seed: int, kinds: Sequence[Kind] = KINDS) -> list[Course]:
    each = [kind for kind in kinds for _ in range(kind.accounts)]
    return [_draw_course(kind, np.random.default_rng((seed, index))) for index, kind in enumerate(each)]


def draw_fleet(seed: int) -> list[Course]:
    return draw_mixed(seed, [replace(kind, accounts=FLEET[kind.name]) for kind in KINDS])


def draw_real(seed: int) -> list[Course]:
    """The real timelines: their own posts and likes up to day 0; then on at each one's own rate, with its own likes."""
    by_account: dict[str, list[tuple[float, int]]] = defaultdict(list)
    with TIMELINES.open() as file:
        for row in csv.DictReader(file):
            if row["is_repost"] == "0":
                created = datetime.fromisoformat(row["created_at"]).astimezone(UTC)
                by_account[row["username"]].append((created.timestamp() / 86_400, int(row["likes"])))
    return [_continued(posts, np.random.default_rng((seed, 1_000 + i))) for i, posts in enumerate(by_account.values())]


MIXES = {"mixed": draw_mixed, "fleet": draw_fleet, "real": draw_real}


def _continued(posts: list[tuple[float, int]], rng: np.random.Generator) -> Course:
    moments = np.sort(np.array([created for created, _ in posts]))
    counts = np.array([likes for _, likes in sorted(posts)], dtype=np.int64)
    rate = len(moments) / (moments[-1] - moments[0])
    before = moments - moments[-1] - min(rng.exponential(1 / rate), 30)
    after = _waking_times(rate, DAYS, rng.random(), rng)
    return Course(
        REAL,
        np.concatenate([before, after]),
        np.concatenate([counts, rng.choice(counts, len(after))]),
    )


def _draw_course(kind: Kind, rng: np.random.Generator) -> Course:
    rate = kind.rate * np.exp(RATE_SPREAD * rng.standard_normal())
    draw = _bursts if kind.is_bursty else _waking_times
    wakes_at = rng.random()
    days = np.ceil(3 * HISTORY / rate)
    history = draw(rate, days, wakes_at, rng)[-HISTORY:] - days
    if kind.is_dead:
        history -= history[-1] + rng.uniform(20, 200)
    created = history if kind.is_dead else np.concatenate([history, draw(rate, DAYS, wakes_at, rng)])
    median = MEDIAN_COUNT * np.exp(MEDIAN_SPREAD * rng.standard_normal())
    return Course(kind, created, _draw_counts(kind, median, len(created), rng))


def _draw_counts(kind: Kind, median: float, posts: int, rng: np.random.Generator) -> Integers:
    spread = np.clip(COUNT_SPREAD + COUNT_SPREAD_SPREAD * rng.standard_normal(), LEAST_COUNT_SPREAD, MOST_COUNT_SPREAD)
    counts = median * np.exp(spread * rng.standard_normal(posts))
    is_hit = rng.random(posts) < kind.hits
    counts = np.where(is_hit, counts * _draw_hits(kind, posts, rng), counts)
    return np.asarray(np.rint(counts), dtype=np.int64)


def _draw_hits(kind: Kind, posts: int, rng: np.random.Generator) -> Floats:
    """The factors of posts that get far more than usual."""
    return np.asarray(np.exp(np.log(kind.hit) + 0.8 * rng.standard_normal(posts)))


def _waking_times(rate: float, days: float, wakes_at: float, rng: np.random.Generator) -> Floats:
    """Moments of posts in the 16 waking hours of each day, from 0 on."""
    moments = rng.uniform(0, days, rng.poisson(rate * days))
    whole = np.floor(moments)
    return np.sort((whole + (wakes_at + (moments - whole) * WAKING) % 1) % days)


def _bursts(rate: float, days: float, wakes_at: float, rng: np.random.Generator) -> Floats:
    """Clusters of geometric size, about half an hour from post to post inside."""
    starts = _waking_times(rate / CLUSTER, days, wakes_at, rng)
    sizes = rng.geometric(1 / CLUSTER, len(starts))
    gaps = rng.exponential(INSIDE_CLUSTER, sizes.sum())
    cluster = np.repeat(np.arange(len(starts)), sizes)
    so_far = np.cumsum(gaps)
    before = np.concatenate([[0.0], so_far])[np.concatenate([[0], np.cumsum(sizes)[:-1]])] if len(starts) else so_far
    moments = starts[cluster] + so_far - before[cluster]
    return np.sort(moments[moments < days])
