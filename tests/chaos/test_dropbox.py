"""Dropbox answers otherwise than it should: no chart waits for it, and the newest dataset arrives, and only it."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.chaos.conftest import Tell
from tests.chaos.subscribed import Subscribed, subscribed, ticks
from tests.chaos.watch import nothing_lost
from tests.conftest import until
from tests.e2e.house import House, running

pytestmark = pytest.mark.timeout(300)
OWNER = 900
PLENTY = 10_000
FRESH_S = 12
"""Three ticks of two seconds, and the machine's other work."""
UPLOAD, TOKEN = "files/upload", "oauth2/token"
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    settings = {"ADMIN_IDS": str(OWNER), "DROPBOX_MIN_SECONDS": "1"}
    with running(tmp_path_factory.mktemp("dropbox"), None, settings) as started:
        started.chat(OWNER).ask("/start")
        yield started


@pytest.fixture
def watched(house: House) -> Iterator[Subscribed]:
    with subscribed(house) as chat:
        until(lambda: _has_columns(house) and revisions(chat) == 1, within_s=40)
        yield chat


def refused(reason: str) -> dict[str, Any]:
    error = {".tag": "path", "reason": {".tag": reason}, "upload_session_id": "a"}
    return {"status": 409, "body": {"error_summary": f"path/{reason}/..", "error": error}}


def unauthorized(reason: dict[str, str]) -> dict[str, Any]:
    return {"status": 401, "body": {"error_summary": f"{reason['.tag']}/..", "error": reason}}


