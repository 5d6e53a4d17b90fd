"""What a real server of Bluesky answered, and what is made of it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from pipeline.i18n import STATE_NAMES, lazy_gettext
from pipeline.records import Counts, Metric, Profile, State
from pipeline.sources.bluesky.client import BlueskyClient
from tests.unit.sources.bluesky.conftest import Host, read, recorded

Connect = Callable[..., BlueskyClient]
FEED, PROFILE = "app.bsky.feed.getAuthorFeed", "app.bsky.actor.getProfile"
NAMES = {
    Metric.REPOSTS: "repostCount",
    Metric.LIKES: "likeCount",
    Metric.REPLIES: "replyCount",
    Metric.QUOTES: "quoteCount",
    Metric.BOOKMARKS: "bookmarkCount",
}


def is_own_thread(post: dict[str, Any], did: str) -> bool:
    return all(did in each["uri"] for each in post["record"].get("reply", {}).values())


@pytest.mark.parametrize("name", ["feed_posts_with_replies", "feed_posts_no_replies", "feed_posts_and_author_threads"])
def test_a_feed_gives_the_accounts_own_posts_with_their_counts(host: Host, connect: Connect, name: str) -> None:
    host.replay(name)
    answer = recorded()[name]["json"]
    did = next(item["post"]["author"]["did"] for item in answer["feed"] if "reason" not in item)
    own = [item["post"] for item in answer["feed"] if "reason" not in item]
    threads = [post for post in own if is_own_thread(post, did)]
    result = read(connect(host.address), did, depth=len(threads))
    own = [post for post in own if post in own[: len(threads)] or post in threads]
    assert (result.complete, result.partial, result.requests) == (True, False, 1)
    assert len(own) < len(answer["feed"]), "there is a repost"
    assert [(post.id, post.created_at, post.counts, post.is_reply) for post in result.posts or ()] == [
        (
            each["uri"].rsplit("/", 1)[1],
            datetime.fromisoformat(each["record"]["createdAt"]),
            Counts(**{metric: each[wire] for metric, wire in NAMES.items()}),
            each not in threads,
        )
        for each in own
    ]
    assert all(each["indexedAt"] >= each["record"]["createdAt"] for each in own)


def test_a_feed_with_the_label_is_withheld_and_nothing_of_it_is_kept(host: Host, connect: Connect) -> None:
    host.replay("feed_with_pin_and_label")
    did = recorded()["feed_with_pin_and_label"]["json"]["feed"][0]["post"]["author"]["did"]
    result = read(connect(host.address), did)
    assert (result.state, result.posts, result.problem) == (State.WITHHELD, None, STATE_NAMES[State.WITHHELD])
    assert len(host.asked) == 1


@pytest.mark.parametrize(
    ("feed", "profile", "state", "message"),
    [
        ("feed_suspended", "profile_suspended", State.SUSPENDED, "Account has been suspended"),
        ("feed_deactivated", "profile_deactivated", State.DEACTIVATED, "Account is deactivated"),
        ("feed_deleted", "profile_deleted", State.MISSING, "Profile not found"),
        ("unknown", "profile_deleted", State.MISSING, "Profile not found"),
        ("bad_limit", "profile", None, "Invalid app.bsky.feed.getAuthorFeed params: integer too big "),
        ("feed_deleted", "bad_limit", None, "Invalid app.bsky.feed.getAuthorFeed params: integer too big "),
    ],
)
def test_after_a_refusal_the_profile_tells_what_became_of_the_account(  # noqa: PLR0913, PLR0917
    host: Host, connect: Connect, feed: str, profile: str, state: State | None, message: str
) -> None:
    host.replay(feed, FEED)
    host.replay(profile, PROFILE)
    result = read(connect(host.address))
    assert (result.posts, result.state, result.stopped_until, result.requests) == (None, state, None, 2)
    assert result.problem == lazy_gettext("{network} says: {title}", network="Bluesky", title=message)
    assert host.methods() == [FEED, PROFILE]
    assert host.asked[1][1] == {"actor": host.asked[0][1]["actor"][0:1]}


def test_a_profile_that_asks_for_signed_in_people_explains_a_refused_feed_too(host: Host, connect: Connect) -> None:
    host.replay("feed_deleted", FEED)
    host.replay("profile_no_unauthenticated", PROFILE)
    did = recorded()["profile_no_unauthenticated"]["json"]["did"]
    assert read(connect(host.address), did).state is State.WITHHELD


def test_profiles_are_told_apart_by_their_ids(host: Host, connect: Connect) -> None:
    host.replay("profiles")
    answer = recorded()["profiles"]["json"]["profiles"]
    expected = [
        Profile(each["handle"], State.ACTIVE, each["did"], each["postsCount"], followers=each["followersCount"])
        for each in answer
    ]
    assert connect(host.address).profiles([each["did"] for each in answer]) == expected
    assert host.asked[0][1] == {"actors": [each["did"] for each in answer]}


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("profile_suspended_by_handle", State.SUSPENDED),
        ("profile_deactivated_by_handle", State.DEACTIVATED),
        ("profile_deleted", State.MISSING),
    ],
)
def test_who_is_left_out_of_a_look_up_is_asked_for_alone(host: Host, connect: Connect, name: str, state: State) -> None:
    host.replay("profiles", "app.bsky.actor.getProfiles")
    host.replay(name, PROFILE)
    found = connect(host.address).look_up(["bobby.test", "carla.test", "Alice.test"])
    assert [(each.handle, each.state) for each in found] == [
        ("bobby.test", State.ACTIVE),
        ("carla.test", state),
        ("alice.test", State.ACTIVE),
    ]
    assert found[1].remote_id is None
    assert host.methods() == ["app.bsky.actor.getProfiles", PROFILE]


def test_a_refusal_that_says_nothing_of_an_account_is_that_accounts_alone(host: Host, connect: Connect) -> None:
    host.replay("profiles", "app.bsky.actor.getProfiles")
    host.replay("bad_limit", PROFILE)
    found = connect(host.address).look_up(["bobby.test", "carla.test"])
    assert [each.state for each in found] == [State.ACTIVE, State.UNREADABLE]
    assert found[1].note is not None
    assert found[1].note.msgid == "{network} says: {title}"


def test_who_asks_for_signed_in_people_is_looked_up_with_its_id_since_it_may_be_stored(
    host: Host, connect: Connect
) -> None:
    shown = recorded()["profile_no_unauthenticated"]["json"]
    host.script({"profiles": [shown]})
    [found] = connect(host.address).look_up([shown["handle"]])
    assert (found.state, found.remote_id) == (State.WITHHELD, shown["did"])
    assert connect(host.address).profiles([shown["did"]])[0].remote_id == shown["did"]
