"""An account's timeline, read page by page from its server; the figures are those that the server was given."""

import time
from collections.abc import Iterator
from datetime import timedelta
from random import Random
from threading import Event
from typing import Any

import pytest

from pipeline import clock
from pipeline.records import Counts, Due, FetchResult, State
from pipeline.sources.fediverse.client import FediverseClient
from pipeline.sources.fediverse.refusals import PAUSE
from pipeline.sources.source import StopFlag
from tests.unit.sources.fediverse.conftest import Fediverse, reply
from tests.unit.sources.fediverse.shapes import NEWEST, account, status

HOST = "social.example"
TIMELINE = "/api/v1/accounts/109/statuses"
FIRST = f"{HOST} {TIMELINE}?exclude_reblogs=true&exclude_replies=true&limit=40"
NOW = clock.now()


def due(depth: int = 100, remote_id: str = "https://social.example/users/ada#109") -> Due:
    return Due(1, remote_id, depth)


def fetch(client: FediverseClient, asked: Due | None = None, stop: StopFlag | None = None) -> FetchResult:
    return client.fetch(asked or due(), NOW, stop or StopFlag())


def ids(result: FetchResult) -> list[str]:
    assert result.posts is not None
    return [post.id for post in result.posts]


def timeline(fediverse: Fediverse, entries: list[dict[str, Any]], *, links: bool = True, host: str = HOST) -> None:
    """Serve these entries, newest first, as Mastodon pages them."""

    def answer(params: dict[str, str]) -> bytes:
        known = [entry["id"] for entry in entries]
        start = known.index(params["max_id"]) + 1 if "max_id" in params else 0
        shown = entries[start : start + int(params["limit"])]
        link = f'<https://{host}/x?max_id={shown[-1]["id"]}>; rel="next", ' if start + len(shown) < len(entries) else ""
        return reply(shown, link=f'{link}<https://{host}/x>; rel="prev"') if links and shown else reply(shown)

    fediverse.answers[host, TIMELINE] = answer
    fediverse.answer(host, "/api/v1/accounts/109", account("ada"))


def entries(count: int, **changed: Any) -> list[dict[str, Any]]:
    """With counts at random, each with its own."""
    random = Random(count)
    names = ("reblogs_count", "favourites_count", "replies_count", "quotes_count")
    return [
        status(f"{9000 - number}", minutes=number, **{name: random.randrange(5000) for name in names}, **changed)
        for number in range(count)
    ]


def test_a_whole_reading_has_the_newest_posts_with_the_figures_that_the_server_has(
    fediverse: Fediverse, client: FediverseClient
) -> None:
    made = entries(250)
    timeline(fediverse, made)
    result = fetch(client)
    assert result.posts is not None
    assert [
        (post.id, post.counts.reposts, post.counts.likes, post.counts.replies, post.counts.quotes)
        for post in result.posts
    ] == [
        (each["id"], each["reblogs_count"], each["favourites_count"], each["replies_count"], each["quotes_count"])
        for each in made[:100]
    ]
    assert {(post.counts.views, post.counts.bookmarks) for post in result.posts} == {(None, None)}
    assert [post.created_at for post in result.posts] == [NEWEST - timedelta(minutes=number) for number in range(100)]
    assert (result.complete, result.partial, result.ended) == (True, False, False)
    assert (result.requests, result.followers, result.problem, result.stopped_until) == (3, 1234, None, None)
    assert fediverse.calls == [FIRST, f"{FIRST}&max_id=8961", f"{FIRST}&max_id=8921"]


def test_a_reading_of_the_newest_page_asks_once(fediverse: Fediverse, client: FediverseClient) -> None:
    made = entries(250)
    made[3]["reblog"] = status("1")
    timeline(fediverse, made)
    result = fetch(client, due(40))
    assert fediverse.calls == [FIRST]
    assert len(ids(result)) == 39
    assert (result.complete, result.partial, result.ended, result.requests) == (False, False, False, 1)


@pytest.mark.parametrize(("links", "requests"), [(True, 2), (False, 3)])
def test_a_timeline_ends_where_the_server_says_so_or_shows_nothing_more(
    fediverse: Fediverse, client: FediverseClient, *, links: bool, requests: int
) -> None:
    timeline(fediverse, entries(55), links=links)
    result = fetch(client)
    assert len(ids(result)) == 55
    assert (result.complete, result.ended, result.requests) == (True, True, requests)


