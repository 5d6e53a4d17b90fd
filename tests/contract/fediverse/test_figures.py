"""Our source, unmodified, reads another implementation of Mastodon's API, and comes to the people's own tallies.

Not tried here: an account's answers to itself, since mastodon_mock leaves them out with the answers to others; and
quotes, since it does not tell their number.
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest

from pipeline.records import Due, FetchResult, Post, Profile, State
from pipeline.sources.source import Source, StopFlag
from tests.contract import sources
from tests.contract.fediverse.mock import HOST, TOKENS
from tests.contract.fediverse.people import Mock, Person, Written, person

PAGE = 40


@pytest.fixture
def server(mastodon: Mock) -> Mock:
    """As it is at its start."""
    mastodon.reset()
    return mastodon


@pytest.fixture
def people(server: Mock) -> Iterator[dict[str, Person]]:
    with ExitStack() as stack:
        yield {name: stack.enter_context(person(server, name)) for name in TOKENS}


@pytest.fixture
def source(server: Mock) -> Iterator[Source]:
    with sources.fediverse(server.url) as opened:
        yield opened


def test_a_posts_counts_are_what_people_did_with_it_and_fall_when_they_undo_it(
    source: Source, people: dict[str, Person]
) -> None:
    ada, ben, eve = people["ada"], people["ben"], people["eve"]
    quiet, loud = ada.write("Quiet."), ada.write("Loud.")
    for each in (ada, ben, eve):
        each.favourite(loud)
        each.boost(loud)
    answer = ben.write("@ada An answer.", answers=loud)
    eve.write("@ada Another.", answers=loud)
    eve.favourite(quiet)
    assert loud.expected().counts == (3, 3, 2, None, None, None)
    _check(source, ada, [loud, quiet])
    ben.unfavourite(loud)
    ben.unboost(loud)
    ben.delete(answer, answers=loud)
    assert loud.expected().counts == (2, 2, 1, None, None, None)
    _check(source, ada, [loud, quiet])


def test_all_pages_are_read_until_the_posts_that_are_due_are_there(source: Source, people: dict[str, Person]) -> None:
    ada, ben = people["ada"], people["ben"]
    posts: list[Written] = []
    for number in range(130):
        posts.insert(0, ada.write(f"Post {number}."))
        if number % 5 == 0:
            ada.boost(ben.write(f"Ben's {number}."))
    _check(source, ada, posts, depth=300)
    results = {depth: _read(source, ada, depth) for depth in (10, PAGE, 100, 130)}
    assert {depth: len(result.posts or ()) for depth, result in results.items()} == {each: each for each in results}
    assert all(result.complete and not result.partial for result in results.values())
    assert {depth: result.requests for depth, result in results.items()} == {10: 1, PAGE: 1, 100: 3, 130: 4}


def test_own_posts_are_those_that_guests_may_see_and_are_no_boost_and_no_answer_to_others(
    source: Source, people: dict[str, Person]
) -> None:
    ada, ben = people["ada"], people["ben"]
    bens = ben.write("By somebody else.")
    pinned = ada.write("Pinned.")
    unlisted = ada.write("Unlisted.", visibility="unlisted")
    ada.write("For followers.", visibility="private")
    ada.write("@ben For one.", visibility="direct")
    ada.write("@ben An answer.", answers=bens)
    ada.boost(bens)
    ada.boost(pinned)
    ada.pin(pinned)
    _check(source, ada, [unlisted, pinned])


def test_a_deleted_post_is_gone(source: Source, people: dict[str, Person]) -> None:
    ada = people["ada"]
    first, second, third = (ada.write(text) for text in ("One.", "Two.", "Three."))
    _check(source, ada, [third, second, first])
    ada.delete(second)
    _check(source, ada, [third, first])


def test_an_account_is_found_by_its_handle_with_its_followers(source: Source, people: dict[str, Person]) -> None:
    ada, ben, eve = people["ada"], people["ben"], people["eve"]
    ada.write("The only post.")
    ben.follow(ada)
    eve.follow(ada)
    expected = Profile(ada.handle, State.ACTIVE, ada.remote_id, posts=1, followers=2)
    found, nobody = source.look_up([f"Ada@{HOST}".lower(), f"nobody@{HOST}"])
    assert replace(found, joined_at=None) == expected
    assert (nobody.state, nobody.remote_id) == (State.MISSING, None)
    assert [replace(each, joined_at=None) for each in source.profiles([ada.remote_id])] == [expected]
    assert _read(source, ada).followers == 2


def test_a_suspended_account_is_told_as_such(source: Source, people: dict[str, Person]) -> None:
    ada = people["ada"]
    _check(source, ada, [ada.write("The only post.")])
    people["admin"].suspend(ada)
    assert source.profiles([ada.remote_id]) == []


def test_a_server_that_limits_its_guests_is_not_asked_again_until_it_may_be(
    server: Mock, source: Source, people: dict[str, Person]
) -> None:
    _fail(server, type="ratelimit")
    result = _read(source, people["ada"])
    assert result.posts is None
    assert result.stopped_until is not None
    assert result.stopped_until > datetime.now(UTC)
    assert _read(source, people["ada"]).requests == 0


@pytest.mark.parametrize("effect", [{"type": "status", "status": 503}, {"type": "malformed"}], ids=str)
def test_a_server_in_trouble_says_nothing_of_its_accounts(
    server: Mock, source: Source, people: dict[str, Person], effect: dict[str, object]
) -> None:
    _fail(server, **effect)
    result = _read(source, people["ada"])
    assert (result.posts, result.state) == (None, None)
    assert result.problem is not None


def _fail(server: Mock, **effect: object) -> None:
    """Let it answer wrongly to whoever asks for accounts and their posts."""
    rule = {"match": {"path": "/api/v1/accounts/*"}, "effect": effect}
    answer = httpx.post(f"{server.url}/api/v1/_mock/faults", json=rule, trust_env=False)
    assert answer.is_success, answer.text


def _read(source: Source, person: Person, depth: int = 100) -> FetchResult:
    return source.fetch(Due(1, person.remote_id, depth), datetime.now(UTC), StopFlag())


def _check(source: Source, person: Person, posts: Iterable[Written], depth: int = 100) -> None:
    result = _read(source, person, depth)
    assert result.problem is None
    read = [Post(post.id, post.created_at, post.counts) for post in result.posts or ()]
    assert read == [post.expected() for post in posts][:depth]
    assert result.complete
