"""Dropbox fails in different ways: no chart waits for it, and then the newest dataset arrives, and only that."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.chaos.conftest import Report
from tests.chaos.data_loss import nothing_lost
from tests.chaos.subscribed_chat import SubscribedChat, subscribed_chat, wait_for_ticks
from tests.conftest import until
from tests.e2e.deployment import Deployment, running

pytestmark = pytest.mark.timeout(300)
OWNER = 900
PLENTY = 10_000
FRESH_S = 12
"""For three ticks of two seconds on a busy machine."""
UPLOAD, TOKEN = "files/upload", "oauth2/token"
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    settings = {"ADMIN_IDS": str(OWNER), "DROPBOX_MIN_SECONDS": "1"}
    with running(tmp_path_factory.mktemp("dropbox"), None, settings) as started:
        started.chat(OWNER).ask("/start")
        yield started


@pytest.fixture
def subscribed(deployment: Deployment) -> Iterator[SubscribedChat]:
    with subscribed_chat(deployment) as chat:
        until(lambda: _has_columns(deployment) and revisions(chat) == 1, within_s=40)
        yield chat


def refused(reason: str) -> dict[str, Any]:
    error = {".tag": "path", "reason": {".tag": reason}, "upload_session_id": "a"}
    return {"status": 409, "body": {"error_summary": f"path/{reason}/..", "error": error}}


def unauthorized(reason: dict[str, str]) -> dict[str, Any]:
    return {"status": 401, "body": {"error_summary": f"{reason['.tag']}/..", "error": reason}}


TOO_MANY_WRITES = {"reason": {".tag": "too_many_write_operations"}, "retry_after": 2}
FAULTS = {
    "429, wait 8 s": {"status": 429, "body": "slow down", "headers": {"Retry-After": "8"}},
    "429 without a word": {"status": 429, "body": "<html>"},
    "too many write operations, 429": {
        "status": 429,
        "body": {"error_summary": "too_many_write_operations/..", "error": TOO_MANY_WRITES},
        "headers": {"Retry-After": "2"},
    },
    "too many write operations, 409": refused("too_many_write_operations"),
    "status 500": {"status": 500, "body": "internal"},
    "status 503 as HTML": {"status": 503, "body": "<html>"},
    "HTML with status 200": {"status": 200, "body": "<html>"},
    "HTML with status 409": {"status": 409, "body": "<html>"},
    "HTML with status 401": {"status": 401, "body": "<html>"},
    "another JSON with status 409": {"status": 409, "body": {"error": {".tag": "other"}}},
    "a list with status 401": {"status": 401, "body": []},
    "connection closed after the upload": {"status": 0},
}


def test_without_a_fault(subscribed: SubscribedChat, report: Report) -> None:
    figure = next(subscribed.figures)
    charts_s = subscribed.seconds_until_fresh(FRESH_S, figure=figure)
    report(f"Dropbox: none; dataset {seconds_until_uploaded(subscribed, figure, 20):.0f} s after", fresh_s=charts_s)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_dropbox_delays_no_chart_and_only_the_newest_dataset_arrives(
    subscribed: SubscribedChat, name: str, report: Report
) -> None:
    with nothing_lost(subscribed.deployment):
        waited_s, charts_s = outlast(subscribed, UPLOAD, FAULTS[name])
    assert subscribed.count_texts("no file has reached Dropbox") == 0
    report(f"Dropbox: {name}; dataset {waited_s:.0f} s after", fresh_s=charts_s)


MISSING_SCOPE = {".tag": "missing_scope", "required_scope": "files.content.write"}
FOR_ADMINS = {
    "full": (UPLOAD, refused("insufficient_space"), "Dropbox is full"),
    "permission missing": (UPLOAD, unauthorized(MISSING_SCOPE), "lacks the permission"),
    "token revoked": (TOKEN, {"status": 400, "body": {"error": "invalid_grant"}}, "rejects the refresh token"),
    "app key unknown": (TOKEN, {"status": 400, "body": {"error": "invalid_client"}}, "DROPBOX_APP_KEY"),
}


@pytest.mark.parametrize("name", FOR_ADMINS)
def test_only_the_admins_are_told_once_of_what_only_they_can_repair(
    subscribed: SubscribedChat, name: str, report: Report
) -> None:
    method, fault, reason = FOR_ADMINS[name]
    owner = subscribed.deployment.chat(OWNER)
    if method == TOKEN:
        subscribed.deployment.sandbox.post("dropbox/expire")
    waited_s, charts_s = outlast(subscribed, method, fault, reason)
    assert subscribed.count_texts("no file has reached Dropbox") == 0
    texts = [message["text"] or "" for message in owner.messages()]
    assert sum(reason in text and "no file has reached Dropbox" in text for text in texts) == 1
    report(f"Dropbox: {name}; dataset {waited_s:.0f} s after", fresh_s=charts_s)


def test_an_access_token_that_expired_is_renewed_once(subscribed: SubscribedChat, report: Report) -> None:
    sandbox = subscribed.deployment.sandbox
    sandbox.post("dropbox/expire")
    since = sandbox.last_call()
    figure = next(subscribed.figures)
    charts_s = subscribed.seconds_until_fresh(FRESH_S, figure=figure)
    waited_s = seconds_until_uploaded(subscribed, figure, 20)
    assert [call["method"] for call in sandbox.calls("dropbox", since)].count(TOKEN) == 1
    report(f"Dropbox: access token expired; dataset {waited_s:.0f} s after", fresh_s=charts_s)


def test_a_dropbox_that_hangs_delays_no_chart(subscribed: SubscribedChat, report: Report) -> None:
    waited_s, charts_s = outlast(subscribed, UPLOAD, {"status": 503, "delay": 60}, within_s=60)
    report(f"Dropbox: no answer for 60 s; dataset {waited_s:.0f} s after", fresh_s=charts_s)


def test_a_file_whose_first_upload_is_killed_is_written_within_a_minute(
    tmp_path_factory: pytest.TempPathFactory, report: Report
) -> None:
    """Even with a long interval between uploads."""
    settings = {"DROPBOX_MIN_SECONDS": "600"}
    with running(tmp_path_factory.mktemp("killed"), None, settings) as deployment:
        deployment.sandbox.post("faults", service="dropbox", method=UPLOAD, status=503, delay=30, times=PLENTY)
        with subscribed_chat(deployment) as subscribed:
            until(lambda: [fault for fault in deployment.sandbox.get("faults") if fault["times"] < PLENTY])
            deployment.process("slow").kill()
            deployment.sandbox.delete("faults")
            figure = next(subscribed.figures)
            charts_s = subscribed.seconds_until_fresh(FRESH_S, figure=figure)
            started = time.monotonic()
            seconds_until_uploaded(subscribed, figure, 90)
            until(lambda: _has_columns(deployment), within_s=90)
            waited_s = time.monotonic() - started
    report(f"Dropbox: uploader killed in its first upload; dataset {waited_s:.0f} s after", fresh_s=charts_s)


def outlast(
    subscribed: SubscribedChat, method: str, fault: dict[str, Any], reason: str = "Dropbox", within_s: float = 45
) -> tuple[float, float]:
    """Let the fault last for two changes.

    Returns the seconds that the dataset took afterwards, and the longest that a chart took meanwhile.
    """
    deployment = subscribed.deployment
    deployment.sandbox.post("faults", service="dropbox", method=method, times=PLENTY, **_as_json(fault))
    before, charts_s = revisions(subscribed), []
    figure = 0
    for _ in range(2):
        figure = next(subscribed.figures)
        charts_s.append(subscribed.seconds_until_fresh(FRESH_S, figure=figure))
    if "delay" not in fault:
        until(lambda: _is_named(subscribed.chat.ask("/status"), reason))
    wait_for_ticks(deployment, "tick: [1-9]")
    assert revisions(subscribed) == before
    deployment.sandbox.delete("faults")
    waited_s = seconds_until_uploaded(subscribed, figure, within_s)
    assert revisions(subscribed) == before + 1, "only the newest content"
    until(lambda: "Dropbox: on" in subscribed.chat.ask("/status"))
    return waited_s, max(charts_s)


def seconds_until_uploaded(subscribed: SubscribedChat, figure: int, within_s: float) -> float:
    started = time.monotonic()
    until(lambda: f",{figure}," in _content(subscribed), within_s)
    return time.monotonic() - started


def revisions(subscribed: SubscribedChat) -> int:
    files = subscribed.deployment.sandbox.get("dropbox/files")
    return sum(file["revisions"] for file in files if subscribed.handles[0] in file["path"])


def _content(subscribed: SubscribedChat) -> str:
    sandbox = subscribed.deployment.sandbox
    paths = [file["path"] for file in sandbox.get("dropbox/files") if subscribed.handles[0] in file["path"]]
    return "".join(sandbox.bytes(f"dropbox/files{path}").decode() for path in paths)


def _has_columns(deployment: Deployment) -> bool:
    """Whether the file that explains the columns exists; it is uploaded first."""
    return any(file["path"] == "/columns.csv" for file in deployment.sandbox.get("dropbox/files"))


def _is_named(status: str, reason: str) -> bool:
    """Whether /status has a problem of Dropbox, with this reason."""
    return any(
        line.startswith("Dropbox: ") and reason in line and "keep trying" in line for line in status.splitlines()
    )


def _as_json(fault: dict[str, Any]) -> dict[str, Any]:
    """Adds the content type without which dropbox's library does not read an answer as JSON."""
    is_json = not isinstance(fault.get("body", ""), str)
    return fault | {"headers": fault.get("headers", {}) | JSON} if is_json else fault
