"""Request limits, as Mastodon counts and tells them."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.fediverse.limits import Limits
from tests.unit.sandbox.fediverse.conftest import HANDLE, NOON, Guest

ACCOUNT = "/api/v1/accounts/lookup?acct=ada"


def remaining(guest: Guest, host: str = "social.example") -> int:
    return int(guest.get(host, "/api/v2/instance").headers["X-RateLimit-Remaining"])


def test_a_guest_has_300_requests_in_5_minutes_and_is_told_the_end_as_a_time(guest: Guest) -> None:
    answer = guest.get("social.example", "/api/v2/instance")
    assert answer.headers["X-RateLimit-Limit"] == "300"
    assert answer.headers["X-RateLimit-Remaining"] == "299"
    text = answer.headers["X-RateLimit-Reset"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", text)
    left = datetime.fromisoformat(text) - datetime.now(UTC)
    assert timedelta(0) < left <= timedelta(minutes=5)


def test_one_more_is_refused_without_retry_after(guest: Guest) -> None:
    guest.control("fediverse/servers", host="social.example", requests=3)
    answers = [guest.get("social.example", ACCOUNT) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["2", "1", "0", "0"]
    assert answers[-1].json() == {"error": "Too many requests"}
    assert "Retry-After" not in answers[-1].headers
    assert guest.get("stars.example", ACCOUNT).status_code == 200


def test_pages_have_a_limit_of_their_own_and_the_tightest_is_told(guest: Guest) -> None:
    guest.control("fediverse/servers", host="social.example", pages=2)
    account_id = guest.look_up(HANDLE)["id"]
    path = f"/api/v1/accounts/{account_id}/statuses"
    pages = [guest.get("social.example", path, **{name: 5}) for name in ("max_id", "min_id", "since_id")]
    assert [page.status_code for page in pages] == [200, 200, 429]
    assert [page.headers["X-RateLimit-Limit"] for page in pages] == ["2", "2", "2"]
    first = guest.get("social.example", path)
    assert (first.status_code, first.headers["X-RateLimit-Limit"]) == (200, "300")
    assert remaining(guest) == 300 - 6


def test_webfinger_is_not_counted(guest: Guest) -> None:
    before = remaining(guest)
    guest.get("social.example", "/.well-known/webfinger", resource=f"acct:{HANDLE}")
    assert remaining(guest) == before - 1


@pytest.mark.parametrize(("minutes", "is_new"), [(4, False), (5, True)])
def test_a_period_begins_at_a_multiple_of_its_length(minutes: int, *, is_new: bool) -> None:
    limits = Limits(requests=1)
    limits.take("guest", NOON, is_page=False)
    assert limits.take("guest", NOON + timedelta(minutes=minutes), is_page=False).exceeded is not is_new
    late = Limits(requests=1)
    late.take("guest", NOON + timedelta(minutes=4, seconds=59), is_page=False)
    assert not late.take("guest", NOON + timedelta(minutes=5), is_page=False).exceeded
    assert not limits.take("another guest", NOON, is_page=False).exceeded


def test_the_end_of_a_period_keeps_the_microseconds_of_the_request() -> None:
    at = NOON + timedelta(minutes=16, seconds=1, microseconds=7)
    ends = {is_page: Limits(pages=1).take("guest", at, is_page=is_page).headers(at) for is_page in (False, True)}
    assert ends[False]["X-RateLimit-Reset"] == "2026-11-23T12:20:00.000007Z"
    assert ends[True]["X-RateLimit-Reset"] == "2026-11-23T12:30:00.000007Z"
