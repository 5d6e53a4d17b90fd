"""Plausible X accounts out of nothing but their handle and the time: the same handle always tells the same story.

An account's id is made from its handle and carries its state, and its timeline is made from the id. So a timeline is
the same after a restart, even when only the id is asked for.
"""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice
from random import Random

from sandbox.x.records import SNOWFLAKE_LOW_BITS, Account, Growth, Kind, Post, Reference, State, dice, snowflake

FIRST_ID = 10**18
DIGEST_BYTES = 7
FATES = ("", "protected", "suspended", "missing", "nobody", "empty")  # in the handle; the id tells which
STATES = {
    "protected": State.PROTECTED,
    "suspended": State.SUSPENDED,
    "missing": State.MISSING,
    "nobody": State.MISSING,
}
ID_STEP = 8  # room for the fates
LAST_ID = FIRST_ID + 256**DIGEST_BYTES * ID_STEP

LOWEST_LEVEL, HIGHEST_LEVEL = 2, 400  # an account's median reposts
SPREAD = 1.5  # of the log-normal counts: the mean is then three times the median
REPOSTS, REPLIES = 0.15, 0.20
FEWEST_A_DAY, MOST_A_DAY = 1, 15
HOUR_WEIGHTS = [1, 0, 0, 0, 0, 1, 3, 6, 9, 8, 7, 7, 9, 8, 6, 6, 7, 8, 9, 10, 10, 8, 5, 3]

OPENINGS = ("Good news:", "Today", "This week", "Finally:", "Seen from here,", "Thank you all:", "A reminder:", "Live:")
SUBJECTS = ("our new map", "the night train", "the harbour team", "a quiet storm", "the first frost", "our choir")
TURNS = ("is ready for you", "goes further than planned", "made us smile", "needs your help", "starts at nine", "won")
STRANGERS = ("old_harbour", "north_lights", "paper_boats", "slow_radio", "tin_orchestra", "green_ferry")


@dataclass(frozen=True)
class Habits:
    """What stays the same in an account from day to day."""

    size: int  # posts before today
    level: float  # median reposts
    likes_a_repost: float
    views_a_like: float
    posts_a_day: float
    utc_offset_h: int


def invent(username: str) -> Account:
    handle = username.lower()
    fate = next((fate for fate in FATES[1:] if fate in handle), "")
    digest = int.from_bytes(hashlib.blake2b(handle.encode(), digest_size=DIGEST_BYTES).digest())
    account_id = FIRST_ID + digest * ID_STEP + FATES.index(fate)
    return Account(account_id, username, _name(username), STATES.get(fate, State.ACTIVE), invented=True)


def recall(account_id: int) -> Account | None:
    """The account of an id that `invent` made earlier, perhaps in another process; its handle is not known any more."""
    fate = account_id % ID_STEP
    if not FIRST_ID <= account_id < LAST_ID or fate >= len(FATES):
        return None
    return Account(account_id, "", "", STATES.get(FATES[fate], State.ACTIVE), invented=True)


def timeline(account_id: int, now: datetime) -> list[Post]:
    """What the account has written until now, newest first."""
    if FATES[account_id % ID_STEP] == "empty":
        return []
    today = now.astimezone(UTC).date()
    fresh = [post for post in _written_on(account_id, today)[::-1] if post.created_at <= now]
    return [*fresh, *_written_before(account_id, today)]


def find(account_id: int, post_id: int, written_at: datetime) -> Post | None:
    """The account's post of this id; `written_at` is what the id says of its time."""
    day = written_at.astimezone(UTC).date()
    return next((post for post in _written_on(account_id, day) if post.id == post_id), None)


@lru_cache(maxsize=4_000)
def _written_before(account_id: int, day: date) -> tuple[Post, ...]:
    return tuple(islice(_backwards(account_id, day), _habits(account_id).size))


def _backwards(account_id: int, day: date) -> Iterator[Post]:
    while True:
        day -= timedelta(days=1)
        yield from reversed(_written_on(account_id, day))


