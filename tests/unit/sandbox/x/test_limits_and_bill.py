"""Request windows and the bill's UTC days."""

from datetime import UTC, datetime, timedelta

from sandbox.x.bill import Bill
from sandbox.x.limits import WINDOW, Limits

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_a_window_begins_anew_after_15_minutes() -> None:
    limits = Limits({"profiles": 2})
    windows = [limits.take("/users", "a", "profiles", NOON) for _ in range(3)]
    assert windows[-1].exceeded
    assert windows[-1].headers()["x-rate-limit-remaining"] == "0"
    assert windows[-1].headers()["x-rate-limit-reset"] == str(int((NOON + WINDOW).timestamp()))
    assert not limits.take("/users", "a", "profiles", NOON + WINDOW).exceeded


def test_apps_and_endpoints_have_windows_of_their_own() -> None:
    limits = Limits({"profiles": 1, "posts": 1})
    assert limits.take("/users", "a", "profiles", NOON) is not limits.take("/users", "b", "profiles", NOON)
    assert not limits.take("/tweets", "a", "posts", NOON).exceeded


def test_a_post_is_billed_again_on_the_next_day() -> None:
    bill = Bill()
    for at in (NOON, NOON + timedelta(hours=11), NOON + timedelta(hours=12)):
        bill.count_request(at)
        bill.charge(at, posts=[1, 2], users=[9])
    statement = bill.statement()
    assert (statement["posts_returned"], statement["posts_billed"], statement["usd"]) == (6, 4, 0.04)
    assert {day: each["usd"] for day, each in statement["by_day"].items()} == {"2026-11-23": 0.02, "2026-11-24": 0.02}
