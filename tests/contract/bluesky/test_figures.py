"""Our source, unmodified, reads Bluesky's own servers, and comes to the figures that the people's own tallies have."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from pipeline.records import Due, FetchResult, Post, Profile, State
from pipeline.sources.source import Source, StopFlag
from tests.conftest import until
from tests.contract import sources
from tests.contract.bluesky.people import Pds, Person, Written, minutes_before
from tests.contract.bluesky.servers import BlueskyServers

DEPTH = 100
NUMBERS = count(1)
Act = Callable[[Pds, Person], None]


@pytest.fixture(scope="module")
def source(bluesky: BlueskyServers) -> Iterator[Source]:
    with sources.bluesky(bluesky.appview_url) as opened:
        yield opened


@pytest.fixture
def now() -> datetime:
    """Without parts of a millisecond, which posts' times do not have."""
    return datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def ada(pds: Pds) -> Person:
    return _newcomer(pds)


@pytest.fixture
def ben(pds: Pds) -> Person:
    return _newcomer(pds)


def test_a_posts_counts_are_what_people_did_with_it_and_fall_when_they_undo_it(
    source: Source, pds: Pds, ada: Person, ben: Person, now: datetime
) -> None:
    quiet, loud = ada.write_many(minutes_before(now, 2))
    eve = _newcomer(pds)
    liked, reposted = [(who.like(loud), who.repost(loud)) for who in (ada, ben, eve)][1]
    answer = ben.write("An answer.", now, answers=loud)
    eve.write("Another.", now, answers=loud)
    eve.write("A quote.", now, quotes=loud)
    eve.bookmark(loud)
    eve.like(quiet)
    assert loud.expected().counts == (3, 3, 2, 1, 1, None)
    _check(source, ada, [loud, quiet])
    ben.undo(liked)
    ben.undo(reposted)
    ben.delete(answer, answers=loud)
    assert loud.expected().counts == (2, 2, 1, 1, 1, None)
    _check(source, ada, [loud, quiet])


def test_all_pages_are_read_until_the_posts_that_are_due_are_there(
    source: Source, pds: Pds, ada: Person, ben: Person, now: datetime
) -> None:
    posts = ada.write_many(minutes_before(now, 230))[::-1]
    banned = _newcomer(pds)
    shared = [*ben.write_many(minutes_before(now, 30)), *banned.write_many(minutes_before(now, 3))]
    for post in shared:
        ada.repost(post, at=post.at + timedelta(seconds=30))
    pds.suspend(banned)  # its reposted posts leave gaps in the pages
    _check(source, ada, posts, depth=300)
    _check(source, ada, posts, depth=DEPTH)
    results = {depth: _read(source, ada, depth) for depth in (10, 100, 150, 230, 300)}
    assert {depth: len(result.posts or ()) for depth, result in results.items()} == {
        depth: min(depth, 230) for depth in results
    }
    assert all(result.complete and not result.partial for result in results.values())


def test_own_posts_are_those_that_are_no_repost_and_no_answer_to_others(
    source: Source, ada: Person, ben: Person, now: datetime
) -> None:
    times = minutes_before(now, 6)
    bens = ben.write("Of somebody else.", times[0])
    first = ada.write("A thread begins.", times[1])
    second = ada.write("It goes on.", times[2], answers=first)
    asked = ben.write("A question.", times[3], answers=second)
    ada.write("An answer to others.", times[4], answers=asked)
    quote = ada.write("A quote.", times[5], quotes=bens)
    ada.repost(bens)
    ada.repost(first)
    ada.pin(first)
    assert (first.reposts, first.replies, second.replies, bens.quotes) == (1, 1, 1, 1)
    _check(source, ada, [quote, second, first])


def test_a_thread_whose_beginning_is_on_another_page_is_still_read(source: Source, ada: Person, now: datetime) -> None:
    """Bluesky leaves the continuation out of both pages where it is asked for posts and threads."""
    *older, newest = ada.write_many(minutes_before(now, 130))
    follow_up = ada.write("On and on.", now, answers=older[0])
    _check(source, ada, [follow_up, newest, *older[::-1]], depth=300)
    _check(source, ada, [follow_up, newest, *older[:-DEPTH:-1]], depth=DEPTH)


def test_a_deleted_post_is_gone(source: Source, ada: Person, now: datetime) -> None:
    first, second, third = ada.write_many(minutes_before(now, 3))
    _check(source, ada, [third, second, first])
    ada.delete(second)
    _check(source, ada, [third, first])
    assert _read(source, ada).complete


