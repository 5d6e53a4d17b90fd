"""What X may answer, and what is made of it: success or failure as a value, never an error."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as some

from pipeline.errors import ServiceError
from pipeline.i18n import lazy_gettext
from pipeline.records import Due, FetchResult, Post, Profile, State
from pipeline.sources.source import StopFlag
from pipeline.sources.x.client import XClient
from pipeline.sources.x.facts import X
from pipeline.steps.fetch import FetchedChunk, fetch_accounts, fetched_chunks

NOW = datetime.now(UTC)
POST = {"id": "7", "created_at": "2026-11-23T10:00:00.000Z"}
NOT_FOUND = {
    "title": "Not Found Error",
    "type": "https://api.twitter.com/2/problems/resource-not-found",
    "detail": "No",
}


class Scripted(BaseHTTPRequestHandler):
    """Answers every request with what the test set."""

    protocol_version = "HTTP/1.1"
    status, body, cut = 200, b"{}", 0
    headers_more: dict[str, str] = {}  # noqa: RUF012 set by each test
    asked = 0
    authorization = ""

    def do_GET(self) -> None:
        Scripted.asked += 1
        Scripted.authorization = self.headers["Authorization"]
        self.close_connection = bool(self.cut)
        self.send_response(self.status)
        self.send_header("content-length", str(len(self.body) + self.cut))
        for name, value in self.headers_more.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Scripted)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def script(body: Any, status: int = 200, **headers: str) -> None:
    Scripted.status, Scripted.headers_more, Scripted.cut = status, headers, 0
    Scripted.body = body if isinstance(body, bytes) else json.dumps(body).encode()


def read(address: str, body: Any, status: int = 200, **headers: str) -> FetchResult:
    script(body, status, **headers)
    [reading] = fetch_accounts(X, XClient("bearer", address), [Due(1, "42", 100)], NOW, timedelta(seconds=10))
    return reading


@pytest.fixture(scope="module")
def x(address: str) -> XClient:
    return XClient("bearer", address)


@pytest.mark.parametrize("name", ["retweet_count", "repost_count"])
def test_both_spellings_of_the_count_are_read(address: str, name: str) -> None:
    reading = read(address, {"data": [POST | {"public_metrics": {name: 5, "like_count": 2}}], "meta": {}})
    assert [(post.counts.reposts, post.counts.likes, post.counts.views) for post in reading.posts or ()] == [
        (5, 2, None)
    ]


def test_the_surroundings_choose_the_proxy_and_never_the_password(
    address: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    passwords = tmp_path / "netrc"
    passwords.write_text("machine api.twitter.com login somebody password else\n")
    monkeypatch.setenv("NETRC", str(passwords))
    monkeypatch.setenv("HTTP_PROXY", address)
    script({"data": [], "meta": {"result_count": 0}})
    reached_by_proxy = XClient("bearer", "http://nowhere.invalid")
    assert reached_by_proxy.fetch(Due(1, "42", 100), NOW, StopFlag()).posts == ()
    assert Scripted.authorization == "Bearer bearer"


@pytest.mark.parametrize(
    ("told", "is_reply"),
    [
        ({"author_id": "42"}, [False]),
        ({"author_id": "42", "in_reply_to_user_id": "42"}, [False]),
        ({"author_id": "42", "in_reply_to_user_id": "43"}, [True]),
        ({"in_reply_to_user_id": "43"}, [None]),
        ({}, [None]),
    ],
)
def test_an_answer_is_a_reply_where_it_is_to_somebody_else(
    address: str, told: dict[str, str], is_reply: list[bool | None]
) -> None:
    result = read(address, {"data": [POST | told], "meta": {"result_count": 1}})
    assert [post.is_reply for post in result.posts or ()] == is_reply


def test_a_timeline_without_own_posts_is_a_success(address: str) -> None:
    assert read(address, {"meta": {"result_count": 0}}).posts == ()


@pytest.mark.parametrize(
    "body",
    [
        b"<html>", b"[]", b"", b'{"data": null}', b'{"data": [{"id": 7}]}', b'{"data": [{}]}', b'{"errors": null}',
        b'{"data": [{"id": "7", "created_at": "never"}]}', b'{"data": 5}', b'{"errors": [5]}', b"\xff\xfe",
    ],
)  # fmt: skip
def test_an_odd_answer_is_a_value_and_loses_nobody_elses_reading(address: str, body: bytes) -> None:
    reading = read(address, body)
    assert reading.posts is None
    assert reading.problem


@pytest.mark.parametrize(
    ("problem", "state"),
    [
        (NOT_FOUND, State.MISSING),
        (NOT_FOUND | {"detail": "User has been suspended: [42]."}, State.SUSPENDED),
        ({"type": "https://api.x.com/2/problems/not-authorized-for-resource"}, State.PROTECTED),
        ({"type": "https://api.x.com/2/problems/internal-error"}, None),
    ],
)
def test_what_x_says_of_an_account_is_told_from_its_own_trouble(
    address: str, problem: dict[str, str], state: State | None
) -> None:
    assert read(address, {"errors": [problem]}).state is state
    assert read(address, problem, status=404).state is state


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (402, {"title": "CreditsDepleted", "type": "https://api.x.com/2/problems/credits"}),
        (402, {"title": "Payment Required", "type": "https://api.x.com/2/problems/credits-depleted"}),
        (402, {"errors": None}),
        (402, ["credits"]),
        (402, b"<html>Payment Required</html>"),
        (403, {"title": "SpendCapReached"}),
        (403, {"title": "SpendCapReached", "errors": [{"message": "no"}]}),
        (403, {"title": "Forbidden", "type": "https://api.twitter.com/2/problems/spend-cap-reached"}),
        (429, {"title": "UsageCapExceeded", "type": "https://api.x.com/2/problems/usage-capped"}),
        (403, {"title": "UsageCapExceeded"}),
        (402, {"title": "UsageCapExceeded", "type": "about:blank"}),
    ],
)
def test_a_hard_stop_holds_until_the_next_day(address: str, status: int, body: Any) -> None:
    reading = read(address, body, status=status)
    assert reading.problem is not None
    assert reading.stopped_until is not None
    assert (reading.stopped_until + timedelta(seconds=1)).date() > NOW.date()


@pytest.mark.parametrize(
    ("status", "body"), [(401, {}), (403, {"type": "https://api.x.com/2/problems/client-forbidden"})]
)
def test_a_refusal_that_a_person_must_mend_is_tried_again_in_a_quarter_of_an_hour(
    address: str, status: int, body: dict[str, str]
) -> None:
    before = datetime.now(UTC)
    until = read(address, body, status).stopped_until
    assert until is not None
    assert timedelta(minutes=15) <= until - before < timedelta(minutes=16)


def test_a_rate_limit_holds_until_its_reset_or_for_a_minute(address: str) -> None:
    before = datetime.now(UTC)
    reset = str(int((before + timedelta(minutes=5)).timestamp()))
    with_reset = read(address, {"title": "Too Many Requests"}, 429, **{"x-rate-limit-reset": reset})
    skip_unless_ci = read(address, {"title": "Too Many Requests"}, 429)
    assert with_reset.stopped_until is not None
    assert skip_unless_ci.stopped_until is not None
    assert timedelta(minutes=4) < with_reset.stopped_until - before < timedelta(minutes=6)
    assert timedelta(minutes=1) <= skip_unless_ci.stopped_until - before < timedelta(minutes=2)


@pytest.mark.parametrize("reset", ["", "never", "-5", "99999999999999999999999", "²", "1.5"])
def test_a_reset_that_is_no_moment_still_ends(address: str, reset: str) -> None:
    reading = read(address, {"title": "Too Many Requests"}, 429, **{"x-rate-limit-reset": reset})
    assert reading.stopped_until is not None
    assert reading.stopped_until < datetime.now(UTC) + timedelta(minutes=16)


def test_a_body_that_is_cut_short_is_a_failure(x: XClient) -> None:
    script({"data": [POST]})
    Scripted.cut = 10
    assert x.fetch(Due(1, "42", 100), NOW, StopFlag()).problem


@pytest.mark.parametrize(
    "answer",
    [
        {"data": [POST], "errors": [NOT_FOUND]},
        {"data": [POST, {"id": "8"}], "meta": {}},
        {"data": [POST], "meta": {"next_token": 5}},
    ],
)
def test_what_x_leaves_out_may_still_exist(address: str, answer: dict[str, Any]) -> None:
    reading = read(address, answer)
    assert [post.id for post in reading.posts or ()] == ["7"]
    assert (reading.partial, reading.complete) == (True, False)


def test_once_x_asks_for_no_more_nobody_who_waits_for_a_turn_asks(address: str) -> None:
    script({"title": "CreditsDepleted"}, 402)
    Scripted.asked = 0
    due = [Due(number, str(number), 100) for number in range(1, 401)]
    found = fetch_accounts(X, XClient("bearer", address), due, NOW, timedelta(seconds=20))
    assert Scripted.asked < 100, "50 threads, and those that were about to ask"
    assert all(reading.problem == lazy_gettext("X's credits ran out") for reading in found)
    assert all(reading.was_asked == (reading.requests == 1) for reading in found)
    assert sum(reading.requests for reading in found) == Scripted.asked


INTERNAL = {"title": "Internal Error", "type": "https://api.x.com/2/problems/internal-error", "value": "esa"}


@pytest.mark.parametrize(
    "body",
    [
        {"errors": [{"title": "Internal Error"}]},
        {"data": [{"id": "11", "username": "nasa"}], "errors": [INTERNAL]},
        {"data": [{"id": "11", "username": "nasa"}, {"id": "12"}]},
        {"data": [{"id": "11", "username": "nasa"}], "errors": [5]},
        {"data": "nasa"},
        {"title": "Service Unavailable"},
    ],
)
def test_a_look_up_that_leaves_somebody_unclear_is_a_failure_not_a_verdict(x: XClient, body: dict[str, Any]) -> None:
    script(body)
    with pytest.raises(ServiceError):
        x.look_up(["nasa", "esa"])


@pytest.mark.parametrize("body", [{}, {"data": []}, {"data": None}, {"errors": []}, {"meta": {"result_count": 0}}])
def test_nobody_in_an_answer_without_problems_means_no_such_account(x: XClient, body: dict[str, Any]) -> None:
    script(body)
    assert x.look_up(["nosuch"]) == [Profile("nosuch", State.MISSING)]


def test_a_problem_with_a_field_takes_nothing_from_those_who_are_found(x: XClient) -> None:
    field = {"title": "Field Authorization Error", "type": "https://api.x.com/2/problems/not-authorized-for-field"}
    script({"data": [{"id": "11", "username": "NASA"}], "errors": [field, NOT_FOUND | {"value": "esa"}]})
    assert x.look_up(["nasa", "esa"]) == [Profile("NASA", State.ACTIVE, "11"), Profile("esa", State.MISSING)]


def test_names_are_those_that_x_shows(x: XClient) -> None:
    script({"data": [{"id": "11", "username": "nasa"}, {"id": "12"}], "errors": [NOT_FOUND]})
    assert x.profiles(["11", "12", "13"]) == [Profile("nasa", State.ACTIVE, "11")]


IN_ITS_OWN_TIME = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Over HTTP, and perhaps on a machine that is busy."""
SCALARS = some.none() | some.booleans() | some.integers() | some.floats() | some.text(some.characters())
JSON = some.recursive(SCALARS, lambda inner: some.lists(inner) | some.dictionaries(some.text(), inner), max_leaves=12)
"""Any JSON."""


