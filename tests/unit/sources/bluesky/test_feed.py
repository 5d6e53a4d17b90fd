"""An account's feed, read from the stand-in: pages, reposts, threads, deleted posts, states, names, stale copies."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from pipeline.errors import ServiceError
from pipeline.i18n import STATE_NAMES, lazy_gettext
from pipeline.records import Due, FetchResult, State
from pipeline.sources.bluesky.client import BlueskyClient
from pipeline.sources.bluesky.fetch import MOST_PAGES
from pipeline.sources.source import StopFlag
from tests.unit.sandbox.conftest import ControlApi
from tests.unit.sources.bluesky.conftest import DID, NOW, Host, ids, read, shown

START = datetime(2026, 11, 1, tzinfo=UTC)
OTHER = "did:plc:" + "o" * 24
FEED = "app.bsky.feed.getAuthorFeed"
FIRST_PAGES, A_PAGE = 100 * MOST_PAGES, 100


def entry(number: int, **more: Any) -> dict[str, Any]:
    at = f"{START + timedelta(minutes=number):%Y-%m-%dT%H:%M:%SZ}"
    counts = {"reposts": number % 7, "replies": number % 5, "likes": number, "quotes": number % 3, "bookmarks": 1}
    return {"post_id": f"post{number}", "created_at": at, **counts, **more}


def timeline(count: int, **kinds: Any) -> list[dict[str, Any]]:
    """Newest first. kinds: columns by their names, each a function of the entry's number."""
    return [entry(number, **{name: chosen(number) for name, chosen in kinds.items()}) for number in range(count, 0, -1)]


def load(control: ControlApi, posts: list[dict[str, Any]] | None = None, **more: Any) -> None:
    account = {"handle": "alice.test", "did": DID, **more}
    control.post("bluesky/accounts", accounts=[account if posts is None else {**account, "posts": posts}])


def asked(control: ControlApi) -> int:
    return len([call for call in control.get("calls", service="bluesky") if call["method"] == FEED])


def test_the_newest_own_posts_are_read_in_one_request(bluesky: BlueskyClient, control: ControlApi) -> None:
    load(control, timeline(150))
    result = read(bluesky)
    assert ids(result) == [f"post{number}" for number in range(150, 50, -1)]
    assert (result.complete, result.partial, result.ended, result.requests) == (True, False, False, 1)
    newest = (result.posts or ())[0]
    assert newest.counts._asdict() == {
        "likes": 150,
        "reposts": 3,
        "replies": 0,
        "quotes": 0,
        "bookmarks": 1,
        "views": None,
    }
    assert newest.created_at == START + timedelta(minutes=150)


@pytest.mark.parametrize(
    ("there", "depth", "requests"),
    [
        (0, 100, 1),
        (99, 100, 1),
        (100, 100, 1),
        (100, 40, 1),
        (101, 100, 1),
        (250, 300, 3),
        (250, 250, 3),
        (900, 2000, 5),
    ],
)
def test_pages_follow_until_there_are_enough_posts_or_no_more(
    bluesky: BlueskyClient, control: ControlApi, there: int, depth: int, requests: int
) -> None:
    load(control, timeline(there))
    result = read(bluesky, depth=depth)
    assert ids(result) == [f"post{number}" for number in range(there, 0, -1)][: min(depth, FIRST_PAGES)]
    assert (result.requests, result.partial) == (requests, False)
    assert result.complete == (there <= FIRST_PAGES or depth <= FIRST_PAGES)
    assert result.ended == (there <= min(depth, FIRST_PAGES)), "no older posts are there"
    assert asked(control) == requests


def test_reposts_are_left_out_also_of_own_posts(bluesky: BlueskyClient, control: ControlApi) -> None:
    posts = timeline(
        30, is_repost=lambda number: number % 3 == 0, of_post=lambda number: "post1" if number == 6 else None
    )
    load(control, posts)
    result = read(bluesky)
    assert ids(result) == [f"post{number}" for number in range(30, 0, -1) if number % 3]
    assert (result.complete, result.partial) == (True, False)


def test_answers_to_others_are_told_from_threads(bluesky: BlueskyClient, control: ControlApi) -> None:
    posts = timeline(
        30, is_reply=lambda number: number % 2 == 0, of_post=lambda number: None if number % 4 else "post1"
    )
    load(control, posts)
    result = read(bluesky)
    assert ids(result) == [f"post{number}" for number in range(30, 0, -1)]
    replies = [post.id for post in result.posts or () if post.is_reply]
    assert replies == [f"post{number}" for number in range(30, 0, -1) if number % 4 == 2]


