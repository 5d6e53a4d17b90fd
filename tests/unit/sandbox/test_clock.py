"""The clock of the stand-ins: tests move it, and all that has a time goes by it."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx
import pytest

from tests.unit.sandbox.conftest import ControlApi

BEARER = {"Authorization": "Bearer token"}
A_MINUTE = timedelta(minutes=1)


def ask_x(url: str, path: str) -> httpx.Response:
    return httpx.get(f"{url}/x/2/{path}", headers=BEARER)


def date(answer: httpx.Response) -> datetime:
    return parsedate_to_datetime(answer.headers["date"])


def is_about(at: datetime, expected: datetime) -> bool:
    return abs(at - expected) < A_MINUTE


def test_it_goes_with_the_machines_until_it_is_moved(url: str, control: ControlApi) -> None:
    assert control.get("clock")["ahead_s"] == 0
    assert is_about(date(ask_x(url, "users/by?usernames=nasa")), datetime.now(UTC))


@pytest.mark.parametrize(
    "path", ["users/by?usernames=nasa", "users/1/tweets", "tweets?ids=1", "usage/tweets", "users/by", "nothing"]
)
def test_each_answer_of_x_has_its_time(url: str, control: ControlApi, path: str) -> None:
    control.post("clock", ahead_s=-90_000)
    assert is_about(date(ask_x(url, path)), datetime.now(UTC) - timedelta(seconds=90_000))


def test_a_faults_answer_has_its_time_unless_it_brings_one(url: str, control: ControlApi) -> None:
    control.post("clock", ahead_s=7200)
    control.post("faults", service="x", status=503)
    control.post("faults", service="x", status=503, headers={"Date": "yesterday"})
    assert is_about(date(ask_x(url, "tweets?ids=1")), datetime.now(UTC) + timedelta(hours=2))
    assert ask_x(url, "tweets?ids=1").headers["date"] == "yesterday"


def test_it_is_set_to_a_moment_and_goes_on_from_there(control: ControlApi) -> None:
    shown = control.post("clock", at="2026-11-23T23:59:30+00:00")
    assert is_about(datetime.fromisoformat(shown["at"]), datetime(2026, 11, 23, 23, 59, 30, tzinfo=UTC))
    later = datetime.fromisoformat(control.get("clock")["at"])
    assert later > datetime.fromisoformat(shown["at"])
    control.post("reset")
    assert control.get("clock")["ahead_s"] == 0


def test_the_bills_days_and_the_request_windows_go_by_it(url: str, control: ControlApi) -> None:
    control.post("x/accounts", accounts=[{"username": "nasa", "posts": []}])
    control.post("x/limits", profiles=1)
    days = ("2026-11-23T23:59:00Z", "2026-11-24T00:30:00Z")
    for day in days:
        control.post("clock", at=day)
        statuses = [ask_x(url, "users/by?usernames=nasa").status_code for _ in range(2)]
        assert statuses == [200, 429], "a new window, of one request"
    bill = control.get("x/bill")
    assert [(day, each["users_billed"]) for day, each in bill["by_day"].items()] == [
        ("2026-11-23", 1),
        ("2026-11-24", 1),
    ]


def test_telegrams_messages_have_its_time(control: ControlApi) -> None:
    control.post("clock", at="2026-11-24T00:30:00Z")
    control.send(7, 7, "/start")
    assert control.last(7)["date"] == pytest.approx(datetime(2026, 11, 24, 0, 30, tzinfo=UTC).timestamp(), abs=60)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({}, "give either at or ahead_s"),
        ({"at": "2026-11-23T23:59:30Z", "ahead_s": 5}, "give either at or ahead_s"),
        ({"at": "noon"}, "at must be a time such as"),
        ({"at": "2026-11-23T23:59:30"}, "at has no time zone"),
        ({"ahead_s": "5"}, "ahead_s must be"),
        ({"ahead_s": 1e300}, "ahead_s must be a number of seconds"),
        ({"ahead_s": 1e9}, "at most 3650 days"),
    ],
)
def test_nonsense_times_are_explained(control: ControlApi, fields: dict[str, object], why: str) -> None:
    assert why in control.refused("clock", **fields)