@lru_cache(maxsize=4_000)
def _habits(account_id: int) -> Habits:
    throw = dice("habits", account_id)
    loudness = throw.random() ** 0.5  # more loud accounts than quiet ones: a chart of a few should be alive
    return Habits(
        size=throw.randint(60, 400),
        level=LOWEST_LEVEL * (HIGHEST_LEVEL / LOWEST_LEVEL) ** loudness,
        likes_a_repost=throw.uniform(3, 8),
        views_a_like=throw.uniform(20, 70),
        posts_a_day=throw.uniform(5, 15),
        utc_offset_h=throw.randint(-8, 9),
    )


@lru_cache(maxsize=100_000)
def _written_on(account_id: int, day: date) -> tuple[Post, ...]:
    """The day's posts, oldest first."""
    habits, throw = _habits(account_id), dice("day", account_id, day)
    wanted = round(throw.gauss(habits.posts_a_day, habits.posts_a_day * 0.35))
    number = max(FEWEST_A_DAY, min(MOST_A_DAY, wanted))
    moments = sorted(_moment_of_day(day, habits, throw) for _ in range(number))
    return tuple(_write(account_id, at, habits, throw) for at in moments)


def _moment_of_day(day: date, habits: Habits, throw: Random) -> datetime:
    local_hour = throw.choices(range(24), HOUR_WEIGHTS)[0]
    hour = (local_hour - habits.utc_offset_h) % 24
    return datetime.combine(day, time(hour), UTC) + timedelta(milliseconds=throw.randrange(3_600_000))


def _write(account_id: int, at: datetime, habits: Habits, throw: Random) -> Post:
    kind = throw.choices(list(Kind), [1 - REPLIES - REPOSTS, REPLIES, REPOSTS])[0]
    stranger, reference = _meet(at, throw)
    said = f"{throw.choice(OPENINGS)} {throw.choice(SUBJECTS)} {throw.choice(TURNS)}."
    prefixes = {Kind.POST: "", Kind.REPLY: f"@{stranger} ", Kind.REPOST: f"RT @{stranger}: "}
    return Post(
        id=snowflake(at, throw.getrandbits(SNOWFLAKE_LOW_BITS)),
        author_id=account_id,
        created_at=at,
        kind=kind,
        text=prefixes[kind] + said,
        counts=_final_counts(habits, kind, throw),
        reference=None if kind is Kind.POST else reference,
        growth=Growth(throw.uniform(3, 10) * 3600, step_s=throw.uniform(4, 15), phase_s=throw.uniform(0, 15)),
    )


def _meet(at: datetime, throw: Random) -> tuple[str, Reference]:
    """Somebody else's post of the days before."""
    stranger = throw.choice(STRANGERS)
    earlier = at - timedelta(minutes=throw.expovariate(1 / 300) + 1)
    return stranger, Reference(snowflake(earlier, throw.getrandbits(SNOWFLAKE_LOW_BITS)), invent(stranger).id)


def _final_counts(habits: Habits, kind: Kind, throw: Random) -> dict[str, int | None]:
    """Log-normal around the account's level; a reply is seen by fewer, a repost carries a stranger's count."""
    level = habits.level * {Kind.POST: 1.15, Kind.REPLY: 0.3, Kind.REPOST: 2}[kind]
    reach = level * math.exp(throw.gauss(0, SPREAD))
    likes = (reach + 0.5) * habits.likes_a_repost * _about_one(throw)
    return {
        "retweets": round(reach),
        "replies": round(likes * 0.08 * _about_one(throw)),
        "likes": round(likes),
        "quotes": round(reach * 0.12 * _about_one(throw)),
        "bookmarks": round(likes * 0.06 * _about_one(throw)),
        "views": round(likes * habits.views_a_like * _about_one(throw)),
    }


def _about_one(throw: Random) -> float:
    return math.exp(throw.gauss(0, 0.4))


def _name(username: str) -> str:
    return username.replace("_", " ").strip().title() or username