def test_a_short_page_is_not_the_end_where_more_follow(fediverse: Fediverse, client: FediverseClient) -> None:
    made = entries(60)
    pages = {None: made[:31], made[30]["id"]: made[31:]}
    next_page = f'<https://{HOST}/x?max_id=1>; rel="next"'

    def answer(params: dict[str, str]) -> bytes:
        shown = pages[params.get("max_id")]
        return reply(shown, link=next_page if "max_id" not in params else f'<https://{HOST}/x>; rel="prev"')

    fediverse.answers[HOST, TIMELINE] = answer
    result = fetch(client)
    assert ids(result) == [each["id"] for each in made]
    assert result.complete


def test_where_the_server_says_the_next_page_is_makes_no_difference(
    fediverse: Fediverse, client: FediverseClient
) -> None:
    made = entries(80)
    evil = '<https://127.0.0.1/admin?max_id=1>; rel="next"'
    fediverse.answers[HOST, TIMELINE] = lambda params: reply(made[40:] if "max_id" in params else made[:40], link=evil)
    fetch(client, due(80))
    assert fediverse.calls == [FIRST, f"{FIRST}&max_id=8961"]


def test_boosts_and_replies_that_a_server_does_not_leave_out_are_read_past(
    fediverse: Fediverse, client: FediverseClient
) -> None:
    made = entries(200)
    for number, entry in enumerate(made):
        if number % 2:
            entry["reblog"] = status("1")
        elif number % 10 == 0:
            entry |= {"in_reply_to_id": "5", "in_reply_to_account_id": "77"}
    timeline(fediverse, made)
    result = fetch(client, due(60))
    own = [each["id"] for each in made if each["reblog"] is None and each["in_reply_to_id"] is None]
    assert len(own) == 80
    assert ids(result) == own[:60]
    assert (result.complete, result.partial) == (True, False)


def test_boosts_without_an_end_are_not_read_for_ever(fediverse: Fediverse, client: FediverseClient) -> None:
    timeline(fediverse, entries(1000, reblog=status("1")))
    result = fetch(client)
    assert (ids(result), result.complete, result.ended, result.requests) == ([], False, False, 6)


@pytest.mark.parametrize("cut", [[0], [0, 1]])
def test_pages_that_repeat_themselves_end(fediverse: Fediverse, client: FediverseClient, cut: list[int]) -> None:
    pages = [entries(40), entries(40)[::-1]]
    shown = [pages[number] for number in cut]
    fediverse.answers[HOST, TIMELINE] = lambda _: reply(shown[len(fediverse.calls) % len(shown)])
    result = fetch(client, due(3200))
    assert len(ids(result)) == 40
    assert (result.complete, result.ended, result.partial) == (False, False, True)
    assert result.requests <= 160


def test_one_odd_post_costs_no_other_and_nothing_is_taken_for_deleted(
    fediverse: Fediverse, client: FediverseClient
) -> None:
    made = entries(5)
    made[2]["created_at"] = "yesterday"
    del made[3]["quotes_count"]
    timeline(fediverse, made)
    result = fetch(client)
    assert result.posts is not None
    assert ids(result) == ["9000", "8999", "8997", "8996"]
    assert (result.partial, result.complete, result.ended) == (True, False, False)
    assert result.posts[2].counts == Counts(
        made[3]["reblogs_count"], made[3]["favourites_count"], made[3]["replies_count"]
    )


def test_pinned_posts_in_front_are_put_in_order(fediverse: Fediverse, client: FediverseClient) -> None:
    made = entries(5)
    timeline(fediverse, [made[4], *made[:4]])
    result = fetch(client)
    assert ids(result) == [each["id"] for each in made]
    assert result.partial


def test_a_post_that_is_on_two_pages_is_one(fediverse: Fediverse, client: FediverseClient) -> None:
    made = entries(60)
    fediverse.answers[HOST, TIMELINE] = lambda params: reply(made[39:] if "max_id" in params else made[:40])
    assert ids(fetch(client, due(60))) == [each["id"] for each in made]


def test_an_account_without_posts_is_asked_for_itself(fediverse: Fediverse, client: FediverseClient) -> None:
    timeline(fediverse, [])
    result = fetch(client)
    assert (result.posts, result.complete, result.ended, result.followers) == ((), True, True, 1234)
    assert fediverse.calls == [FIRST, f"{HOST} /api/v1/accounts/109"]


