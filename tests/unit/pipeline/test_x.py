"""What X may answer, and what is made of it: success or failure as a value, never an error."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from pipeline.fetch import fetch
from pipeline.records import Due, Reading, State
from pipeline.x import X

NOW = datetime.now(UTC)
POST = {"id": "7", "created_at": "2026-11-23T10:00:00.000Z"}
NOT_FOUND = {
    "title": "Not Found Error",
    "type": "https://api.twitter.com/2/problems/resource-not-found",
    "detail": "No",
}


class Scripted(BaseHTTPRequestHandler):
    """Answers every request with what the test set."""

    status, body = 200, b"{}"
    headers_more: dict[str, str] = {}  # noqa: RUF012 set by each test

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.send_header("content-length", str(len(self.body)))
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


def read(address: str, body: Any, status: int = 200, **headers: str) -> Reading:
    Scripted.status, Scripted.headers_more = status, headers
    Scripted.body = body if isinstance(body, bytes) else json.dumps(body).encode()
    [reading] = fetch(X("bearer", address), [Due(1, "42", 100)], NOW, timedelta(seconds=10))
    return reading


@pytest.mark.parametrize("name", ["retweet_count", "repost_count"])
def test_both_spellings_of_the_count_are_read(address: str, name: str) -> None:
    reading = read(address, {"data": [POST | {"public_metrics": {name: 5, "like_count": 2}}], "meta": {}})
    assert [(post.counts.reposts, post.counts.likes, post.counts.views) for post in reading.posts or ()] == [
        (5, 2, None)
    ]


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
    assert reading.posts == () or reading.problem


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
        (403, {"title": "SpendCapReached"}),
        (403, {"title": "Forbidden", "type": "https://api.twitter.com/2/problems/spend-cap-reached"}),
        (429, {"title": "UsageCapExceeded", "type": "https://api.x.com/2/problems/usage-capped"}),
    ],
)
def test_a_hard_stop_holds_until_the_next_day(address: str, status: int, body: dict[str, str]) -> None:
    reading = read(address, body, status=status)
    assert reading.problem is not None
    assert reading.stopped_until is not None
    assert (reading.stopped_until + timedelta(seconds=1)).date() > NOW.date()


def test_a_rate_limit_holds_until_its_reset_or_for_a_minute(address: str) -> None:
    before = datetime.now(UTC)
    reset = str(int((before + timedelta(minutes=5)).timestamp()))
    with_reset = read(address, {"title": "Too Many Requests"}, 429, **{"x-rate-limit-reset": reset})
    without = read(address, {"title": "Too Many Requests"}, 429)
    assert with_reset.stopped_until is not None
    assert without.stopped_until is not None
    assert timedelta(minutes=4) < with_reset.stopped_until - before < timedelta(minutes=6)
    assert timedelta(minutes=1) <= without.stopped_until - before < timedelta(minutes=2)