def test_a_post_from_the_future_has_the_time_at_which_it_arrived(source: Source, ada: Person, now: datetime) -> None:
    ahead = ada.write("From tomorrow.", now + timedelta(days=1))
    [post] = until(lambda: _read(source, ada).posts or ())
    assert post.id == ahead.id
    assert now <= post.created_at <= datetime.now(UTC)


def test_an_account_is_found_by_its_handle_and_by_its_id_with_its_followers(
    source: Source, ada: Person, ben: Person, now: datetime
) -> None:
    ben.follow(ada)
    ada.write_many(minutes_before(now, 3))
    expected = Profile(ada.handle, State.ACTIVE, ada.did, posts=3, followers=1)
    until(lambda: _profiles(source.profiles([ada.did])) == [expected])
    by_handle, nobody, by_id = _profiles(source.look_up([ada.handle, "nobody-at-all.test", ben.did]))
    assert by_handle == expected
    assert (nobody.state, nobody.remote_id) == (State.MISSING, None)
    assert by_id == Profile(ben.handle, State.ACTIVE, ben.did, posts=0, followers=0)


def test_a_renamed_account_is_followed(source: Source, ada: Person, now: datetime) -> None:
    [post] = ada.write_many([now])
    _check(source, ada, [post])
    new = f"new-{ada.handle}"
    ada.rename(new)
    until(lambda: [profile.handle for profile in source.profiles([ada.did])] == [new])
    assert [each.state for each in source.look_up([new, ada.handle])] == [State.ACTIVE, State.MISSING]
    _check(source, ada, [post])


@pytest.mark.parametrize(
    "absence",
    [
        (State.SUSPENDED, Pds.suspend, lambda pds, who: pds.suspend(who, applied=False)),
        (State.DEACTIVATED, lambda _, who: who.deactivate(), lambda _, who: who.activate()),
    ],
    ids=["suspended", "deactivated"],
)
def test_an_account_that_is_away_is_told_from_one_that_is_gone_and_comes_back(
    source: Source, pds: Pds, ada: Person, now: datetime, absence: tuple[State, Act, Act]
) -> None:
    state, leave, come_back = absence
    [post] = ada.write_many([now])
    _check(source, ada, [post])
    leave(pds, ada)
    until(lambda: _read(source, ada).state == state)
    assert _read(source, ada).posts is None
    assert [profile.state for profile in source.look_up([ada.handle, ada.did])] == [state, state]
    come_back(pds, ada)
    _check(source, ada, [post])


def test_a_deleted_account_is_gone(source: Source, pds: Pds, ada: Person, now: datetime) -> None:
    [post] = ada.write_many([now])
    _check(source, ada, [post])
    pds.delete(ada)
    until(lambda: _read(source, ada).state == State.MISSING)
    assert [profile.state for profile in source.look_up([ada.handle, ada.did])] == [State.MISSING, State.MISSING]


def test_an_account_that_asks_for_signing_in_is_not_read(source: Source, ada: Person, now: datetime) -> None:
    [post] = ada.write_many([now])
    _check(source, ada, [post])
    ada.ask_for_signing_in()
    until(lambda: _read(source, ada).state == State.WITHHELD)
    assert _read(source, ada).posts is None
    assert [profile.state for profile in source.look_up([ada.handle])] == [State.WITHHELD]


def _newcomer(pds: Pds) -> Person:
    return pds.register(f"person{next(NUMBERS)}")


def _read(source: Source, person: Person, depth: int = DEPTH) -> FetchResult:
    return source.fetch(Due(1, person.did, depth), datetime.now(UTC), StopFlag())


def _check(source: Source, person: Person, posts: Iterable[Written], depth: int = DEPTH) -> None:
    """The newest of these posts are what is read beside replies to others, once the AppView has caught up."""
    expected = [post.expected() for post in posts][:depth]

    def read() -> list[Post]:
        result = _read(source, person, depth)
        return [Post(post.id, post.created_at, post.counts) for post in result.posts or () if not post.is_reply]

    with suppress(pytest.fail.Exception):  # the assertion shows the difference
        until(lambda: read() == expected)
    assert read() == expected


def _profiles(profiles: Iterable[Profile]) -> list[Profile]:
    """Without the dates at which they joined."""
    return [replace(profile, joined_at=None) for profile in profiles]