@pytest.mark.parametrize(
    ("posts", "profile", "state"),
    [
        ({"status": 404}, {}, State.MISSING),
        ({"status": 410}, {}, State.SUSPENDED),
        ({"status": 403}, {"status": 403}, State.SUSPENDED),
        ({"status": 403}, {"status": 404}, State.MISSING),
        ({"body": []}, {"body": account("ada", suspended=True)}, State.SUSPENDED),
        ({"body": []}, {"status": 410}, State.SUSPENDED),
        ({"body": []}, {"status": 404}, State.MISSING),
        ({"body": []}, {"body": account("eve", uri="https://social.example/users/eve")}, State.MISSING),
        ({"body": [status("1", account=account("x", uri="https://social.example/users/x"))]}, {}, State.MISSING),
    ],
)
def test_what_became_of_an_account_is_told_and_its_posts_are_kept(
    fediverse: Fediverse, client: FediverseClient, posts: dict[str, Any], profile: dict[str, Any], state: State
) -> None:
    fediverse.answer(HOST, TIMELINE, **posts)
    fediverse.answer(HOST, "/api/v1/accounts/109", **profile)
    result = fetch(client)
    assert (result.posts, result.state, result.stopped_until) == (None, state, None)
    assert result.problem is not None
    assert result.was_asked


NO_GUESTS = "{server} shows nothing to people who are not signed in"
NO_MASTODON = "{server} is not a Mastodon server that I can read"
NO_ANSWER = "{server} is not answering"


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ({"status": 401}, NO_GUESTS),
        ({"status": 422}, NO_GUESTS),
        ({"status": 302, "location": "/login"}, NO_GUESTS),
        ({"status": 403, "content_type": "text/html"}, NO_GUESTS),
        ({"status": 404, "content_type": "text/html"}, NO_MASTODON),
        ({"status": 400}, NO_MASTODON),
        ({"body": {"error": "x"}}, NO_MASTODON),
        ({"raw": b"<html>", "content_type": "text/html"}, NO_MASTODON),
        ({"raw": b"[" * 100_000}, NO_MASTODON),
        ({"status": 500}, NO_ANSWER),
        ({"body": [], "age": "90000"}, NO_ANSWER),
    ],
)
def test_a_server_at_fault_is_not_asked_for_a_while_and_says_nothing_of_the_account(
    fediverse: Fediverse, client: FediverseClient, answer: dict[str, Any], sentence: str
) -> None:
    fediverse.answer(HOST, TIMELINE, **answer)
    result = fetch(client)
    assert (result.posts, result.state, result.was_asked) == (None, None, True)
    assert result.problem is not None
    assert (result.problem.msgid, result.problem.values) == (sentence, {"server": HOST})
    assert result.stopped_until is not None
    assert abs(result.stopped_until - clock.now() - PAUSE) < timedelta(seconds=20)
    again = fetch(client)
    assert (again.problem, again.was_asked, again.requests) == (result.problem, False, 0)
    assert len(fediverse.calls) == 1
    other = account("ada", uri="https://other.example/users/ada")
    timeline(fediverse, entries(1, account=other), host="other.example")
    assert ids(fetch(client, due(40, "https://other.example/users/ada#109"))) == ["9000"]


def test_an_answer_out_of_a_cache_is_as_old_as_it_says_and_may_lack_what_is_new(
    fediverse: Fediverse, client: FediverseClient
) -> None:
    fediverse.answer(HOST, TIMELINE, entries(40), age="300")
    result = fetch(client)
    assert result.at == NOW - timedelta(minutes=5)
    assert result.sure_until == NOW - timedelta(minutes=6)


def test_a_fault_that_a_request_for_a_profile_met_with_is_told(fediverse: Fediverse, client: FediverseClient) -> None:
    fediverse.answer(HOST, "/api/v1/accounts/109", status=500)
    assert client.profiles([due().remote_id]) == []
    result = fetch(client)
    assert (result.was_asked, result.problem and result.problem.msgid) == (False, NO_ANSWER)
    assert result.stopped_until is not None
    assert abs(result.stopped_until - clock.now() - PAUSE) < timedelta(seconds=20)


