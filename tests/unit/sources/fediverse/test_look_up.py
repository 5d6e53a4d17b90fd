"""Whom a handle names: the domain of the handle and the server of the account must agree on it."""

from datetime import UTC, datetime, timedelta

import pytest

from pipeline import clock
from pipeline.records import Due, Profile, State
from pipeline.sources.fediverse.client import FediverseClient
from pipeline.sources.source import StopFlag
from tests.unit.sources.fediverse.conftest import Fediverse, reply
from tests.unit.sources.fediverse.shapes import account, jrd, status

ACTOR = "https://social.example/users/ada"
ADA = Profile(
    "ada@social.example",
    State.ACTIVE,
    f"{ACTOR}#109",
    posts=678,
    joined_at=datetime(2019, 3, 4, tzinfo=UTC),
    followers=1234,
)
TIMELINE = "/api/v1/accounts/109/statuses"
ONE_POST = f"{TIMELINE}?limit=1&exclude_reblogs=true&exclude_replies=true"


@pytest.fixture(autouse=True)
def _ada(fediverse: Fediverse) -> None:
    """One account on one server."""
    fediverse.fingers("social.example", {"acct:ada@social.example": jrd(ACTOR, "acct:ada@social.example")})
    fediverse.looks_up("social.example", {"ada": account("ada")})
    fediverse.answer("social.example", TIMELINE, [status("1")])


def note(profile: Profile) -> str | None:
    return profile.note.msgid if profile.note else None


def test_an_account_is_found_on_its_server(fediverse: Fediverse, client: FediverseClient) -> None:
    assert client.look_up(["ada@social.example"]) == [ADA]
    assert fediverse.calls == [
        "social.example /.well-known/webfinger?resource=acct:ada@social.example",
        "social.example /api/v1/accounts/lookup?acct=ada",
        f"social.example {ONE_POST}",
    ]


@pytest.mark.parametrize(("remaining", "requests"), [(75, 6), (74, 3)])
def test_names_leave_a_part_of_a_servers_requests_to_the_accounts_that_are_tracked(
    fediverse: Fediverse, client: FediverseClient, remaining: int, requests: int
) -> None:
    ends = (clock.now() + timedelta(minutes=3)).isoformat()
    told = {"X_RateLimit_Limit": "300", "X_RateLimit_Remaining": str(remaining), "X_RateLimit_Reset": ends}
    fediverse.answer("social.example", TIMELINE, [status("1")], **told)
    assert client.look_up(["ada@social.example"]) == [ADA]
    [again] = client.look_up(["ada@social.example"])
    assert len(fediverse.calls) == requests
    assert note(again) == (None if requests == 6 else "{server} accepts no more requests for now")
    read = client.fetch(Due(1, f"{ACTOR}#109", 40), clock.now(), StopFlag())
    assert [post.id for post in read.posts or ()] == ["1"], "timelines are read all the same"


def test_its_name_is_spelled_as_its_server_spells_it(fediverse: Fediverse, client: FediverseClient) -> None:
    fediverse.fingers("social.example", {"acct:ADA@social.example": jrd(ACTOR, "acct:Ada@Social.Example")})
    fediverse.looks_up("social.example", {"Ada": account("ada")})
    assert client.look_up(["ADA@SOCIAL.example"]) == [ADA]


def test_a_domain_may_redirect_to_its_server(fediverse: Fediverse, client: FediverseClient) -> None:
    place = "https://social.example/.well-known/webfinger?resource=acct:ada@ours.example"
    fediverse.answer("ours.example", "/.well-known/webfinger", {}, status=301, location=place)
    fediverse.fingers("social.example", {"acct:ada@ours.example": jrd(ACTOR, "acct:ada@ours.example")})
    assert client.look_up(["ada@ours.example"])[0].handle == "ada@ours.example"
    assert client.look_up(["ada@ours.example"])[0].remote_id == f"{ACTOR}#109"


@pytest.mark.parametrize("typed", ["ada@ours.example", "ada@social.example"])
def test_a_domain_may_answer_for_its_server_which_confirms_it(
    fediverse: Fediverse, client: FediverseClient, typed: str
) -> None:
    answer = jrd(ACTOR, "acct:ada@ours.example")
    for host in ("ours.example", "social.example"):
        fediverse.fingers(host, {"acct:ada@ours.example": answer, "acct:ada@social.example": answer})
    assert [(each.handle, each.remote_id) for each in client.look_up([typed])] == [("ada@ours.example", f"{ACTOR}#109")]


def test_a_page_of_ones_own_may_name_the_account(fediverse: Fediverse, client: FediverseClient) -> None:
    fediverse.fingers("me.example", {"acct:me@me.example": jrd(ACTOR, "acct:ada@social.example")})
    assert client.look_up(["me@me.example"]) == [ADA]