@pytest.mark.parametrize(("there", "share", "depth"), [(150, 3, 40), (150, 2, 70), (60, 2, 100), (900, 20, 30)])
def test_as_many_posts_are_read_with_replies_as_without(
    bluesky: BlueskyClient, control: ControlApi, there: int, share: int, depth: int
) -> None:
    """One post in so many is no reply."""
    load(control, timeline(there, is_reply=lambda number: number % share != 0))
    result = read(bluesky, depth=depth)
    newest = list(range(there, max(there - FIRST_PAGES, 0), -1))
    others = [number for number in newest if number % share == 0][:depth]
    assert ids(result) == [f"post{number}" for number in newest if number in {*newest[:depth], *others}]
    assert result.complete == (len(others) == depth or there <= FIRST_PAGES)


def test_an_answer_in_an_own_thread_stays_when_the_thread_s_first_post_is_on_another_page(
    bluesky: BlueskyClient, control: ControlApi
) -> None:
    answer = entry(500, is_reply=True, of_post="post1")
    load(control, [answer, *timeline(98)])
    whole = ids(read(bluesky))
    load(control, [answer, *timeline(110)])
    later = read(bluesky)
    assert whole == ["post500", *(f"post{number}" for number in range(98, 0, -1))]
    assert ids(later) == ["post500", *(f"post{number}" for number in range(110, 11, -1))], "it is not deleted"
    assert (later.complete, later.partial) == (True, False)


@pytest.mark.parametrize(("root", "parent"), [(DID, OTHER), (OTHER, DID), (OTHER, OTHER), (DID, None)])
def test_an_answer_is_own_where_the_thread_and_what_it_answers_are(
    host: Host, connect: Any, root: str, parent: str | None
) -> None:
    def made(root: str, parent: str | None) -> dict[str, Any]:
        ends = {name: {"uri": f"at://{did}/app.bsky.feed.post/x"} for name, did in (("root", root), ("parent", parent))}
        return {"createdAt": "2026-11-28T10:00:00Z", "reply": ends}

    feed = [{"post": shown(1, record=made(root, parent))}, {"post": shown(2, record=made(DID, DID))}]
    result = odd({"feed": feed}, host, connect(host.address))
    assert {post.id: post.is_reply for post in result.posts or ()} == {"post1": True, "post2": False}
    assert not result.partial


