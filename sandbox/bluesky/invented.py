"""Makes up accounts of Bluesky and their posts from the handle and the time alone.

An account's id is a hash of its handle and holds its state; its timeline is made from the id. So a handle has the same
timeline in every process, even where only the id is known.
"""

import hashlib
from base64 import b32decode, b32encode
from datetime import UTC, date, datetime
from functools import cache, lru_cache

from sandbox import lives
from sandbox.bluesky.records import METRICS, SIGNED_IN_ONLY, Account, Post, Reference, State, tid
from sandbox.lives import Draft, Kind

PREFIX = "did:plc:"
DIGEST_BYTES, CHECK_BYTES = 10, 4
DID_LETTERS = 24
WORDS = ("", "suspended", "deactivated", "missing", "nobody", "empty", "signed-in")
"""A handle with one of these words has that state; "empty" has no posts, and "signed-in" asks that only people who are
see it. The id holds the word's index.
"""
SOMEBODY = "somebody.bsky.social"
STRANGERS = {name: f"{name.replace('_', '-')}.bsky.social" for name in lives.STRANGERS} | {"somebody": SOMEBODY}
"""The handles of those whose posts are reposted and answered; by loaded accounts those of SOMEBODY."""
STATES = {
    "suspended": State.SUSPENDED,
    "deactivated": State.DEACTIVATED,
    "missing": State.DELETED,
    "nobody": State.DELETED,
}


def invent(handle: str) -> Account:
    """The account of this handle."""
    word = next((word for word in WORDS[1:] if word in handle), "")
    digest = hashlib.blake2b(handle.encode(), digest_size=DIGEST_BYTES).digest()
    return _account(digest + bytes([WORDS.index(word)]), handle, handle.partition(".")[0].replace("-", " ").title())


def recall(did: str) -> Account | None:
    """The account of an id that `invent` has made, perhaps in another process; None for other ids.

    The handle cannot be recovered, but for those of STRANGERS.
    """
    if did in _strangers():
        return _strangers()[did]
    letters = did.removeprefix(PREFIX)
    if len(letters) != DID_LETTERS or not did.startswith(PREFIX):
        return None
    held = b32decode(letters.upper())[: DIGEST_BYTES + 1]
    account = _account(held, "", "") if held[-1] < len(WORDS) else None
    return account if account is not None and account.did == did else None


@cache
def _strangers() -> dict[str, Account]:
    """By their ids."""
    return {account.did: account for account in map(invent, STRANGERS.values())}


def _account(held: bytes, handle: str, name: str) -> Account:
    check = hashlib.blake2b(held, digest_size=CHECK_BYTES).digest()
    word = WORDS[held[-1]]
    did = PREFIX + b32encode(held + check).decode().lower()
    return Account(
        did,
        handle,
        name,
        STATES.get(word, State.ACTIVE),
        labels=(SIGNED_IN_ONLY,) if word == "signed-in" else (),
        followers=lives.followers(did),
        valid_handle=bool(handle),
        invented=True,
    )


def timeline(did: str, now: datetime) -> list[Post]:
    """The account's posts until now, newest first."""
    if WORDS[b32decode(did.removeprefix(PREFIX).upper())[DIGEST_BYTES]] == "empty":
        return []
    today = now.astimezone(UTC).date()
    return [*lives.until(lambda day: _written_on(did, day), now), *_written_before(did, today)]


def find(did: str, rkey: str, written_at: datetime) -> Post | None:
    """The account's post of this id; written_at: the time in the id."""
    return next((post for post in _written_on(did, written_at.date()) if post.rkey == rkey), None)


@lru_cache(maxsize=4_000)
def _written_before(did: str, day: date) -> tuple[Post, ...]:
    return lives.before(lambda day: _written_on(did, day), day, lives.habits(did).size)


@lru_cache(maxsize=100_000)
def _written_on(did: str, day: date) -> tuple[Post, ...]:
    """The day's posts, oldest first."""
    return tuple(_write(did, draft) for draft in lives.drafts_of(did, day))


def _write(did: str, draft: Draft) -> Post:
    reference = Reference(invent(STRANGERS[draft.stranger]).did, tid(draft.stranger_at, draft.stranger_bits))
    return Post(
        rkey=tid(draft.created_at, draft.bits),
        did=did,
        created_at=draft.created_at,
        indexed_at=draft.created_at,
        kind=draft.kind,
        text=draft.text,
        counts={name: draft.counts[name] for name in METRICS},
        reference=None if draft.kind is Kind.POST else reference,
        growth=draft.growth,
    )