def test_a_domain_cannot_give_another_servers_account_its_own_name(
    fediverse: Fediverse, client: FediverseClient
) -> None:
    fediverse.fingers("evil.example", {"acct:ada@evil.example": jrd(ACTOR, "acct:ada@evil.example")})
    assert client.look_up(["ada@evil.example"]) == [Profile("ada@evil.example", State.MISSING)]


def test_a_server_cannot_take_the_name_of_another_servers_account(
    fediverse: Fediverse, client: FediverseClient
) -> None:
    actor = "https://evil.example/users/ada"
    fediverse.fingers("evil.example", {"acct:x@evil.example": jrd(actor, "acct:ada@social.example")})
    fediverse.looks_up("evil.example", {"ada": account("ada", uri=actor)})
    assert client.look_up(["x@evil.example"]) == [ADA]
    fediverse.fingers("social.example", {})
    assert client.look_up(["x@evil.example"]) == [Profile("x@evil.example", State.MISSING)]


def test_domains_that_point_at_each_other_name_nobody(fediverse: Fediverse, client: FediverseClient) -> None:
    fediverse.fingers("a.example", {"acct:x@a.example": jrd("https://a.example/x", "acct:x@b.example")})
    fediverse.fingers("b.example", {"acct:x@b.example": jrd("https://b.example/x", "acct:x@a.example")})
    assert client.look_up(["x@a.example"]) == [Profile("x@a.example", State.MISSING)]
    assert len(fediverse.calls) == 2


def test_an_account_with_the_same_name_is_not_taken_for_it(fediverse: Fediverse, client: FediverseClient) -> None:
    other = account("ada", uri="https://social.example/users/other")
    fediverse.looks_up("social.example", {"ada": other, "ada@social.example": account("ada")})
    assert client.look_up(["ada@social.example"]) == [ADA]
    fediverse.looks_up("social.example", {"ada": other})
    [profile] = client.look_up(["ada@social.example"])
    assert (profile.state, note(profile)) == (State.UNREADABLE, "{server} is not a Mastodon server that I can read")
    assert profile.remote_id is None


@pytest.mark.parametrize("page", [ACTOR, "https://social.example/@ada"])
def test_older_servers_tell_the_address_of_its_page_alone(
    fediverse: Fediverse, client: FediverseClient, page: str
) -> None:
    shown = account("ada", url=page)
    del shown["uri"]
    answer = jrd(ACTOR, "acct:ada@social.example", "https://social.example/@ada")
    fediverse.fingers("social.example", {"acct:ada@social.example": answer})
    fediverse.looks_up("social.example", {"ada": shown})
    assert client.look_up(["ada@social.example"]) == [ADA]
    shown["url"] = "https://social.example/@other"
    assert client.look_up(["ada@social.example"])[0].state is State.UNREADABLE


@pytest.mark.parametrize(
    "actor",
    [
        "http://social.example/users/ada",
        "https://social.example:8443/users/ada",
        "https://127.0.0.1/users/ada",
        "https://localhost/users/ada",
        "https://a:b@social.example/users/ada",
        "https://social.example@evil.example/users/ada",
        "https://social.example\\@evil.example/x",
        "https://Social.example/users/ada",
        "https://social.example/users/ada#main",
        "https://social.example/users/a da",
        "https://social.example/users/\u202eada",
        "https://social.example./users/ada",
        f"https://social.example/{'a' * 401}",
        "https://social.example",
        "//social.example/users/ada",
        "",
        5,
        None,
    ],
)
def test_an_actor_at_an_odd_address_is_not_followed(
    fediverse: Fediverse, client: FediverseClient, actor: object
) -> None:
    links = [{"rel": "self", "type": "application/activity+json", "href": actor}]
    fediverse.fingers("other.example", {"acct:ada@other.example": {"links": links}})
    [profile] = client.look_up(["ada@other.example"])
    assert (profile.state, note(profile)) == (State.UNREADABLE, "{server} is not a Mastodon server that I can read")
    assert len(fediverse.calls) == 1


@pytest.mark.parametrize(
    "body", [[], "x", {"links": {}}, {"links": ["x", 5, None, {}]}, {"links": [{"rel": ["self"]}]}]
)
def test_any_json_instead_of_an_actor_names_nobody(fediverse: Fediverse, client: FediverseClient, body: object) -> None:
    fediverse.fingers("other.example", {"acct:ada@other.example": body})
    assert client.look_up(["ada@other.example"])[0].state is State.UNREADABLE


