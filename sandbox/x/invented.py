"""Makes up accounts of X and their posts from the handle and the time alone.

An account's id is a hash of its handle and holds its state; its timeline is made from the id. So a handle has the same
timeline in every process, even where only the id is known.
"""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice
from random import Random

from sandbox.x.records import (
    SNOWFLAKE_LOW_BITS,
    Account,
    Growth,
    Kind,
    Post,
    Reference,
    State,
    seeded_random,
    snowflake,
)

FIRST_ID = 10**18
DIGEST_BYTES = 7
WORDS = ("", "protected", "suspended", "missing", "nobody", "empty")
"""A handle with one of these words has that state; "empty" has no posts. The id holds the word's index."""
STATES = {
    "protected": State.PROTECTED,
    "suspended": State.SUSPENDED,
    "missing": State.MISSING,
    "nobody": State.MISSING,
}
ID_STEP = 8  # leaves room for the index of the word
LAST_ID = FIRST_ID + 256**DIGEST_BYTES * ID_STEP

LOWEST_LEVEL, HIGHEST_LEVEL = 2, 400  # an account's median reposts
SPREAD = 1.5  # of the log-normal counts: the mean is then three times the median
REPOSTS, REPLIES = 0.15, 0.20
MIN_A_DAY, MAX_A_DAY = 1, 15
HOUR_WEIGHTS = [1, 0, 0, 0, 0, 1, 3, 6, 9, 8, 7, 7, 9, 8, 6, 6, 7, 8, 9, 10, 10, 8, 5, 3]

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


@dataclass(frozen=True)
class Habits:
    """What an account keeps from day to day."""

    size: int  # posts before today
    level: float  # median reposts
    likes_a_repost: float
    views_a_like: float
    posts_a_day: float
    utc_offset_h: int


def invent(username: str) -> Account:
    """The account of this handle."""
    handle = username.lower()
    word = next((word for word in WORDS[1:] if word in handle), "")
    digest = int.from_bytes(hashlib.blake2b(handle.encode(), digest_size=DIGEST_BYTES).digest())
    account_id = FIRST_ID + digest * ID_STEP + WORDS.index(word)
    return Account(account_id, username, _name(username), STATES.get(word, State.ACTIVE), invented=True)


def recall(account_id: int) -> Account | None:
    """The account of an id that `invent` has made, perhaps in another process; its handle cannot be recovered.

    None for other ids.
    """
    index = account_id % ID_STEP
    if not FIRST_ID <= account_id < LAST_ID or index >= len(WORDS):
        return None
    return Account(account_id, "", "", STATES.get(WORDS[index], State.ACTIVE), invented=True)


def timeline(account_id: int, now: datetime) -> list[Post]:
    """The account's posts until now, newest first."""
    if WORDS[account_id % ID_STEP] == "empty":
        return []
    today = now.astimezone(UTC).date()
    fresh = [post for post in _written_on(account_id, today)[::-1] if post.created_at <= now]
    return [*fresh, *_written_before(account_id, today)]


def find(account_id: int, post_id: int, written_at: datetime) -> Post | None:
    """The account's post of this id; written_at: the time in the id."""
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
    chance = seeded_random("habits", account_id)
    popularity = chance.random() ** 0.5  # most are popular, so that a chart of a few accounts changes often
    return Habits(
        size=chance.randint(60, 400),
        level=LOWEST_LEVEL * (HIGHEST_LEVEL / LOWEST_LEVEL) ** popularity,
        likes_a_repost=chance.uniform(3, 8),
        views_a_like=chance.uniform(20, 70),
        posts_a_day=chance.uniform(5, 15),
        utc_offset_h=chance.randint(-8, 9),
    )


@lru_cache(maxsize=100_000)
def _written_on(account_id: int, day: date) -> tuple[Post, ...]:
    """The day's posts, oldest first."""
    habits, chance = _habits(account_id), seeded_random("day", account_id, day)
    drawn = round(chance.gauss(habits.posts_a_day, habits.posts_a_day * 0.35))
    number = max(MIN_A_DAY, min(MAX_A_DAY, drawn))
    moments = sorted(_moment_of_day(day, habits, chance) for _ in range(number))
    return tuple(_write(account_id, at, habits, chance) for at in moments)


def _moment_of_day(day: date, habits: Habits, chance: Random) -> datetime:
    local_hour = chance.choices(range(24), HOUR_WEIGHTS)[0]
    hour = (local_hour - habits.utc_offset_h) % 24
    return datetime.combine(day, time(hour), UTC) + timedelta(milliseconds=chance.randrange(3_600_000))


def _write(account_id: int, at: datetime, habits: Habits, chance: Random) -> Post:
    kind = chance.choices(list(Kind), [1 - REPLIES - REPOSTS, REPLIES, REPOSTS])[0]
    stranger, reference = _others_post(at, chance)
    sentence = f"{chance.choice(OPENINGS)} {chance.choice(SUBJECTS)} {chance.choice(PREDICATES)}."
    prefixes = {Kind.POST: "", Kind.REPLY: f"@{stranger} ", Kind.REPOST: f"RT @{stranger}: "}
    return Post(
        id=snowflake(at, chance.getrandbits(SNOWFLAKE_LOW_BITS)),
        author_id=account_id,
        created_at=at,
        kind=kind,
        text=prefixes[kind] + sentence,
        counts=_final_counts(habits, kind, chance),
        reference=None if kind is Kind.POST else reference,
        growth=Growth(chance.uniform(3, 10) * 3600, step_s=chance.uniform(4, 15), phase_s=chance.uniform(0, 15)),
    )


def _others_post(at: datetime, chance: Random) -> tuple[str, Reference]:
    """The handle and the post of another account, from the hours or days before."""
    stranger = chance.choice(STRANGERS)
    earlier = at - timedelta(minutes=chance.expovariate(1 / 300) + 1)
    return stranger, Reference(snowflake(earlier, chance.getrandbits(SNOWFLAKE_LOW_BITS)), invent(stranger).id)


def _final_counts(habits: Habits, kind: Kind, chance: Random) -> dict[str, int | None]:
    """Log-normal counts around the account's level, which is lower for replies and higher for what is reposted."""
    level = habits.level * {Kind.POST: 1.15, Kind.REPLY: 0.3, Kind.REPOST: 2}[kind]
    reach = level * math.exp(chance.gauss(0, SPREAD))
    likes = (reach + 0.5) * habits.likes_a_repost * _factor_near_one(chance)
    return {
        "retweets": round(reach),
        "replies": round(likes * 0.08 * _factor_near_one(chance)),
        "likes": round(likes),
        "quotes": round(reach * 0.12 * _factor_near_one(chance)),
        "bookmarks": round(likes * 0.06 * _factor_near_one(chance)),
        "views": round(likes * habits.views_a_like * _factor_near_one(chance)),
    }


def _factor_near_one(chance: Random) -> float:
    return math.exp(chance.gauss(0, 0.4))


def _name(username: str) -> str:
    return username.replace("_", " ").strip().title() or username