TOO_MANY_WRITES = {"reason": {".tag": "too_many_write_operations"}, "retry_after": 2}
TROUBLES = {
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


def test_without_trouble(watched: Subscribed, tell: Tell) -> None:
    figure = next(watched.figures)
    charts_s = watched.seconds_until_fresh(FRESH_S, figure=figure)
    tell(f"Dropbox: none; dataset {seconds_until_there(watched, figure, 20):.0f} s after", fresh_s=charts_s)


@pytest.mark.parametrize("name", TROUBLES)
def test_trouble_of_dropbox_holds_up_no_chart_and_only_the_newest_dataset_arrives(
    watched: Subscribed, name: str, tell: Tell
) -> None:
    with nothing_lost(watched.house):
        waited_s, charts_s = play(watched, UPLOAD, TROUBLES[name])
    assert watched.told("no dataset gets there") == 0
    tell(f"Dropbox: {name}; dataset {waited_s:.0f} s after", fresh_s=charts_s)


MISSING_SCOPE = {".tag": "missing_scope", "required_scope": "files.content.write"}
TO_BE_MENDED = {
    "full": (UPLOAD, refused("insufficient_space"), "Dropbox is full"),
    "permission missing": (UPLOAD, unauthorized(MISSING_SCOPE), "misses the permission"),
    "token revoked": (TOKEN, {"status": 400, "body": {"error": "invalid_grant"}}, "refuses the refresh token"),
    "app key unknown": (TOKEN, {"status": 400, "body": {"error": "invalid_client"}}, "DROPBOX_APP_KEY"),
}


@pytest.mark.parametrize("name", TO_BE_MENDED)
def test_the_admins_alone_hear_once_of_what_only_they_can_mend(watched: Subscribed, name: str, tell: Tell) -> None:
    method, trouble, reason = TO_BE_MENDED[name]
    owner = watched.house.chat(OWNER)
    if method == TOKEN:
        watched.house.sandbox.post("dropbox/expire")
    waited_s, charts_s = play(watched, method, trouble, reason)
    assert watched.told("no dataset gets there") == 0
    texts = [message["text"] or "" for message in owner.messages()]
    assert sum(reason in text and "no dataset gets there" in text for text in texts) == 1
    tell(f"Dropbox: {name}; dataset {waited_s:.0f} s after", fresh_s=charts_s)


def test_an_access_token_that_expired_is_renewed_once(watched: Subscribed, tell: Tell) -> None:
    sandbox = watched.house.sandbox
    sandbox.post("dropbox/expire")
    since = sandbox.last_call()
    figure = next(watched.figures)
    charts_s = watched.seconds_until_fresh(FRESH_S, figure=figure)
    waited_s = seconds_until_there(watched, figure, 20)
    assert [call["method"] for call in sandbox.calls("dropbox", since)].count(TOKEN) == 1
    tell(f"Dropbox: access token expired; dataset {waited_s:.0f} s after", fresh_s=charts_s)


def test_a_dropbox_that_hangs_holds_up_no_chart(watched: Subscribed, tell: Tell) -> None:
    waited_s, charts_s = play(watched, UPLOAD, {"status": 503, "delay": 60}, within_s=60)
    tell(f"Dropbox: no answer for 60 s; dataset {waited_s:.0f} s after", fresh_s=charts_s)


def test_an_uploader_killed_in_its_first_upload_leaves_the_file_unwritten_for_a_minute_at_most(
    tmp_path_factory: pytest.TempPathFactory, tell: Tell
) -> None:
    """However seldom the owner lets files be written."""
    settings = {"DROPBOX_MIN_SECONDS": "600"}
    with running(tmp_path_factory.mktemp("killed"), None, settings) as house:
        house.sandbox.post("faults", service="dropbox", method=UPLOAD, status=503, delay=30, times=PLENTY)
        with subscribed(house) as watched:
            until(lambda: [fault for fault in house.sandbox.get("faults") if fault["times"] < PLENTY])
            house.process("uploader").kill()
            house.sandbox.delete("faults")
            figure = next(watched.figures)
            charts_s = watched.seconds_until_fresh(FRESH_S, figure=figure)
            started = time.monotonic()
            seconds_until_there(watched, figure, 90)
            until(lambda: _has_columns(house), within_s=90)
            waited_s = time.monotonic() - started
    tell(f"Dropbox: uploader killed in its first upload; dataset {waited_s:.0f} s after", fresh_s=charts_s)


def play(
    watched: Subscribed, method: str, trouble: dict[str, Any], reason: str = "Dropbox", within_s: float = 45
) -> tuple[float, float]:
    """Let the trouble last for two changes; returns how long the dataset took afterwards, and a chart meanwhile."""
    house = watched.house
    house.sandbox.post("faults", service="dropbox", method=method, times=PLENTY, **_as_json(trouble))
    before, charts_s = revisions(watched), []
    figure = 0
    for _ in range(2):
        figure = next(watched.figures)
        charts_s.append(watched.seconds_until_fresh(FRESH_S, figure=figure))
    if "delay" not in trouble:
        until(lambda: _is_named(watched.chat.ask("/status"), reason))
    ticks(house, "tick: 1 read")
    assert revisions(watched) == before
    house.sandbox.delete("faults")
    waited_s = seconds_until_there(watched, figure, within_s)
    assert revisions(watched) == before + 1, "only the newest content"
    until(lambda: "Dropbox: on" in watched.chat.ask("/status"))
    return waited_s, max(charts_s)


def seconds_until_there(watched: Subscribed, figure: int, within_s: float) -> float:
    started = time.monotonic()
    until(lambda: f",{figure}," in _content(watched), within_s)
    return time.monotonic() - started


def revisions(watched: Subscribed) -> int:
    files = watched.house.sandbox.get("dropbox/files")
    return sum(file["revisions"] for file in files if watched.handles[0] in file["path"])


def _content(watched: Subscribed) -> str:
    sandbox = watched.house.sandbox
    paths = [file["path"] for file in sandbox.get("dropbox/files") if watched.handles[0] in file["path"]]
    return "".join(sandbox.bytes(f"dropbox/files{path}").decode() for path in paths)


def _has_columns(house: House) -> bool:
    """Whether the file that explains the others is there; it is the first to be written."""
    return any(file["path"] == "/columns.csv" for file in house.sandbox.get("dropbox/files"))


def _is_named(status: str, reason: str) -> bool:
    """Whether /status says that Dropbox is in trouble."""
    return any(
        line.startswith("Dropbox: ") and reason in line and "tried again" in line for line in status.splitlines()
    )


def _as_json(trouble: dict[str, Any]) -> dict[str, Any]:
    """Dropbox's own library takes an answer for JSON only by exactly this type."""
    is_json = not isinstance(trouble.get("body", ""), str)
    return trouble | {"headers": trouble.get("headers", {}) | JSON} if is_json else trouble