def test_who_does_not_exist_is_missing_and_who_is_suspended_is_suspended(
    fediverse: Fediverse, client: FediverseClient
) -> None:
    answer = jrd(ACTOR, "acct:ada@social.example")
    found = {"acct:ada@social.example": answer, "acct:gone@social.example": reply(None, status=410)}
    fediverse.fingers("social.example", found)
    fediverse.looks_up("social.example", {"ada": account("ada", suspended=True)})
    states = [
        each.state for each in client.look_up(["nobody@social.example", "gone@social.example", "ada@social.example"])
    ]
    assert states == [State.MISSING, State.SUSPENDED, State.SUSPENDED]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("ada@127.0.0.1", "{server} is not an address that I may read"),
        ("ada@social.local", "{server} is not an address that I may read"),
        ("a/b@social.example", "{server} is not an address that I may read"),
        ("ada@social.example@x", "{server} is not an address that I may read"),
        ("zuck@threads.net", "Threads shows no figures to people who are not signed in"),
        ("zuck@www.Threads.net", "Threads shows no figures to people who are not signed in"),
    ],
)
def test_who_cannot_be_read_is_not_asked_for(
    fediverse: Fediverse, client: FediverseClient, name: str, sentence: str
) -> None:
    [profile] = client.look_up([name])
    assert (profile.state, note(profile)) == (State.UNREADABLE, sentence)
    assert fediverse.calls == []


def test_of_a_copy_the_original_is_offered(fediverse: Fediverse, client: FediverseClient) -> None:
    [profile] = client.look_up(["alice.bsky.social@bsky.brid.gy"])
    assert profile.remote_id is None
    assert profile.note is not None
    assert profile.note.values == {"handle": "alice.bsky.social"}
    assert fediverse.calls == []


@pytest.mark.parametrize("answer", [{"status": 401}, {"status": 422}, {"status": 302, "location": "/login"}])
def test_an_account_whose_posts_guests_may_not_read_is_unreadable(
    fediverse: Fediverse, client: FediverseClient, answer: dict[str, object]
) -> None:
    fediverse.answer("social.example", TIMELINE, {}, **answer)
    [profile] = client.look_up(["ada@social.example"])
    assert (profile.state, note(profile)) == (
        State.UNREADABLE,
        "{server} shows nothing to people who are not signed in",
    )


def test_what_a_person_should_know_is_noted(fediverse: Fediverse, client: FediverseClient) -> None:
    fediverse.looks_up("social.example", {"ada": account("ada", moved={"acct": "ada@new.example"})})
    assert note(client.look_up(["ada@social.example"])[0]) == "moved to @{handle}"
    fediverse.looks_up("social.example", {"ada": account("ada", noindex=True)})
    fediverse.answer("social.example", TIMELINE, [])
    [profile] = client.look_up(["ada@social.example"])
    assert profile.note is not None
    assert [each.msgid for each in profile.note.values["notes"]] == [  # type: ignore[union-attr]
        "shows no posts of its own to people who are not signed in",
        "asks search engines to leave it out",
    ]


def test_one_server_at_fault_costs_no_other_its_answer(fediverse: Fediverse, client: FediverseClient) -> None:
    fediverse.answer("down.example", "/.well-known/webfinger", {}, status=503)
    names = ["a@down.example", "ada@social.example", "b@nobody.example"]
    profiles = client.look_up(names)
    assert [each.state for each in profiles] == [State.UNREADABLE, State.ACTIVE, State.MISSING]
    assert [each.handle for each in profiles] == names


def test_profiles_are_followed_by_id_and_named_anew(fediverse: Fediverse, client: FediverseClient) -> None:
    fediverse.answer("social.example", "/api/v1/accounts/109", account("ada", followers_count=2000))
    answer = jrd(ACTOR, "acct:ada@ours.example")
    for host in ("ours.example", "social.example"):
        fediverse.fingers(host, {"acct:ada@ours.example": answer, "acct:ada@social.example": answer})
    [profile] = client.profiles([f"{ACTOR}#109"])
    assert (profile.handle, profile.remote_id, profile.followers) == ("ada@ours.example", f"{ACTOR}#109", 2000)


def test_profiles_leave_out_what_is_not_shown_or_is_somebody_elses(
    fediverse: Fediverse, client: FediverseClient
) -> None:
    fediverse.answer("social.example", "/api/v1/accounts/109", account("ada"))
    fediverse.answer("social.example", "/api/v1/accounts/110", account("ada", id="110", suspended=True))
    odd = ("nonsense", "https://127.0.0.1/x#1", f"{ACTOR}#..", f"{ACTOR}#1/2", "https://social.example/users/eve#109")
    down = "https://down.example/users/x#1"
    fediverse.answer("down.example", "/api/v1/accounts/1", {}, status=500)
    profiles = client.profiles([*odd, f"{ACTOR}#110", down, f"{ACTOR}#109"])
    assert [each.remote_id for each in profiles] == [f"{ACTOR}#109"]
