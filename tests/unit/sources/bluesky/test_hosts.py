"""The hosts of Bluesky's API: which is asked when, what is a fault of the way there, and what limits are heeded."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from pipeline import clock
from pipeline.errors import ServiceError
from pipeline.i18n import lazy_gettext
from pipeline.records import Due, RequestWindow, State
from pipeline.settings import Settings
from pipeline.sources.bluesky import client as client_module
from pipeline.sources.bluesky.client import BlueskyClient
from pipeline.sources.bluesky.connection import CONNECTIONS
from pipeline.sources.bluesky.facts import BLUESKY
from pipeline.sources.bluesky.hosts import FAULTS, PAUSE
from pipeline.sources.source import StopFlag
from pipeline.steps.fetch import fetch_accounts
from tests.unit.sources.bluesky.conftest import DID, NOW, Host, ids, read, shown

Connect = Callable[..., BlueskyClient]
HTML = b"<!DOCTYPE html><html><body>Request blocked</body></html>"
ANSWER = {"feed": [{"post": shown(1)}]}
TOO_MANY = {"error": "RateLimitExceeded", "message": "Rate Limit Exceeded"}
FAULTS_OF_THE_WAY = [
    (403, HTML),
    (200, HTML),
    (400, HTML),
    (404, HTML),
    (302, b""),
    (500, {"error": "InternalServerError", "message": "Internal Server Error"}),
    (502, {"error": "UpstreamFailure", "message": "Upstream Failure"}),
    (503, HTML),
    (504, b""),
    (401, {"error": "AuthMissing", "message": "Authentication Required"}),
    (501, {"error": "MethodNotImplemented", "message": "Method Not Implemented"}),
    (200, []),
    (400, []),
    (400, {"error": None}),
]


@pytest.mark.parametrize(("status", "body"), FAULTS_OF_THE_WAY)
def test_a_fault_of_the_way_is_no_accounts_and_the_next_host_stands_in(
    hosts: list[Host], connect: Connect, status: int, body: Any
) -> None:
    hosts[0].script(body, status)
    hosts[1].script(ANSWER)
    result = read(connect(hosts[0].address, hosts[1].address))
    assert (ids(result), result.complete, result.requests) == (["post1"], True, 2)
    alone = read(connect(hosts[0].address))
    assert (alone.posts, alone.state, alone.stopped_until, alone.requests) == (None, None, None, 1)
    assert alone.problem is not None


def test_a_host_that_does_not_listen_and_one_that_cuts_its_answer_are_stood_in_for(
    hosts: list[Host], connect: Connect
) -> None:
    hosts[1].script(ANSWER)
    assert ids(read(connect("http://127.0.0.1:1", hosts[1].address))) == ["post1"]
    hosts[0].script(ANSWER)
    hosts[0].cut = 10
    assert ids(read(connect(hosts[0].address, hosts[1].address))) == ["post1"]


def test_a_refusal_of_an_account_is_an_answer_that_no_other_host_is_asked_for(
    hosts: list[Host], connect: Connect
) -> None:
    for host in hosts:
        host.script({"error": "AccountTakedown", "message": "Account has been suspended"}, 400)
    assert read(connect(hosts[0].address, hosts[1].address)).state is State.SUSPENDED
    assert (len(hosts[0].asked), len(hosts[1].asked)) == (2, 0)


def test_after_some_faults_in_a_row_a_host_is_left_alone_for_a_while(hosts: list[Host], connect: Connect) -> None:
    hosts[0].script(HTML, 403)
    hosts[1].script(ANSWER)
    client = connect(hosts[0].address, hosts[1].address)
    results = [read(client) for _ in range(FAULTS + 5)]
    assert all(result.complete for result in results)
    assert (len(hosts[0].asked), len(hosts[1].asked)) == (FAULTS, FAULTS + 5)
    assert [result.requests for result in results] == [2] * FAULTS + [1] * 5


def test_a_fault_now_and_then_leaves_the_first_host_the_first(hosts: list[Host], connect: Connect) -> None:
    hosts[1].script(ANSWER)
    client = connect(hosts[0].address, hosts[1].address)
    for number in range(4 * FAULTS):
        hosts[0].script(HTML if number % FAULTS else ANSWER, 503 if number % FAULTS else 200)
        assert ids(read(client)) == ["post1"]
    assert len(hosts[0].asked) == 4 * FAULTS


def test_where_no_host_is_left_the_network_stops_until_one_is_tried_again(hosts: list[Host], connect: Connect) -> None:
    for host in hosts:
        host.script(HTML, 403)
    client = connect(hosts[0].address, hosts[1].address)
    results = [read(client) for _ in range(FAULTS)]
    assert [result.stopped_until is None for result in results] == [True] * (FAULTS - 1) + [False]
    assert results[0].problem == lazy_gettext(
        "{network} is not working right now (error {status})", network="Bluesky", status=403
    )
    stop = StopFlag()
    last = read(client, stop=stop)
    assert stop.reason == last.problem == lazy_gettext("{network} cannot be reached", network="Bluesky")
    assert last.stopped_until is not None
    assert timedelta(0) < last.stopped_until - clock.now() <= PAUSE
    assert (last.requests, last.was_asked, last.state) == (0, False, None)
    assert len(hosts[0].asked) == len(hosts[1].asked) == FAULTS


def test_too_many_requests_stop_all_until_the_moment_that_is_told(hosts: list[Host], connect: Connect) -> None:
    ahead = timedelta(minutes=30)  # Bluesky's clock may differ: the moment is by its own
    at = datetime.now(UTC) + ahead
    resets_at = int((at + timedelta(seconds=100)).timestamp())
    hosts[0].script(TOO_MANY, 429, RateLimit_Reset=str(resets_at), Date=format_datetime(at, usegmt=True))
    hosts[1].script(ANSWER)
    client = connect(hosts[0].address, hosts[1].address)
    before = clock.now()
    result = read(client)
    assert result.problem == lazy_gettext("{network} asks the bot to slow down", network="Bluesky")
    assert result.stopped_until is not None
    assert timedelta(seconds=98) < result.stopped_until - before < timedelta(seconds=103)
    again = read(client)
    assert (again.requests, again.was_asked, again.problem) == (0, False, result.problem)
    with pytest.raises(ServiceError):
        client.look_up(["alice.test"])
    assert (len(hosts[0].asked), len(hosts[1].asked)) == (1, 0), "the other host counts the same requests"


@pytest.mark.parametrize("reset", ["", "never", "-5", "99999999999999999999999", "0", "1.5", "9999999999"])
def test_a_reset_that_is_no_moment_still_ends(host: Host, connect: Connect, reset: str) -> None:
    host.script(TOO_MANY, 429, RateLimit_Reset=reset)
    result = read(connect(host.address))
    assert result.stopped_until is not None
    assert timedelta(0) < result.stopped_until - clock.now() < timedelta(minutes=61)


def test_the_last_request_that_is_allowed_is_the_last_one_sent(host: Host, connect: Connect) -> None:
    reset = str(int(time.time()) + 60)
    host.script(ANSWER, RateLimit_Limit="3000", RateLimit_Remaining="0", RateLimit_Reset=reset)
    client = connect(host.address)
    assert ids(read(client)) == ["post1"]
    result = read(client)
    assert result.problem == lazy_gettext("{network} accepts no more requests for now", network="Bluesky")
    assert result.stopped_until is not None
    assert len(host.asked) == 1


def test_what_remains_of_the_limit_is_told(host: Host, connect: Connect) -> None:
    resets_at = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=4)
    reset = str(int(resets_at.timestamp()))
    host.script(ANSWER, RateLimit_Limit="3000", RateLimit_Remaining="17", RateLimit_Reset=reset)
    client = connect(host.address)
    assert client.observed().windows == ()
    read(client)
    assert client.observed().windows == (RequestWindow("timelines", 3000, 17, resets_at),)


def test_a_few_connections_are_kept_and_no_more_requests_are_under_way(host: Host, connect: Connect) -> None:
    host.script(ANSWER)
    together = threading.Barrier(CONNECTIONS)
    host.wait = lambda: together.wait(10)
    client = connect(host.address)
    with ThreadPoolExecutor(20) as pool:
        results = list(pool.map(lambda _: read(client), range(4 * CONNECTIONS)))
    assert all(result.complete for result in results)
    assert host.at_once == CONNECTIONS


def test_who_waits_longer_than_there_is_time_sends_nothing_and_blames_no_host(host: Host, connect: Connect) -> None:
    host.script(ANSWER)
    release = threading.Event()
    host.wait = lambda: release.wait(20)
    due = [Due(number, DID, 100) for number in range(1, 11)]
    client = connect(host.address)
    results = [fetch_accounts(BLUESKY, client, due, NOW, timedelta(seconds=0.5)) for _ in range(FAULTS)]
    release.set()
    assert all(each.posts is None and each.stopped_until is None for result in results for each in result)
    assert len(host.asked) <= FAULTS * CONNECTIONS
    assert ids(read(client)) == ["post1"]


def test_once_the_network_stops_nobody_who_waits_for_a_turn_asks(host: Host, connect: Connect) -> None:
    host.script(TOO_MANY, 429)
    due = [Due(number, DID, 100) for number in range(1, 101)]
    results = fetch_accounts(BLUESKY, connect(host.address), due, NOW, timedelta(seconds=20))
    assert len(host.asked) <= CONNECTIONS
    assert all(result.problem == results[0].problem and result.posts is None for result in results)
    assert sum(result.requests for result in results) == len(host.asked)


@pytest.mark.parametrize(
    ("contact", "expected"),
    [
        ("ada@example.org", "Tallybird/0.1.0 (a bot that draws charts; ada@example.org)"),
        (None, "Tallybird/0.1.0 (a bot that draws charts; its owner left no address)"),
    ],
)
def test_it_says_who_it_is(host: Host, contact: str | None, expected: str) -> None:
    host.script(ANSWER)
    settings = Settings(contact=contact, bluesky_api_url=f"{host.address} http://127.0.0.1:1", _env_file=None)
    source = client_module.connect(settings)
    assert ids(read(source)) == ["post1"]
    source.connection.session.close()
    _, _, headers = host.asked[0]
    assert headers["User-Agent"] == expected
    assert "Authorization" not in headers
    assert "Cookie" not in headers