def like(fields: dict[str, Any]) -> some.SearchStrategy[Any]:
    """An object as X documents it, of which anything may be missing or something else."""
    return some.fixed_dictionaries({}, optional={name: value | JSON for name, value in fields.items()}) | JSON


COUNT = some.integers(-1, 2**70) | JSON
METRIC_NAMES = ["retweet_count", "repost_count", "like_count", "impression_count"]
POSTS = like(
    {
        "id": some.sampled_from(["7", "8", 9]),
        "created_at": some.sampled_from(["2026-11-23T10:00:00.000Z", "0001-01-01T00:00:00+14:00", "2026-11-23"]),
        "public_metrics": like(dict.fromkeys(METRIC_NAMES, COUNT)),
    }
)
USERS = like({"id": some.just("7"), "username": some.sampled_from(["nasa", "\ud800"]), "protected": some.booleans()})
PROBLEMS = like(
    {
        "title": some.sampled_from(["CreditsDepleted", "UsageCapExceeded", "Forbidden", "\ud800"]),
        "type": some.sampled_from(["https://api.x.com/2/problems/resource-not-found", "about:blank"]),
        "detail": some.just("User has been suspended: [7]."),
        "value": some.just("nasa"),
    }
)
ANSWERS = like(
    {
        "data": some.lists(POSTS | USERS),
        "errors": some.lists(PROBLEMS),
        "title": some.sampled_from(["CreditsDepleted", "SpendCapReached"]),
        "type": some.sampled_from(["https://api.x.com/2/problems/usage-capped", "about:blank"]),
        "meta": like({"result_count": some.integers(0, 2), "next_token": some.text(max_size=3)}),
    }
)
BODIES = ANSWERS.map(lambda answer: json.dumps(answer).encode()) | some.binary()
STATUSES = some.sampled_from([200, 200, 200, 201, 204, 302, 400, 401, 402, 403, 404, 429, 500, 503])


