"""The client against the stand-in of the fediverse: its accounts are found, and its figures are those that it has."""

from typing import Any

import pytest

from pipeline import clock
from pipeline.records import Due, FetchResult, Profile, State
from pipeline.settings import Settings
from pipeline.sources.fediverse.client import FediverseClient, connect
from pipeline.sources.source import StopFlag
from tests.unit.sandbox.fediverse.conftest import HANDLE, Guest, post


@pytest.fixture
def client(url: str) -> FediverseClient:
    return connect(Settings.model_validate({"fediverse_api_url": f"{url}/fediverse/{{host}}"}))


def look_up(client: FediverseClient, handle: str) -> Profile:
    [profile] = client.look_up([handle])
    return profile


def fetch(client: FediverseClient, profile: Profile, depth: int = 100) -> FetchResult:
    assert profile.remote_id is not None
    return client.fetch(Due(1, profile.remote_id, depth), clock.now(), StopFlag())


def figures(result: FetchResult) -> list[tuple[str, Any]]:
    assert result.posts is not None
    return [(post.id, post.counts) for post in result.posts]


@pytest.mark.parametrize("kind", ["mastodon", "mastodon-4.2", "pleroma"])
def test_each_software_is_read_with_the_figures_that_it_has(
    client: FediverseClient,
    guest: Guest,
    kind: str,
) -> None:
    host = HANDLE.partition("@")[2]
    guest.control("fediverse/servers", host=host, kind=kind)
    given = [
        post(number, favourites=number * 2, replies=number * 3, quotes=number * 4, is_repost=number % 5 == 0)
        for number in range(1, 131)
    ]
    guest.load(*given, followers=4321)
    profile = look_up(client, HANDLE)
    assert (profile.handle, profile.state, profile.followers, profile.note) == (HANDLE, State.ACTIVE, 4321, None)
    result = fetch(client, profile)
    assert result.posts is not None
    own = [each["boosts"] for each in reversed(given) if not each["is_repost"]][:100]
    quotes = [number * 4 if kind == "mastodon" else None for number in own]
    assert [each.counts.reposts for each in result.posts] == own
    assert [each.counts.likes for each in result.posts] == [number * 2 for number in own]
    assert [each.counts.replies for each in result.posts] == [number * 3 for number in own]
    assert [each.counts.quotes for each in result.posts] == quotes
    assert (result.complete, result.partial, result.followers) == (True, False, 4321)


def test_a_made_up_account_has_no_boosts_no_answers_to_others_and_no_hidden_posts(
    client: FediverseClient,
    guest: Guest,
) -> None:
    result = fetch(client, look_up(client, "observatory@stars.example"), 40)
    listed = guest.statuses("observatory@stars.example", limit=40, exclude_reblogs="true", exclude_replies="true")
    assert result.posts is not None
    assert [each.id for each in result.posts] == [each["id"] for each in listed]
    assert [each.counts.likes for each in result.posts] == [each["favourites_count"] for each in listed]


def test_a_domain_leads_to_its_server(client: FediverseClient, guest: Guest) -> None:
    guest.control("fediverse/servers", host="social.bakery.example", domain="bakery.example")
    profile = look_up(client, "bo@bakery.example")
    assert profile.handle == "bo@bakery.example"
    assert str(profile.remote_id).startswith("https://social.bakery.example/users/bo#")
    assert look_up(client, "bo@social.bakery.example") == profile
    assert [each.handle for each in client.profiles([str(profile.remote_id)])] == ["bo@bakery.example"]
    assert fetch(client, profile, 40).posts


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("no-guests", "{server} shows nothing to people who are not signed in"),
        ("login", "{server} shows nothing to people who are not signed in"),
        ("signed-in", "{server} shows nothing to people who are not signed in"),
        ("wall", "{server} shows nothing to people who are not signed in"),
        ("no-api", "{server} is not a Mastodon server that I can read"),
        ("silent", "{server} is not answering"),
    ],
)
def test_a_server_that_shows_guests_nothing_says_why(
    client: FediverseClient,
    guest: Guest,
    kind: str,
    sentence: str,
) -> None:
    guest.control("fediverse/servers", host="social.example", kind=kind)
    profile = look_up(client, HANDLE)
    assert profile.note is not None
    assert (profile.state, profile.note.msgid, profile.remote_id) == (State.UNREADABLE, sentence, None)


@pytest.mark.parametrize(
    ("state", "found", "read"),
    [
        ("suspended", State.SUSPENDED, State.SUSPENDED),
        ("gone", State.SUSPENDED, State.SUSPENDED),
        ("forbidden", State.SUSPENDED, State.SUSPENDED),
        ("missing", State.MISSING, State.MISSING),
    ],
)
def test_what_becomes_of_an_account_is_told(
    client: FediverseClient,
    guest: Guest,
    state: str,
    found: State,
    read: State,
) -> None:
    guest.load(post(1))
    profile = look_up(client, HANDLE)
    guest.change(HANDLE, state=state)
    assert fetch(client, profile).state is read
    assert look_up(client, HANDLE).state is found
    assert client.profiles([str(profile.remote_id)]) == []


def test_what_a_person_should_know_is_noted(client: FediverseClient) -> None:
    names = ("moved@social.example", "limited@social.example", "noindex@social.example", "private@social.example")
    notes = [look_up(client, name).note for name in names]
    assert [note.msgid if note else None for note in notes] == [
        "moved to @{handle}",
        "limited by the moderators of its server",
        "asks search engines to leave it out",
        "shows no posts of its own to people who are not signed in",
    ]


def test_the_limits_of_a_server_are_heeded(client: FediverseClient, guest: Guest) -> None:
    guest.load(*[post(number) for number in range(1, 60)])
    profile = look_up(client, HANDLE)
    guest.control("fediverse/servers", host="social.example", requests=2)
    first = fetch(client, profile)
    assert first.stopped_until is not None
    assert first.posts
    assert not fetch(client, profile).was_asked
    assert [(window.server, window.limit, window.remaining) for window in client.observed().windows] == [
        ("social.example", 2, 0)
    ]
    assert fetch(client, look_up(client, "bo@other.example"), 40).posts


def test_a_deleted_post_is_gone_and_an_edited_count_is_told(client: FediverseClient, guest: Guest) -> None:
    guest.load(*[post(number) for number in range(1, 4)])
    profile = look_up(client, HANDLE)
    before = figures(fetch(client, profile))
    guest.control(f"fediverse/posts/social.example/{before[1][0]}", boosts=77)
    guest.http.delete(f"/_control/fediverse/posts/social.example/{before[0][0]}").raise_for_status()
    after = figures(fetch(client, profile))
    assert after == [(before[1][0], before[1][1]._replace(reposts=77)), before[2]]
