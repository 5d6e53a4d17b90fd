"""The same people and posts in our stand-in of Bluesky, by its control API."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import httpx

from tests.contract.bluesky.people import Person, Written
from tests.contract.bluesky.questions import AWAY, NEW_HANDLE, OF_ALICE, OF_BOB, Town

METRICS = ("reposts", "likes", "replies", "quotes", "bookmarks")
Fields = dict[str, Any]


def loads(town: Town) -> list[list[Fields]]:
    """The accounts to load, with their posts; then those that change."""
    alice = {"followers": 1, "pinned": town.posts["quote"].id, "posts": _of_alice(town)}
    shy = {"labels": ["!no-unauthenticated"]}
    accounts = [
        _account(town.alice, **alice),
        _account(town.bob, posts=[_post(town.posts[name]) for name in OF_BOB]),
        _account(town.shy, posts=[_post(town.posts["shy"])], **shy),
        *(_account(getattr(town, name), posts=[_post(town.posts[name])], state=name) for name in AWAY),
        _account(town.renamed, posts=[_post(town.posts["renamed"])]),
    ]
    return [accounts, [_account(town.renamed) | {"handle": NEW_HANDLE}]]


def load(sandbox_url: str, accounts: Sequence[Sequence[Fields]]) -> None:
    for each in accounts:
        answer = httpx.post(f"{sandbox_url}/_control/bluesky/accounts", json={"accounts": each}, trust_env=False)
        assert answer.is_success, answer.text


def _of_alice(town: Town) -> list[Fields]:
    first, other = {"of_post": town.posts["first"].id}, dict[str, str]()  # the stand-in makes somebody else's posts up
    more: dict[str, Fields] = {"second": {"is_reply": True} | first, "answer": {"is_reply": True} | other}
    reposts = [
        {"post_id": f"repost-of-{name}", "created_at": _text(town.reposted[name]), "is_repost": True, **of}
        for name, of in (("other", other), ("first", first))
    ]
    return [*(_post(town.posts[name]) | more.get(name, {}) for name in OF_ALICE), *reposts]


def _account(person: Person, **fields: object) -> Fields:
    return {"handle": person.handle, "did": person.did, "name": person.handle.title(), "followers": 0, **fields}


def _post(post: Written) -> Fields:
    return {"post_id": post.id, "created_at": _text(post.at), **{name: getattr(post, name) for name in METRICS}}


def _text(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")
