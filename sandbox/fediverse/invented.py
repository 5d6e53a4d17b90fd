"""Makes up accounts of the fediverse and their posts from the handle and the time alone."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

from sandbox import lives
from sandbox.fediverse.ids import id_at
from sandbox.fediverse.records import Account, Kind, Post, State, Visibility
from sandbox.fediverse.servers import Server
from sandbox.lives import Draft, seeded_random

STATES = {
    "private": State.PRIVATE,
    "suspended": State.SUSPENDED,
    "gone": State.GONE,
    "forbidden": State.FORBIDDEN,
    "missing": State.MISSING,
    "nobody": State.MISSING,
}
MARKS = ("limited", "noindex", "memorial")
"""A username with one of these words, or of STATES, is such an account; "moved" has moved; "empty" has no posts."""
FIRST_JOINED = datetime(2017, 4, 1, tzinfo=UTC)
DAYS_OF_JOINING = 2500
NOUNS = {"reposts": "boosts", "likes": "favourites", "replies": "replies", "quotes": "quotes"}
UNLISTED_OF, PINNED_OF = 10, 97
"""Each tenth post is unlisted, and each 97th is pinned."""


def invent(server: Server, username: str) -> Account:
    """The account of this name on a server."""
    name, chance = username.lower(), seeded_random("fediverse", username.lower(), server.host)
    created_at = FIRST_JOINED + timedelta(days=chance.randrange(DAYS_OF_JOINING), milliseconds=chance.randrange(10**7))
    marks: dict[str, Any] = {mark: mark in name for mark in MARKS}
    return Account(
        host=server.host,
        domain=server.domain,
        username=username,
        id=id_at(created_at, chance.getrandbits(16)),
        name=username.replace("_", " ").strip().title() or username,
        uri=actor_uri(server, username),
        created_at=created_at,
        followers=lives.followers(_seed(name, server.host)),
        state=next((state for word, state in STATES.items() if word in name), State.ACTIVE),
        moved_to=f"{name.replace('moved', 'settled')}@{server.domain}" if "moved" in name else None,
        **marks,
    )


def actor_uri(server: Server, username: str) -> str:
    return f"https://{server.host}/users/{username}"


def timeline(account: Account, now: datetime) -> list[Post]:
    """The account's posts until now, newest first."""
    if "empty" in account.username.lower():
        return []
    seed = _seed(account.username, account.host)
    return [*lives.until(lambda day: _written_on(seed, day), now), *_written_before(seed, now.astimezone(UTC).date())]


def find(account: Account, post_id: int, written_at: datetime) -> Post | None:
    """The account's post of this id; written_at: the time in the id."""
    day = written_at.astimezone(UTC).date()
    return next((post for post in _written_on(_seed(account.username, account.host), day) if post.id == post_id), None)


def _seed(username: str, host: str) -> str:
    return f"{username.lower()}@{host}"


@lru_cache(maxsize=4_000)
def _written_before(seed: str, day: date) -> tuple[Post, ...]:
    return lives.before(lambda day: _written_on(seed, day), day, lives.habits(seed).size)


@lru_cache(maxsize=100_000)
def _written_on(seed: str, day: date) -> tuple[Post, ...]:
    """The day's posts, oldest first."""
    return tuple(_write(lives.drafts_of(seed, day)))


def _write(drafts: list[Draft]) -> Iterator[Post]:
    previous: int | None = None
    for draft in drafts:
        post_id, kind = id_at(draft.created_at, draft.bits), _kind(draft, follows=previous is not None)
        strangers = id_at(draft.stranger_at, draft.stranger_bits)
        yield Post(
            id=post_id,
            created_at=draft.created_at,
            kind=kind,
            text=f"@{draft.stranger} {draft.text}" if kind is Kind.REPLY else draft.text,
            counts={noun: draft.counts[name] for name, noun in NOUNS.items()},
            visibility=Visibility.PUBLIC if draft.bits % UNLISTED_OF else Visibility.UNLISTED,
            is_pinned=kind is Kind.POST and draft.bits % PINNED_OF == 0,
            answers={Kind.THREAD: previous, Kind.REPLY: strangers}.get(kind),
            stranger=draft.stranger if kind in {Kind.REPLY, Kind.BOOST} else None,
            growth=draft.growth,
        )
        previous = post_id


def _kind(draft: Draft, *, follows: bool) -> Kind:
    """Half of the replies go on with the account's own post before, where the day has one."""
    if draft.kind is lives.Kind.REPLY:
        return Kind.THREAD if follows and draft.bits % 2 else Kind.REPLY
    return Kind.BOOST if draft.kind is lives.Kind.REPOST else Kind.POST
