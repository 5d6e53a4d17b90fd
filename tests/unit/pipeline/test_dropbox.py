"""What Dropbox may answer, and what is made of it: no other error than ServiceError, and what it means."""

import json
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from pydantic import SecretStr

from pipeline.dropbox.client import Dropbox
from pipeline.errors import FileRefusedError, ServiceError
from pipeline.settings import Settings

TOKEN = json.dumps({"access_token": "a", "expires_in": 14400}).encode()
JSON_TYPE = "application/json"


class Scripted(BaseHTTPRequestHandler):
    """Issues a token to anybody, and answers uploads as the test sets."""

    protocol_version = "HTTP/1.1"
    status, body = 200, b"{}"
    headers_more: dict[str, str] = {}  # noqa: RUF012 set by each test

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        asks_for_token = self.path.endswith("/oauth2/token")
        body = TOKEN if asks_for_token else self.body
        self.send_response(200 if asks_for_token else self.status)
        self.send_header("content-length", str(len(body)))
        for name, value in self.headers_more.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture(scope="module")
def cloud() -> Iterator[Dropbox]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Scripted)
    Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    yield Dropbox(
        Settings(
            dropbox_app_key="key",
            dropbox_refresh_token=SecretStr("token"),
            dropbox_api_url=address,
            _env_file=None,
        )
    )
    server.shutdown()
    server.server_close()


def refusal(cloud: Dropbox, status: int, body: Any, **headers: str) -> ServiceError:
    Scripted.status, Scripted.headers_more = status, {"content-type": JSON_TYPE, **headers}
    Scripted.body = json.dumps(body).encode()
    with pytest.raises(ServiceError) as raised:
        cloud.put("/a.csv", b"content")
    return raised.value


def path_error(reason: str) -> dict[str, Any]:
    return {"error": {".tag": "path", "reason": {".tag": reason}, "upload_session_id": "a"}}


@pytest.mark.parametrize(
    ("status", "body", "text", "permanent"),
    [
        (409, path_error("insufficient_space"), "Dropbox is full", True),
        (409, path_error("too_many_write_operations"), "Dropbox asks the bot to slow down", False),
        (429, {"error": {"reason": {".tag": "too_many_write_operations"}}}, "Dropbox asks the bot to slow down", False),
        (401, {"error": {".tag": "invalid_access_token"}}, "Dropbox rejects the refresh token", True),
        (401, {"error": {".tag": "missing_scope", "required_scope": "a"}}, "Dropbox app lacks the permission", True),
        (400, {"error": "invalid_client"}, "DROPBOX_APP_KEY", True),
        (500, {}, "Dropbox sent an answer", False),
    ],
)
def test_what_an_admin_must_mend_is_told_from_what_passes(
    cloud: Dropbox, status: int, body: Any, text: str, *, permanent: bool
) -> None:
    error = refusal(cloud, status, body)
    assert text in str(error)
    assert (error.permanent, isinstance(error, FileRefusedError)) == (permanent, False)


def test_a_file_that_is_refused_for_its_own_sake_stops_no_other(cloud: Dropbox) -> None:
    assert isinstance(refusal(cloud, 409, path_error("disallowed_name")), FileRefusedError)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        ({".tag": "too_many_write_operations"}, "Dropbox asks the bot to slow down"),
        (
            {".tag": "path_write", "path_write": {".tag": "too_many_write_operations"}},
            "Dropbox asks the bot to slow down",
        ),
        ({".tag": "path_write", "path_write": {".tag": "no_write_permission"}}, "Dropbox rejected the file"),
        ({".tag": "path_lookup", "path_lookup": {".tag": "restricted_content"}}, "Dropbox rejected the file"),
        ({".tag": "too_many_files"}, "Dropbox rejected the file"),
    ],
)
def test_a_file_that_is_not_deleted_is_told_of(cloud: Dropbox, error: dict[str, Any], text: str) -> None:
    Scripted.status, Scripted.headers_more = 409, {"content-type": JSON_TYPE}
    Scripted.body = json.dumps({"error": error, "error_summary": ""}).encode()
    with pytest.raises(ServiceError, match=text):
        cloud.remove("/a.csv", None)


