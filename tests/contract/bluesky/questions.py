"""People of every kind, and what is asked of a server about them. Answers are kept by the names of the questions."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx

from tests.contract.bluesky.people import Pds, Person, Written, minutes_before

RESOLVE, PROFILE, PROFILES, FEED, POSTS = (
    "com.atproto.identity.resolveHandle",
    "app.bsky.actor.getProfile",
    "app.bsky.actor.getProfiles",
    "app.bsky.feed.getAuthorFeed",
    "app.bsky.feed.getPosts",
)
FILTERS = ("posts_with_replies", "posts_no_replies", "posts_and_author_threads")
AWAY = ("suspended", "deactivated", "deleted")
OF_ALICE, OF_BOB = ("first", "second", "answer", "quote", "counted"), ("other", "bobs_answer", "bobs_quote")
"""Their posts that are there, oldest first."""
PAGE, FIRST_PAGE, SECOND_PAGE = 3, "feed_page_1", "feed_page_2"
"""A cursor is of the server that gave it: the second page is asked for by what the first one told."""
NEW_HANDLE = "new-name.test"
Params = list[tuple[str, str | int | float | None]]
Answer = dict[str, Any]


@dataclass(frozen=True)
class Town:
    """alice has posts of every kind; the names of the others say what befell them."""

    alice: Person
    bob: Person
    shy: Person
    suspended: Person
    deactivated: Person
    deleted: Person
    renamed: Person
    posts: dict[str, Written]
    """Alice's and bob's, by what they are, "erased" is deleted; and the only one of each of the others."""
    reposted: dict[str, datetime]
    """When alice reposted which of them."""


def settle(pds: Pds, now: datetime) -> Town:
    """Make the people, and what they do. The AppView needs a moment until it shows it."""
    people = {name: pds.register(name) for name in ("alice", "bob", "shy", *AWAY, "renamed")}
    alice, bob = people["alice"], people["bob"]
    reposted = dict(zip(("other", "first"), minutes_before(now, 2), strict=True))
    town = Town(**people, posts=_write(alice, bob, now - timedelta(minutes=2)), reposted=reposted)
    for person in (alice, bob, town.renamed):
        person.change_profile()
    for name in (*AWAY, "shy", "renamed"):
        town.posts[name] = getattr(town, name).write("The only post.", now)
    _change(pds, town)
    return town


def _write(alice: Person, bob: Person, now: datetime) -> dict[str, Written]:
    times = iter(minutes_before(now, 9))
    posts = {"other": bob.write("By somebody else.", next(times))}
    posts["first"] = alice.write("A thread begins.", next(times))
    posts["second"] = alice.write("It goes on.", next(times), answers=posts["first"])
    posts["answer"] = alice.write("An answer to somebody else.", next(times), answers=posts["other"])
    posts["quote"] = alice.write("A quote.", next(times), quotes=posts["other"])
    posts["erased"] = alice.write("To be deleted.", next(times))
    posts["counted"] = alice.write("Everything is done with it.", next(times))
    posts["bobs_answer"] = bob.write("An answer.", next(times), answers=posts["counted"])
    posts["bobs_quote"] = bob.write("Another quote.", next(times), quotes=posts["counted"])
    return posts


def _change(pds: Pds, town: Town) -> None:
    alice, bob, posts = town.alice, town.bob, town.posts
    bob.follow(alice)
    bob.like(posts["counted"])
    bob.repost(posts["counted"])
    bob.bookmark(posts["counted"])
    for name, at in town.reposted.items():
        alice.repost(posts[name], at)
    alice.pin(posts["quote"])
    alice.delete(posts["erased"])
    town.shy.ask_for_signing_in()
    town.renamed.rename(NEW_HANDLE)
    pds.suspend(town.suspended)
    town.deactivated.deactivate()
    pds.delete(town.deleted)


def is_shown(appview_url: str, town: Town) -> bool:
    """Whether the AppView shows all of it."""

    def ask(method: str, *params: tuple[str, str]) -> Any:
        return _ask(appview_url, method, list(params)).json()

    errors = [ask(PROFILE, ("actor", getattr(town, name).did)).get("error") for name in AWAY]
    shy, renamed, alice = (ask(PROFILE, ("actor", each.did)) for each in (town.shy, town.renamed, town.alice))
    feed = ask(FEED, ("actor", town.alice.did), ("includePins", "true")).get("feed", [])
    counted = [item["post"] for item in feed if item["post"]["uri"] == town.posts["counted"].uri]
    return (
        errors == ["AccountTakedown", "AccountDeactivated", "InvalidRequest"]
        and (bool(shy.get("labels")), renamed.get("handle"), alice.get("followersCount")) == (True, NEW_HANDLE, 1)
        and len(feed) == len(OF_ALICE) + len(town.reposted)
        and "reasonPin" in str(feed[0])
        and [counted[0][f"{name}Count"] for name in ("like", "repost", "reply", "quote", "bookmark")] == [1] * 5
    )


def ask_all(base_url: str, town: Town) -> dict[str, Answer]:
    """The answer to each question by its name. base_url: of the AppView or a stand-in."""
    answers = {name: _answer(base_url, *question) for name, question in _questions(town)}
    return answers | {SECOND_PAGE: _second_page(base_url, answers[FIRST_PAGE])}


def ask_again(base_url: str, name: str, recorded: dict[str, Answer]) -> Answer:
    """The answer to a question that was asked before. base_url: of a stand-in with the same people."""
    if name == SECOND_PAGE:
        return _second_page(base_url, ask_again(base_url, FIRST_PAGE, recorded))
    return _repeat(base_url, recorded[name])


def _second_page(base_url: str, first: Answer) -> Answer:
    cursor = [("cursor", first["json"].get("cursor", ""))]
    return _repeat(base_url, first, cursor) | {"params": first["params"]}


def _repeat(base_url: str, asked: Answer, more: Params | None = None) -> Answer:
    params = [(name, value) for name, value in asked["params"]]
    return _answer(base_url, asked["request"].removeprefix("GET /xrpc/"), params + (more or []))


def _questions(town: Town) -> Iterator[tuple[str, tuple[str, Params]]]:
    yield from _of_profiles(town)
    yield from _of_feeds(town)
    yield from _of_posts(town)
    yield from _refused(town)


def _of_profiles(town: Town) -> Iterator[tuple[str, tuple[str, Params]]]:
    for name in ("alice", "shy", *AWAY, "renamed"):
        person: Person = getattr(town, name)
        yield f"profile_{name}", (PROFILE, [("actor", person.did)])
        yield f"profile_{name}_by_handle", (PROFILE, [("actor", person.handle)])
        if name != "alice":
            yield f"feed_{name}", (FEED, _feed(person))
    everybody = [("actors", getattr(town, name).did) for name in (*AWAY, "alice", "shy", "bob")]
    yield "profiles", (PROFILES, [*everybody, ("actors", "nobody.test")])
    yield "resolve", (RESOLVE, [("handle", town.alice.handle)])
    yield "resolve_unknown", (RESOLVE, [("handle", "nobody.test")])


def _of_feeds(town: Town) -> Iterator[tuple[str, tuple[str, Params]]]:
    for name in (*FILTERS, "no_such_filter"):
        yield f"feed_{name}", (FEED, _feed(town.alice, filter=name))
    yield "feed_with_pin", (FEED, _feed(town.alice, includePins="true"))
    yield FIRST_PAGE, (FEED, _feed(town.alice, limit=PAGE))
    yield "feed_unknown", (FEED, [("actor", "nobody.test")])


def _of_posts(town: Town) -> Iterator[tuple[str, tuple[str, Params]]]:
    uris = [town.posts[name].uri for name in ("counted", "erased", "quote")]
    yield "posts", (POSTS, [("uris", uri) for uri in uris])


def _refused(town: Town) -> Iterator[tuple[str, tuple[str, Params]]]:
    actor, uri = ("actors", town.alice.did), ("uris", town.posts["counted"].uri)
    yield "too_high_a_limit", (FEED, _feed(town.alice, limit=101))
    yield "too_low_a_limit", (FEED, _feed(town.alice, limit=0))
    yield "no_number", (FEED, _feed(town.alice, limit="many"))
    yield "no_actor", (FEED, [])
    yield "bad_actor", (PROFILE, [("actor", "no handle")])
    yield "too_many_actors", (PROFILES, [actor] * 26)
    yield "too_many_posts", (POSTS, [uri] * 26)
    yield "bad_uri", (POSTS, [("uris", "no uri")])
    yield "unknown_parameter", (PROFILE, [("actor", town.alice.did), ("colour", "blue")])
    yield "unknown_method", ("app.bsky.feed.noSuchMethod", [])


def _feed(person: Person, **params: str | int) -> Params:
    return [("actor", person.did), *params.items()]


def _answer(base_url: str, method: str, params: Params) -> Answer:
    answer = _ask(base_url, method, params)
    return {
        "request": f"GET /xrpc/{method}",
        "params": params,
        "status": answer.status_code,
        "content_type": answer.headers.get("Content-Type"),
        "json": answer.json(),
    }


def _ask(base_url: str, method: str, params: Params) -> httpx.Response:
    return httpx.get(f"{base_url}/xrpc/{method}", params=params, timeout=30, trust_env=False)
