"""Kinds of servers: what each tells a guest, where accounts are found, and how long answers are kept."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from tests.unit.sandbox.fediverse.conftest import HANDLE, Guest, post

JRD = "application/jrd+json"


def webfinger(guest: Guest, host: str, resource: str) -> httpx.Response:
    return guest.get(host, "/.well-known/webfinger", resource=resource)


def actor(jrd: dict[str, Any]) -> str:
    return str(next(link["href"] for link in jrd["links"] if link["rel"] == "self"))


def test_webfinger_names_the_actor(guest: Guest) -> None:
    answer = webfinger(guest, "social.example", f"acct:{HANDLE}")
    assert answer.headers["Content-Type"].startswith(JRD)
    assert answer.json()["subject"] == f"acct:{HANDLE}"
    assert actor(answer.json()) == guest.look_up(HANDLE)["uri"] == "https://social.example/users/ada"


def test_webfinger_knows_its_own_people_alone(guest: Guest) -> None:
    assert webfinger(guest, "social.example", "acct:ada@other.example").status_code == 404
    assert webfinger(guest, "social.example", "acct:missing@social.example").status_code == 404
    assert webfinger(guest, "social.example", "acct:gone@social.example").status_code == 410
    assert webfinger(guest, "social.example", "").status_code == 400
    assert webfinger(guest, "social.example", "https://social.example/@ada").json()["subject"] == f"acct:{HANDLE}"


def test_a_domain_redirects_to_the_server_that_has_its_accounts(guest: Guest) -> None:
    guest.control("fediverse/servers", host="social.bakery.example", domain="bakery.example")
    answer = webfinger(guest, "bakery.example", "acct:bo@bakery.example")
    assert answer.status_code == 301
    address = answer.headers["Location"]
    assert address.startswith("https://social.bakery.example/.well-known/webfinger?resource=acct%3Abo")
    found = guest.http.get("/fediverse/" + address.removeprefix("https://")).json()
    assert found["subject"] == "acct:bo@bakery.example"
    assert actor(found) == "https://social.bakery.example/users/bo"
    assert guest.get("bakery.example", "/api/v1/accounts/lookup", acct="bo").status_code == 404


def test_a_server_knows_an_account_by_its_name_and_by_its_domain(guest: Guest) -> None:
    guest.control("fediverse/servers", host="social.bakery.example", domain="bakery.example")
    told = {
        acct: guest.get("social.bakery.example", "/api/v1/accounts/lookup", acct=acct).status_code
        for acct in ("bo", "@bo", "bo@bakery.example", "bo@social.bakery.example", "bo@elsewhere.example", "")
    }
    assert told == {
        "bo": 200,
        "@bo": 200,
        "bo@bakery.example": 200,
        "bo@social.bakery.example": 404,
        "bo@elsewhere.example": 404,
        "": 404,
    }


@pytest.mark.parametrize(
    ("host", "status", "kind"),
    [
        ("closed.example", 401, "application/json"),
        ("login.example", 302, "text/html"),
        ("members.example", 422, "application/json"),
        ("the-wall.example", 403, "text/html"),
        ("blog.example", 404, "text/html"),
    ],
)
def test_servers_that_show_a_guest_nothing(guest: Guest, host: str, status: int, kind: str) -> None:
    for path in ("/api/v1/accounts/lookup?acct=ada", "/api/v1/accounts/1", "/api/v1/accounts/1/statuses"):
        answer = guest.get(host, path)
        assert answer.status_code == status
        assert answer.headers["Content-Type"].startswith(kind)
    assert webfinger(guest, host, f"acct:ada@{host}").status_code == (403 if "wall" in host else 200)


def test_a_silent_server_closes_the_connection(guest: Guest) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        guest.get("nowhere.example", "/api/v2/instance")


def test_a_kind_can_be_set(guest: Guest) -> None:
    assert guest.control("fediverse/servers", host="social.example", kind="no-guests")["kind"] == "no-guests"
    assert guest.get("social.example", "/api/v1/accounts/lookup", acct="ada").status_code == 401
    guest.control("fediverse/servers", host="social.example", requests=9)
    listed = {each["host"]: each for each in guest.http.get("/_control/fediverse/servers").json()}
    assert (listed["social.example"]["kind"], listed["social.example"]["requests"]) == ("no-guests", 9)


@pytest.mark.parametrize(
    "fields",
    [
        {"host": "not a host"},
        {"host": "127.0.0.1"},
        {"host": "a.example", "kind": "misskey"},
        {"host": "a.example", "kind": "site"},
        {"host": "a.example", "domain": "-"},
        {"host": "a.example", "requests": 0},
        {"host": "a.example", "cache_s": -1},
        {"kind": "wall"},
    ],
)
def test_wrong_settings_are_refused(guest: Guest, fields: dict[str, Any]) -> None:
    before = guest.http.get("/_control/fediverse/servers").json()
    answer = guest.http.post("/_control/fediverse/servers", json=fields)
    assert (answer.status_code, "error" in answer.json()) == (400, True)
    after = [each for each in guest.http.get("/_control/fediverse/servers").json() if each["host"] != "a.example"]
    assert after == before


def test_software_tells_its_version(guest: Guest) -> None:
    hosts = ("social.example", "old.example", "pleroma.example")
    versions = [guest.get(host, "/api/v2/instance").json()["version"] for host in hosts]
    assert [version[:3] for version in versions] == ["4.5", "4.2", "2.7"]
    assert "compatible; Pleroma" in versions[2]


def test_an_old_server_tells_no_quotes(guest: Guest) -> None:
    guest.load(post(1, quotes=4), handle="ada@old.example")
    assert "quotes_count" not in guest.statuses("ada@old.example")[0]


def test_other_software_has_flakes_that_sort_by_time_and_excludes_no_boosts(guest: Guest) -> None:
    handle = "ada@pleroma.example"
    statuses = guest.statuses(handle, limit=40, exclude_reblogs="true")
    assert any(status["reblog"] for status in statuses)
    flakes = [status["id"] for status in statuses]
    assert all(not flake.isdigit() and flake.isalnum() for flake in flakes)
    assert flakes == sorted(flakes, reverse=True)
    assert [each["id"] for each in guest.statuses(handle, limit=5, max_id=flakes[9])] == flakes[10:15]


def test_what_guests_read_may_be_kept_for_15_seconds(guest: Guest) -> None:
    assert guest.page(HANDLE).headers["Cache-Control"].startswith("max-age=15, public")


def test_a_cache_answers_the_same_again_with_its_age(guest: Guest) -> None:
    guest.load(post(1, boosts=5))
    guest.control("fediverse/servers", host="social.example", cache_s=60)
    first = guest.page(HANDLE)
    assert first.headers["Age"] == "0"
    guest.control("fediverse/posts/social.example/1", boosts=9)
    guest.control("clock", ahead_s=40)
    kept = guest.page(HANDLE)
    assert (kept.content, kept.headers["Date"]) == (first.content, first.headers["Date"])
    assert 40 <= int(kept.headers["Age"]) < 60
    assert kept.headers["X-RateLimit-Remaining"] == first.headers["X-RateLimit-Remaining"]
    guest.control("clock", ahead_s=120)
    fresh = guest.page(HANDLE)
    assert fresh.json()[0]["reblogs_count"] == 9
    at = parsedate_to_datetime(fresh.headers["Date"])
    assert abs(at - datetime.now(UTC) - timedelta(minutes=2)) < timedelta(seconds=10)


def test_other_pages_are_for_people(guest: Guest) -> None:
    for path in ("/", "/@ada", "/api/v1/unknown"):
        answer = guest.get("social.example", path)
        assert (answer.status_code, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
