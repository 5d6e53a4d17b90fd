"""What made-up accounts do, the same on every network's stand-in: when they post, what, and how its counts grow.

A life is made from its seed and the time alone, so that it is the same in every process.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import islice
from random import Random
from typing import Protocol, TypeVar

LOWEST_LEVEL, HIGHEST_LEVEL = 2, 400  # an account's median reposts
SPREAD = 1.5  # of the log-normal counts: the mean is then three times the median
REPOSTS, REPLIES = 0.15, 0.20
MIN_A_DAY, MAX_A_DAY = 1, 15
HOUR_WEIGHTS = [1, 0, 0, 0, 0, 1, 3, 6, 9, 8, 7, 7, 9, 8, 6, 6, 7, 8, 9, 10, 10, 8, 5, 3]
BITS = 22
"""How many random bits a draft has for its id."""

OPENINGS = ("Good news:", "Today", "This week", "Finally:", "Seen from here,", "Thank you all:", "A reminder:", "Live:")
SUBJECTS = ("our new map", "the night train", "the harbour team", "a quiet storm", "the first frost", "our choir")
PREDICATES = (
    "is ready for you",
    "goes further than planned",
    "made us smile",
    "needs your help",
    "starts at nine",
    "won",
)
STRANGERS = ("old_harbour", "north_lights", "paper_boats", "slow_radio", "tin_orchestra", "green_ferry")


class Kind(StrEnum):
    POST = "post"
    REPLY = "reply"
    REPOST = "repost"


@dataclass(frozen=True)
class Growth:
    """How a post's counts rise towards their final values: fast at first, in steps.

    tau_s: after this time 63 % of the final counts are reached. step_s: counts change once in this time.
    phase_s: shifts the steps, so that posts do not change all at once.
    """

    tau_s: float
    step_s: float
    phase_s: float

    def share(self, age_s: float) -> float:
        """The part of the final counts at this age, from 0 to 1; it never falls."""
        stepped = max(0.0, age_s - (age_s + self.phase_s) % self.step_s)
        return 1 - math.exp(-stepped / self.tau_s)


@dataclass(frozen=True)
class Habits:
    """What an account keeps from day to day."""

    size: int  # posts before today
    level: float  # median reposts
    likes_a_repost: float
    views_a_like: float
    posts_a_day: float
    utc_offset_h: int


@dataclass(frozen=True)
class Draft:
    """A post of a made-up account, of which each network's stand-in makes one of its own.

    stranger, stranger_at: whose post a reply answers or a repost repeats, and when that was made.
    counts: the final ones, by what networks have in common. bits, stranger_bits: random, for the ids of both posts.
    """

    created_at: datetime
    kind: Kind
    stranger: str
    stranger_at: datetime
    stranger_bits: int
    text: str
    bits: int
    counts: Mapping[str, int]
    growth: Growth


class Dated(Protocol):
    @property
    def created_at(self) -> datetime: ...


P = TypeVar("P", bound=Dated)


@lru_cache(maxsize=12_000)
def habits(seed: int | str) -> Habits:
    chance = seeded_random("habits", seed)
    popularity = chance.random() ** 0.5  # most are popular, so that a chart of a few accounts changes often
    return Habits(
        size=chance.randint(60, 400),
        level=LOWEST_LEVEL * (HIGHEST_LEVEL / LOWEST_LEVEL) ** popularity,
        likes_a_repost=chance.uniform(3, 8),
        views_a_like=chance.uniform(20, 70),
        posts_a_day=chance.uniform(5, 15),
        utc_offset_h=chance.randint(-8, 9),
    )


def followers(seed: int | str) -> int:
    """How many follow the account: 50 to 500 for each repost of its median post."""
    return round(habits(seed).level * 10 ** seeded_random("followers", seed).uniform(1.7, 2.7))


def grown(counts: Mapping[str, int | None], seed: int | str, elapsed_s: float) -> dict[str, int | None]:
    """What counts that stood still are, so long after they begin to grow: in hours, towards twice as many."""
    chance = seeded_random("grown", seed)
    growth = Growth(chance.uniform(1, 10) * 3600, step_s=chance.uniform(4, 15), phase_s=chance.uniform(0, 15))
    share = growth.share(elapsed_s)
    return {name: None if count is None else count + int(count * share) for name, count in counts.items()}


def drafts_of(seed: int | str, day: date) -> list[Draft]:
    """The drafts of a UTC day, oldest first."""
    own, chance = habits(seed), seeded_random("day", seed, day)
    drawn = round(chance.gauss(own.posts_a_day, own.posts_a_day * 0.35))
    number = max(MIN_A_DAY, min(MAX_A_DAY, drawn))
    return [_draft(at, own, chance) for at in sorted(_moment_of_day(day, own, chance) for _ in range(number))]


def until(posts_of: Callable[[date], Sequence[P]], now: datetime) -> list[P]:
    """The posts of the day of `now` until then, newest first. posts_of: of a UTC day, oldest first."""
    return [post for post in posts_of(now.astimezone(UTC).date())[::-1] if post.created_at <= now]


def before(posts_of: Callable[[date], Sequence[P]], day: date, count: int) -> tuple[P, ...]:
    """So many posts of the days before a day, newest first."""
    return tuple(islice(_backwards(posts_of, day), count))


def _backwards(posts_of: Callable[[date], Sequence[P]], day: date) -> Iterator[P]:
    while True:
        day -= timedelta(days=1)
        yield from reversed(posts_of(day))


def _moment_of_day(day: date, own: Habits, chance: Random) -> datetime:
    local_hour = chance.choices(range(24), HOUR_WEIGHTS)[0]
    hour = (local_hour - own.utc_offset_h) % 24
    return datetime.combine(day, time(hour), UTC) + timedelta(milliseconds=chance.randrange(3_600_000))


def _draft(at: datetime, own: Habits, chance: Random) -> Draft:
    kind = chance.choices(list(Kind), [1 - REPLIES - REPOSTS, REPLIES, REPOSTS])[0]
    return Draft(
        created_at=at,
        kind=kind,
        stranger=chance.choice(STRANGERS),
        stranger_at=at - timedelta(minutes=chance.expovariate(1 / 300) + 1),
        stranger_bits=chance.getrandbits(BITS),
        text=f"{chance.choice(OPENINGS)} {chance.choice(SUBJECTS)} {chance.choice(PREDICATES)}.",
        bits=chance.getrandbits(BITS),
        counts=_final_counts(own, kind, chance),
        growth=Growth(chance.uniform(3, 10) * 3600, step_s=chance.uniform(4, 15), phase_s=chance.uniform(0, 15)),
    )


def _final_counts(own: Habits, kind: Kind, chance: Random) -> dict[str, int]:
    """Log-normal counts around the account's level, which is lower for replies and higher for what is reposted."""
    level = own.level * {Kind.POST: 1.15, Kind.REPLY: 0.3, Kind.REPOST: 2}[kind]
    reach = level * math.exp(chance.gauss(0, SPREAD))
    likes = (reach + 0.5) * own.likes_a_repost * _factor_near_one(chance)
    return {
        "reposts": round(reach),
        "replies": round(likes * 0.08 * _factor_near_one(chance)),
        "likes": round(likes),
        "quotes": round(reach * 0.12 * _factor_near_one(chance)),
        "bookmarks": round(likes * 0.06 * _factor_near_one(chance)),
        "views": round(likes * own.views_a_like * _factor_near_one(chance)),
    }


def _factor_near_one(chance: Random) -> float:
    return math.exp(chance.gauss(0, 0.4))


def seeded_random(*seed: object) -> Random:
    """Yields the same numbers for the same seed, in every process."""
    return Random(":".join(map(str, seed)))  # noqa: S311 - plausible, not secret