def test_any_mixture_of_reposts_and_short_pages_gives_exactly_the_newest_own_posts(
    bluesky: BlueskyClient, control: ControlApi
) -> None:
    control.post("bluesky/accounts", accounts=[{"handle": "somebody.bsky.social", "state": "suspended"}])
    for seed in range(8):
        chance, did = Random(seed), f"did:plc:{'abcdefgh'[seed] * 24}"
        share = chance.choice((0.1, 0.5, 0.9))
        reposts = {number for number in range(400) if chance.random() < share}
        posts = [
            {**each, "post_id": f"{seed}-{each['post_id']}"}
            for each in timeline(chance.randrange(1, 400), is_repost=reposts.__contains__)
        ]
        control.post("bluesky/accounts", accounts=[{"handle": f"{seed}.test", "did": did, "posts": posts}])
        result = read(bluesky, did, depth=60)
        own = [each["post_id"] for each in posts if not each["is_repost"]]
        assert ids(result) == own[:60]
        assert result.complete
        assert result.ended == (len(own) <= 60 and result.requests == max(1, -(-len(posts) // A_PAGE)))


def test_where_reposts_hide_the_rest_the_reading_ends_and_says_so(bluesky: BlueskyClient, control: ControlApi) -> None:
    load(control, timeline(700, is_repost=lambda number: number < 690))
    result = read(bluesky)
    assert ids(result) == [f"post{number}" for number in range(700, 689, -1)]
    assert (result.requests, result.complete, result.partial, result.ended) == (MOST_PAGES, False, False, False)


def test_a_deleted_post_is_missing_from_a_complete_reading(bluesky: BlueskyClient, control: ControlApi) -> None:
    load(control, timeline(10))
    control.delete("bluesky/posts/post4")
    result = read(bluesky)
    assert "post4" not in ids(result)
    assert (len(ids(result)), result.complete, result.partial) == (9, True, False)


def test_a_count_is_what_was_told_also_where_it_fell(bluesky: BlueskyClient, control: ControlApi) -> None:
    load(control, timeline(3))
    control.post("bluesky/posts/post3", likes=0, reposts=None)
    counts = (read(bluesky).posts or ())[0].counts
    assert (counts.likes, counts.reposts, counts.quotes) == (0, None, 0)


@pytest.mark.parametrize(("claimed", "indexed"), [("2026-11-20T10:00:00Z", "2026-11-02T10:00:00Z"),
    ("2026-11-02T10:00:00Z", "2026-11-20T10:00:00Z"), ("2031-01-01T00:00:00Z", "2026-11-02T10:00:00Z")])  # fmt: skip
def test_a_post_is_as_old_as_bluesky_sorts_it(
    bluesky: BlueskyClient, control: ControlApi, claimed: str, indexed: str
) -> None:
    load(control, [entry(1, created_at=claimed, indexed_at=indexed), entry(2)])
    control.post("clock", at="2026-11-28T12:00:00Z")
    [first, _] = read(bluesky).posts or ()
    assert (first.id, first.created_at) == ("post1", datetime(2026, 11, 2, 10, tzinfo=UTC))


@pytest.mark.parametrize(
    ("state", "expected", "message"),
    [
        ("suspended", State.SUSPENDED, "Account has been suspended"),
        ("deactivated", State.DEACTIVATED, "Account is deactivated"),
        ("deleted", State.MISSING, "Profile not found"),
    ],
)
def test_what_became_of_an_account_is_told_and_it_may_come_back(
    bluesky: BlueskyClient, control: ControlApi, state: str, expected: State, message: str
) -> None:
    load(control, timeline(3), state=state)
    result = read(bluesky)
    assert (result.state, result.posts, result.requests, result.stopped_until) == (expected, None, 2, None)
    assert result.problem == lazy_gettext("{network} says: {title}", network="Bluesky", title=message)
    assert bluesky.look_up([DID, "alice.test"]) == bluesky.look_up([DID]) + bluesky.look_up(["alice.test"])
    assert [each.state for each in bluesky.look_up([DID, "alice.test"])] == [expected, expected]
    assert bluesky.profiles([DID]) == []
    load(control, state="active")
    assert ids(read(bluesky)) == ["post3", "post2", "post1"]


def test_who_begins_to_ask_for_signed_in_people_is_withheld_at_the_next_reading(
    bluesky: BlueskyClient, control: ControlApi
) -> None:
    load(control, timeline(3))
    assert len(ids(read(bluesky))) == 3
    load(control, labels=["!no-unauthenticated"])
    result = read(bluesky)
    assert (result.state, result.posts, result.problem) == (State.WITHHELD, None, STATE_NAMES[State.WITHHELD])
    assert [each.state for each in bluesky.profiles([DID])] == [State.WITHHELD]
    [found] = bluesky.look_up(["alice.test"])
    assert (found.state, found.remote_id) == (State.WITHHELD, DID)


@pytest.mark.parametrize(
    ("labels", "state"),
    [(["!takedown"], State.SUSPENDED), (["!hide"], State.SUSPENDED), (["!warn", "spam", "porn"], None)],
)
def test_moderators_labels_hide_an_account_only_where_they_hide_it_from_all(
    bluesky: BlueskyClient, control: ControlApi, labels: list[str], state: State | None
) -> None:
    load(control, timeline(3), labels=labels)
    assert read(bluesky).state is state
    assert bluesky.profiles([DID])[0].state is (state or State.ACTIVE)


def test_a_renamed_account_keeps_its_id_and_its_old_name_is_nobodys(
    bluesky: BlueskyClient, control: ControlApi
) -> None:
    load(control, timeline(3), handle="before.test")
    load(control, handle="after.test")
    assert len(ids(read(bluesky))) == 3
    assert [each.handle for each in bluesky.profiles([DID])] == ["after.test"]
    found = bluesky.look_up(["before.test", "AFTER.test", DID])
    assert [(each.handle, each.state, each.remote_id) for each in found] == [
        ("before.test", State.MISSING, None),
        ("after.test", State.ACTIVE, DID),
        ("after.test", State.ACTIVE, DID),
    ]


def test_a_handle_that_is_nobodys_now_is_never_a_name(bluesky: BlueskyClient, control: ControlApi) -> None:
    load(control, timeline(3), followers=5)
    load(control, valid_handle=False)
    assert [(each.handle, each.followers) for each in bluesky.profiles([DID])] == [(DID, 5)]
    [found, gone] = bluesky.look_up([DID, "alice.test"])
    assert (found.handle, found.remote_id, found.followers) == (DID, DID, 5)
    assert gone.state is State.MISSING
    assert len(ids(read(bluesky))) == 3


def test_a_profile_tells_followers_and_posts_without_reposts(bluesky: BlueskyClient, control: ControlApi) -> None:
    load(control, timeline(9, is_repost=lambda number: number > 5), followers=1234)
    [profile] = bluesky.profiles([DID])
    assert (profile.followers, profile.posts, profile.note) == (1234, 5, None)


def test_many_handles_are_looked_up_in_a_few_requests(bluesky: BlueskyClient, control: ControlApi) -> None:
    handles = [f"name{number}.test" for number in range(60)]
    control.post("bluesky/accounts", accounts=[{"handle": each} for each in handles])
    found = bluesky.look_up([*handles, "nobody.test", "name0.test"])
    assert [each.handle for each in found] == [*handles, "nobody.test", "name0.test"]
    assert [each.state for each in found] == [State.ACTIVE] * 60 + [State.MISSING, State.ACTIVE]
    assert len(control.get("calls", service="bluesky")) == 3 + 1


def test_names_and_ids_are_looked_up_in_any_case(bluesky: BlueskyClient, control: ControlApi) -> None:
    load(control, timeline(3))
    found = bluesky.look_up([DID.upper(), "ALICE.test", "Nobody.test"])
    assert [each.remote_id for each in found] == [DID, DID, None]
    assert [each.state for each in found] == [State.ACTIVE, State.ACTIVE, State.MISSING]


def test_the_copy_that_a_bridge_makes_names_its_original(bluesky: BlueskyClient) -> None:
    [copy, plain] = bluesky.look_up(["ada.social.example.com.ap.brid.gy", "ada.bsky.social"])
    assert copy.state is State.ACTIVE
    assert copy.note is not None
    assert copy.note.values["original"] == "@ada@social.example.com"
    assert plain.note is None


def test_a_failure_in_between_keeps_what_was_found(bluesky: BlueskyClient, control: ControlApi) -> None:
    load(control, timeline(300))
    control.post("faults", service="bluesky", method=FEED, skip=1, status=503, body="<html>")
    result = read(bluesky, depth=300)
    assert ids(result) == [f"post{number}" for number in range(300, 200, -1)]
    assert (result.complete, result.partial, result.ended) == (False, False, False)
    assert result.problem is not None, "so that the whole is read again soon"


def test_a_stop_in_between_is_told_with_what_was_found(bluesky: BlueskyClient, control: ControlApi) -> None:
    load(control, timeline(300))
    control.post("bluesky/limit", requests=2, seconds=60)
    result = read(bluesky, depth=300)
    assert len(ids(result)) == 200
    assert result.problem == lazy_gettext("{network} accepts no more requests for now", network="Bluesky")
    assert result.stopped_until is not None
    assert asked(control) == 2


def test_a_limit_that_others_used_up_stops_all(bluesky: BlueskyClient, control: ControlApi) -> None:
    load(control, timeline(3))
    control.post("bluesky/limit", requests=1, seconds=300)
    read(bluesky, "did:plc:" + "z" * 24)  # an account that is not there takes the only request
    stop = StopFlag()
    assert read(bluesky, stop=stop).stopped_until is not None
    assert stop.reason is not None
    with pytest.raises(ServiceError):
        bluesky.profiles([DID])


def test_a_stale_copy_answers_with_older_counts_and_that_is_no_failure(
    bluesky: BlueskyClient, control: ControlApi
) -> None:
    load(control, timeline(3))
    control.post("bluesky/cache", seconds=3600, copies=2)

    def likes() -> int | None:
        return (read(bluesky).posts or ())[0].counts.likes

    first = likes()
    control.post("bluesky/posts/post3", likes=99)
    told = [likes() for _ in range(4)]
    assert (first, told) == (3, [99, 3, 99, 3])


def test_a_copy_may_lack_the_newest_posts(bluesky: BlueskyClient, control: ControlApi) -> None:
    load(control, timeline(3))
    assert read(bluesky).sure_until == NOW - timedelta(minutes=1)


def test_nothing_is_asked_once_others_have_stopped(bluesky: BlueskyClient, control: ControlApi) -> None:
    reason = lazy_gettext("{network} cannot be reached", network="Bluesky")
    result = read(bluesky, stop=StopFlag(reason=reason))
    assert (result.problem, result.was_asked, result.requests, result.posts) == (reason, False, 0, None)
    assert asked(control) == 0


def odd(body: dict[str, Any], host: Host, client: BlueskyClient) -> FetchResult:
    host.script(body)
    return client.fetch(Due(1, DID, 100), START, StopFlag())


@pytest.mark.parametrize(
    "post",
    [
        None, [], {}, {"post": None}, {"post": shown(2, uri="post2")}, {"post": shown(2, uri=5)},
        {"post": shown(2, uri=f"at://{DID}/app.bsky.feed.like/post2")}, {"post": shown(2, "did:plc:" + "b" * 24)},
        {"post": shown(2, record={}, indexedAt=None)}, {"post": shown(2, record=None, indexedAt="yesterday")},
        {"post": shown(2, record={"createdAt": "2026-11-28T10:00:00"}, indexedAt="0001-01-01T00:00:00+14:00")},
        {"post": shown(2, uri=f"at://{DID}/app.bsky.feed.post/po/st2")},
    ],
)  # fmt: skip
def test_an_odd_post_is_skipped_and_may_still_exist(host: Host, connect: Any, post: Any) -> None:
    feed = [{"post": shown(1)}, post, {"post": shown(3)}]
    result = odd({"feed": feed}, host, connect(host.address))
    assert ids(result) == ["post1", "post3"]
    assert (result.partial, result.complete, result.ended) == (True, False, False)


@pytest.mark.parametrize("count", [None, -1, 2**53 + 1, 1.0, "7", True, [], {}])
def test_a_count_that_is_no_count_is_unknown_and_takes_nothing_from_the_others(
    host: Host, connect: Any, count: Any
) -> None:
    result = odd({"feed": [{"post": shown(4, repostCount=count)}]}, host, connect(host.address))
    [post] = result.posts or ()
    assert (post.counts.reposts, post.counts.likes) == (None, 4)
    assert result.complete


@pytest.mark.parametrize("count", [0, 1, 2**53])
def test_every_count_up_to_the_largest_is_read(host: Host, connect: Any, count: int) -> None:
    result = odd({"feed": [{"post": shown(4, bookmarkCount=count)}]}, host, connect(host.address))
    assert (result.posts or ())[0].counts.bookmarks == count


@pytest.mark.parametrize(
    ("claimed", "expected"),
    [
        ("2026-11-02T10:00:00.123456789Z", datetime(2026, 11, 2, 10, 0, 0, 123456, UTC)),
        ("2026-11-02T12:00:00+02:00", datetime(2026, 11, 2, 10, tzinfo=UTC)),
        ("2026-11-02T10:00:00.1Z", datetime(2026, 11, 2, 10, 0, 0, 100000, UTC)),
        ("2026-11-02", datetime(2026, 11, 3, tzinfo=UTC)),
        (5, datetime(2026, 11, 3, tzinfo=UTC)),
    ],
)
def test_times_are_read_as_apps_write_them(host: Host, connect: Any, claimed: Any, expected: datetime) -> None:
    post = shown(1, record={"createdAt": claimed}, indexedAt="2026-11-03T00:00:00.000Z")
    assert (odd({"feed": [{"post": post}]}, host, connect(host.address)).posts or ())[0].created_at == expected


@pytest.mark.parametrize("cursor", [5, "", "a b", [], "\u00e9"])
def test_a_cursor_that_is_none_ends_the_reading_as_incomplete(host: Host, connect: Any, cursor: Any) -> None:
    result = odd({"feed": [{"post": shown(1)}], "cursor": cursor}, host, connect(host.address))
    assert (ids(result), result.partial, result.complete, result.ended) == (["post1"], True, False, False)


@pytest.mark.parametrize("labels", [
    [{"src": "did:plc:" + "b" * 24, "val": "!no-unauthenticated"}], [{"val": "!no-unauthenticated"}],
    [{"src": DID, "val": "!no-unauthenticated", "neg": True}], [None, 5, {}], "!no-unauthenticated", None,
    [{"src": DID, "val": ["!hide"]}],
])  # fmt: skip
def test_only_an_accounts_own_label_withholds_it(host: Host, connect: Any, labels: Any) -> None:
    post = shown(1, author={"did": DID, "handle": "alice.test", "labels": labels})
    assert ids(odd({"feed": [{"post": post}]}, host, connect(host.address))) == ["post1"]