@IN_ITS_OWN_TIME
@given(body=BODIES, status=STATUSES)
@example(body=b"[" * 3_000, status=200)
@example(body=b"1" * 5_000, status=200)
@example(body=b"[" * 3_000, status=402)
def test_whatever_x_answers_reading_gives_a_value_that_can_be_handed_on(x: XClient, body: bytes, status: int) -> None:
    script(body, status)
    stop = StopFlag()
    reading = x.fetch(Due(1, "42", 5), NOW, stop)
    assert reading.posts is not None or reading.problem is not None
    assert reading.posts is None or reading.problem is None or reading.stopped_until is not None
    assert all(isinstance(post, Post) and is_whole(post) for post in reading.posts or ())
    chunk = FetchedChunk("x", (reading,))
    assert chunk == fetched_chunks.validate_json(fetched_chunks.dump_json(chunk))
    assert (stop.reason is None) == (reading.stopped_until is None)


@IN_ITS_OWN_TIME
@given(body=BODIES, status=STATUSES)
@example(body=b"[" * 3_000, status=200)
def test_whatever_x_answers_a_look_up_gives_profiles_or_a_service_error(x: XClient, body: bytes, status: int) -> None:
    script(body, status)
    try:
        profiles = x.look_up(["nasa", "esa"])
    except ServiceError:
        return
    assert [profile.handle for profile in profiles] == ["nasa", "esa"]
    assert not [profile for profile in profiles if profile.state is State.ACTIVE and profile.remote_id is None]


def is_whole(post: Post) -> bool:
    counts = [count for count in post.counts if count is not None]
    return post.id.isdigit() and post.created_at.tzinfo is UTC and all(type(count) is int for count in counts)