@pytest.mark.parametrize(
    "error",
    [
        {".tag": "path_lookup", "path_lookup": {".tag": "not_found"}},
        {".tag": "path_write", "path_write": {".tag": "conflict", "conflict": {".tag": "file"}}},
    ],
)
def test_a_file_that_is_gone_or_anothers_needs_no_deletion(cloud: Dropbox, error: dict[str, Any]) -> None:
    Scripted.status, Scripted.headers_more = 409, {"content-type": JSON_TYPE}
    Scripted.body = json.dumps({"error": error, "error_summary": ""}).encode()
    cloud.remove("/a.csv", "015f2a9c000000000002")


@pytest.mark.parametrize(
    ("header", "wait"), [("300", timedelta(seconds=300)), ("soon", None), ("-1", None), ("", None), ("²", None)]
)
def test_dropbox_says_how_long_to_wait_in_a_header(cloud: Dropbox, header: str, wait: timedelta | None) -> None:
    assert refusal(cloud, 429, {}, **{"retry-after": header}).retry_after == wait


def test_json_nested_too_deep_is_an_answer_that_is_not_proper(cloud: Dropbox) -> None:
    Scripted.status, Scripted.body, Scripted.headers_more = 409, b"[" * 3_000, {"content-type": JSON_TYPE}
    with pytest.raises(ServiceError):
        cloud.put("/a.csv", b"content")


IN_ITS_OWN_TIME = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Over HTTP, and perhaps on a machine that is busy."""
SCALARS = some.none() | some.booleans() | some.integers() | some.floats() | some.text(some.characters())
JSON = some.recursive(SCALARS, lambda inner: some.lists(inner) | some.dictionaries(some.text(), inner), max_leaves=8)


def like(fields: dict[str, Any]) -> some.SearchStrategy[Any]:
    return some.fixed_dictionaries({}, optional={name: value | JSON for name, value in fields.items()}) | JSON


TAGS = some.sampled_from(
    ["path", "insufficient_space", "missing_scope", "expired_access_token", "invalid_access_token", "other", "conflict"]
)
ERRORS = like({".tag": TAGS, "reason": like({".tag": TAGS}) | TAGS, "path": like({".tag": TAGS}), "retry_after": JSON})
ANSWERS = like({"error": ERRORS | TAGS, "error_summary": some.text(), "name": some.just("a"), "rev": JSON})
BODIES = ANSWERS.map(lambda answer: json.dumps(answer).encode()) | some.binary()
STATUSES = some.sampled_from([200, 200, 202, 302, 400, 401, 401, 403, 404, 409, 409, 409, 422, 429, 500, 503])
TYPES = some.sampled_from([JSON_TYPE, "text/html", "application/json; charset=utf-8"])


@IN_ITS_OWN_TIME
@given(body=BODIES, status=STATUSES, content_type=TYPES)
def test_whatever_dropbox_answers_a_put_is_done_or_a_service_error(
    cloud: Dropbox, body: bytes, status: int, content_type: str
) -> None:
    Scripted.status, Scripted.body, Scripted.headers_more = status, body, {"content-type": content_type}
    try:
        cloud.put("/a.csv", b"content")
    except ServiceError:
        return
    assert status == 200


DELETIONS = like(
    {"error": like({".tag": some.sampled_from(["path_lookup", "path_write", "other"])}) | ERRORS, "metadata": JSON}
)


@IN_ITS_OWN_TIME
@given(body=DELETIONS.map(lambda answer: json.dumps(answer).encode()) | BODIES, status=STATUSES, content_type=TYPES)
def test_whatever_dropbox_answers_a_deletion_is_done_or_a_service_error(
    cloud: Dropbox, body: bytes, status: int, content_type: str
) -> None:
    Scripted.status, Scripted.body, Scripted.headers_more = status, body, {"content-type": content_type}
    try:
        cloud.remove("/a.csv", None)
    except ServiceError:
        return
    assert status in {200, 409}
