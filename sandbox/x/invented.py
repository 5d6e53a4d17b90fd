"""Makes up accounts of X and their posts from the handle and the time alone.

An account's id is a hash of its handle and holds its state; its timeline is made from the id. So a handle has the same
timeline in every process, even where only the id is known.
"""

import hashlib
from datetime import UTC, date, datetime
from functools import lru_cache

from sandbox import lives
from sandbox.lives import Draft, Kind
from sandbox.x.records import Account, Post, Reference, State, snowflake

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
    fresh = lives.until(lambda day: _written_on(account_id, day), now)
    return [*fresh, *_written_before(account_id, today)]


def find(account_id: int, post_id: int, written_at: datetime) -> Post | None:
    """The account's post of this id; written_at: the time in the id."""
    day = written_at.astimezone(UTC).date()
    return next((post for post in _written_on(account_id, day) if post.id == post_id), None)


@lru_cache(maxsize=4_000)
def _written_before(account_id: int, day: date) -> tuple[Post, ...]:
    return lives.before(lambda day: _written_on(account_id, day), day, lives.habits(account_id).size)


@lru_cache(maxsize=100_000)
def _written_on(account_id: int, day: date) -> tuple[Post, ...]:
    """The day's posts, oldest first."""
    return tuple(_write(account_id, draft) for draft in lives.drafts_of(account_id, day))


def _write(account_id: int, draft: Draft) -> Post:
    reference = Reference(snowflake(draft.stranger_at, draft.stranger_bits), invent(draft.stranger).id)
    prefixes = {Kind.POST: "", Kind.REPLY: f"@{draft.stranger} ", Kind.REPOST: f"RT @{draft.stranger}: "}
    return Post(
        id=snowflake(draft.created_at, draft.bits),
        author_id=account_id,
        created_at=draft.created_at,
        kind=draft.kind,
        text=prefixes[draft.kind] + draft.text,
        counts={"retweets" if name == "reposts" else name: count for name, count in draft.counts.items()},
        reference=None if draft.kind is Kind.POST else reference,
        growth=draft.growth,
    )


def _name(username: str) -> str:
    return username.replace("_", " ").strip().title() or username