def test_an_account_that_alone_is_hidden_from_guests_stops_no_other_of_its_server(
    fediverse: Fediverse, client: FediverseClient
) -> None:
    fediverse.answer(HOST, TIMELINE, status=403)
    fediverse.answer(HOST, "/api/v1/accounts/109", account("ada"))
    result = fetch(client)
    assert (result.state, result.stopped_until, result.requests) == (State.UNREADABLE, None, 2)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, timedelta(minutes=5)),
        ({"Retry_After": "30"}, timedelta(seconds=30)),
        ({"X_RateLimit_Limit": "300", "X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "iso"}, timedelta(minutes=2)),
        ({"X_RateLimit_Limit": "300", "X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "s"}, timedelta(minutes=2)),
    ],
)
def test_a_refusal_for_too_many_requests_is_heeded_by_its_server_alone(
    fediverse: Fediverse, client: FediverseClient, headers: dict[str, str], wait: timedelta
) -> None:
    ends = clock.now() + timedelta(minutes=2)
    written = {"iso": ends.isoformat().replace("+00:00", "Z"), "s": str(round(ends.timestamp()))}
    sent = {name: written.get(value, value) for name, value in headers.items()}
    fediverse.answer(HOST, TIMELINE, {"error": "Too many requests"}, status=429, **sent)
    result = fetch(client)
    assert result.problem is not None
    assert result.problem.msgid == "{server} accepts no more requests for now"
    assert result.stopped_until is not None
    assert abs(result.stopped_until - clock.now() - wait) < timedelta(seconds=20)
    assert not fetch(client).was_asked
    assert fetch(client, due(40, "https://other.example/users/ada#109")).was_asked


def test_the_last_request_of_a_window_is_the_last_until_it_ends(fediverse: Fediverse, client: FediverseClient) -> None:
    ends = clock.now() + timedelta(minutes=2)
    sent = {"X_RateLimit_Limit": "300", "X_RateLimit_Remaining": "0", "X_RateLimit_Reset": ends.isoformat()}
    fediverse.answer(HOST, TIMELINE, entries(40), **sent)
    result = fetch(client)
    assert len(ids(result)) == 40
    assert (result.requests, result.complete) == (1, False)
    assert result.stopped_until is not None
    assert abs(result.stopped_until - ends) < timedelta(seconds=1)
    [window] = client.observed().windows
    assert (window.server, window.limit, window.remaining, window.resets_at) == (HOST, 300, 0, ends)


def test_what_was_found_before_a_fault_is_kept(fediverse: Fediverse, client: FediverseClient) -> None:
    made = entries(40)
    fediverse.answers[HOST, TIMELINE] = lambda params: reply({}, status=500) if "max_id" in params else reply(made)
    result = fetch(client)
    assert ids(result) == [each["id"] for each in made]
    assert (result.complete, result.partial, result.ended, result.requests) == (False, False, False, 2)
    assert result.stopped_until is not None


def test_no_request_is_sent_after_the_end(fediverse: Fediverse, client: FediverseClient) -> None:
    timeline(fediverse, entries(3))
    result = fetch(client, stop=StopFlag(ends_at=time.monotonic() - 1))
    assert (result.posts, result.was_asked, result.requests) == (None, False, 0)
    assert fediverse.calls == []


def test_a_slow_server_ends_with_the_tick(fediverse: Fediverse, client: FediverseClient) -> None:
    def drip(_params: dict[str, str]) -> Iterator[bytes]:
        while not Event().wait(0.1):
            yield b"H"

    fediverse.answers[HOST, TIMELINE] = drip
    began = time.monotonic()
    result = fetch(client, stop=StopFlag(ends_at=began + 0.5))
    assert 0.4 < time.monotonic() - began < 2
    assert (result.posts, result.stopped_until) == (None, None)
    assert result.problem is not None
    assert result.problem.msgid == "{network} did not answer in time"


@pytest.mark.parametrize(
    "remote_id",
    ["", "109", "https://127.0.0.1/users/ada#109", f"http://{HOST}/users/ada#109", f"https://{HOST}/u#../1"],
)
def test_an_id_that_may_not_be_asked_for_is_not(fediverse: Fediverse, client: FediverseClient, remote_id: str) -> None:
    result = fetch(client, due(40, remote_id))
    assert (result.posts, result.was_asked) == (None, False)
    assert result.problem is not None
    assert fediverse.calls == []
