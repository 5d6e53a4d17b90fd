"""X answers otherwise than it should: what is known stays, a stop is told once, and all is fresh soon after."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest

from tests.chaos.conftest import Tell
from tests.chaos.subscribed import Subscribed, posts, subscribed, ticks
from tests.chaos.watch import nothing_lost
from tests.conftest import until
from tests.e2e.chat import Chat, Json
from tests.e2e.house import House, running

pytestmark = pytest.mark.timeout(300)
OWNER = 900
PLENTY = 10_000
FRESH_S = 25
"""Three ticks of two seconds, and the machine's other work."""
TIMELINE = "GET /2/users/:id/tweets"
PROBLEMS = "https://api.twitter.com/2/problems"
FAILED, STOPPED = "tick: 0 read, 1 failed", "tick: 0 read, 0 failed"
CREDITS, SPENDING, USAGE = "credits are used up", "monthly spending limit is reached", "monthly usage cap is reached"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    settings = {"ADMIN_IDS": str(OWNER), "MAX_ACCOUNTS_PER_CHAT": "200", "X_DAILY_USD": "1000", "X_MONTHLY_USD": "1000"}
    with running(tmp_path_factory.mktemp("x"), None, settings) as started:
        started.chat(OWNER).ask("/start")
        yield started


@pytest.fixture
def watched(house: House) -> Iterator[Subscribed]:
    with subscribed(house) as chat:
        yield chat
        house.sandbox.delete("faults")
        try_again(house)


def try_again(house: House) -> None:
    """What the owner does after mending something."""
    owner = house.chat(OWNER)
    status = owner.answer_to(owner.send("/status"))
    owner.press(status, "again")
    owner.wait_for_text(status, "Being tried again now")


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("status 500", {"status": 500, "body": {"title": "Internal Server Error"}}),
        ("status 503 as HTML", {"status": 503, "body": "<html>over capacity</html>"}),
        ("HTML with status 200", {"status": 200, "body": "<html>hello</html>"}),
        ("a JSON array for an answer", {"status": 200, "body": []}),
        ("an empty answer", {"status": 200, "body": {}}),
        ("a body cut short", {"status": 200, "body": '{"data": [{"id": "1", "text": "he'}),
        ("connection closed", {"status": 0}),
        ("no answer for 30 s", {"status": 200, "delay": 30}),
        ("a 200 with errors alone", {"status": 200, "body": {"errors": [{"title": "Internal Error"}]}}),
        ("status 403 without a known cause", {"status": 403, "body": {"title": "Forbidden", "type": "about:blank"}}),
    ],
)
def test_a_failure_of_x_is_forgotten_as_soon_as_it_is_over(
    house: House, watched: Subscribed, name: str, fault: dict[str, Any], tell: Tell
) -> None:
    with nothing_lost(house):
        before = watched.caption
        house.sandbox.post("faults", service="x", method=TIMELINE, times=PLENTY, **fault)
        ticks(house, FAILED)
        assert watched.caption == before
        house.sandbox.delete("faults")
        fresh_s = watched.seconds_until_fresh(FRESH_S)
    tell(f"X: {name}", fresh_s=fresh_s)


@pytest.mark.parametrize(("name", "within_s"), [("with a reset in 8 s", 8), ("without a reset", 60)])
def test_a_rate_limit_is_waited_for_without_a_request_and_without_a_word(
    house: House, watched: Subscribed, name: str, within_s: int, tell: Tell
) -> None:
    reset = str(int(time.time()) + within_s)
    headers = {"x-rate-limit-reset": reset} if within_s < 60 else {}
    since, started = house.sandbox.last_call(), time.time()
    house.sandbox.post("faults", service="x", status=429, body={"title": "Too Many Requests"}, headers=headers)
    until(lambda: statuses(house, since, 429))
    asked = asked_after(house, started)
    ticks(house, STOPPED)
    assert asked_after(house, started) == asked
    fresh_s = watched.seconds_until_fresh(within_s + FRESH_S)
    assert watched.told("too many requests") == 0
    tell(f"X: 429 {name}", fresh_s=fresh_s)


class HardStop(NamedTuple):
    name: str
    status: int
    body: Json
    reason: str


@pytest.mark.parametrize(
    "stop",
    [
        HardStop("credits", 402, {"title": "CreditsDepleted", "type": f"{PROBLEMS}/credits"}, CREDITS),
        HardStop("credits", 402, {"title": "Payment Required", "type": f"{PROBLEMS}/credits-depleted"}, CREDITS),
        HardStop("spend cap", 403, {"title": "SpendCapReached"}, SPENDING),
        HardStop("spend cap", 403, {"title": "Forbidden", "type": f"{PROBLEMS}/spend-cap-reached"}, SPENDING),
        HardStop("usage cap", 429, {"title": "UsageCapExceeded", "type": f"{PROBLEMS}/usage-capped"}, USAGE),
        HardStop("token refused", 401, {"title": "Unauthorized", "status": 401}, "refuses the bearer token"),
    ],
)
def test_a_hard_stop_ends_all_requests_is_told_once_and_an_owner_lifts_it(
    house: House, watched: Subscribed, stop: HardStop, tell: Tell
) -> None:
    with nothing_lost(house):
        before, since = watched.caption, house.sandbox.last_call()
        house.sandbox.post("faults", service="x", status=stop.status, body=stop.body, times=PLENTY)
        until(lambda: watched.told(stop.reason))
        ticks(house, STOPPED)
        assert f"X is not asked until {next_try(stop.status)}" in watched.chat.ask("/status")
        assert stop.reason in watched.chat.ask("/track @somebody_else")
        assert statuses(house, since) == [stop.status]
        try_again(house)
        until(lambda: len(statuses(house, since)) > 1)
        ticks(house, STOPPED)
        assert statuses(house, since) == [stop.status] * 2, "one request tells that it is not over"
        assert watched.caption == before
        house.sandbox.delete("faults")
        try_again(house)
        fresh_s = watched.seconds_until_fresh(FRESH_S)
    [text] = [each["text"] for each in watched.chat.messages() if "nothing is read" in (each["text"] or "")]
    assert "the charts keep what was read last, with its time. The next try is" in text
    assert notices(house.chat(OWNER), stop.reason) == 1, "also where the same stop comes again that day"
    tell(f"X: {stop.status} {stop.name}", fresh_s=fresh_s)


def test_only_an_owner_lifts_a_stop(house: House, watched: Subscribed) -> None:
    house.sandbox.post("faults", service="x", status=401, body={"title": "Unauthorized"}, times=PLENTY)
    until(lambda: "X is not asked" in watched.chat.ask("/status"))
    since = house.sandbox.last_call()
    pressed = watched.chat.press(watched.chart, "again")
    answer = until(lambda: (seen := house.sandbox.get(f"telegram/callbacks/{pressed}"))["answered"] and seen)
    assert "Only the bot's owner" in answer["text"]
    ticks(house, STOPPED)
    assert house.sandbox.calls("x", since) == []


def test_charts_bear_the_time_of_their_data_while_x_is_not_asked(house: House, watched: Subscribed, tell: Tell) -> None:
    house.sandbox.post("faults", service="x", status=402, body={"title": "CreditsDepleted"}, times=PLENTY)
    until(watched.is_marked_stale, within_s=150, every_s=1)
    house.sandbox.delete("faults")
    try_again(house)
    fresh_s = watched.seconds_until_fresh(FRESH_S)
    until(lambda: not watched.is_marked_stale())
    tell("X: 402 for longer than two minutes: the chart says so", fresh_s=fresh_s)


def test_credits_that_end_among_two_hundred_accounts_end_the_requests_of_that_tick(house: House, tell: Tell) -> None:
    """50 threads in each of two processes have asked when the first 402 comes; nobody asks after it."""
    with subscribed(house, accounts=200) as many:
        ticks(house, "tick: 200 read", more=1)
        since = house.sandbox.last_call()
        house.sandbox.post("faults", service="x", status=402, body={"title": "Unknown"}, delay=0.5, times=PLENTY)
        until(lambda: many.told(CREDITS))
        ticks(house, STOPPED)
        refused = [call for call in house.sandbox.calls("x", since) if call["status"] == 402]
        first_answer = min(call["at"] for call in refused) + 0.5
        late = [call for call in refused if call["at"] > first_answer + 0.2]
        house.sandbox.delete("faults")
        try_again(house)
        fresh_s = many.seconds_until_fresh(FRESH_S + 15)
    assert late == []
    assert len(refused) <= 2 * 50
    tell(f"X: 402 among 200 accounts, {len(refused)} requests under way", fresh_s=fresh_s)


def test_accounts_that_x_hides_say_so_and_come_back_by_themselves(house: House, tell: Tell) -> None:
    fates = {"suspended": "suspended", "protected": "protected", "missing": "no such account any more"}
    with subscribed(house, accounts=4) as four, nothing_lost(house):
        hidden = dict(zip(fates, four.handles[1:], strict=True))
        load(house, [{"username": handle, "state": state} for state, handle in hidden.items()])
        until(lambda: all(note in four.caption for note in fates.values()), within_s=FRESH_S)
        four.seconds_until_fresh(FRESH_S)
        load(house, [{"username": handle, "state": "active"} for handle in hidden.values()])
        started = time.monotonic()
        until(lambda: not any(note in four.caption for note in fates.values()), within_s=100)
        fresh_s = time.monotonic() - started
        four.seconds_until_fresh(FRESH_S, account=3)
    tell("X: accounts suspended, protected, deleted, and back", fresh_s=fresh_s)


def test_a_renamed_account_is_followed_by_chart_tracking_and_dataset(house: House, tell: Tell) -> None:
    with subscribed(house) as renamed:
        [old] = renamed.handles
        new = f"new_{old[-4:]}"
        [account_id] = [each["id"] for each in house.sandbox.get("x/accounts") if each["username"] == old]
        with nothing_lost(house):
            load(house, [{"username": new, "id": account_id}])
            started = time.monotonic()
            until(lambda: f"@{new}" in renamed.caption, within_s=100)
            fresh_s = time.monotonic() - started
            figure = next(renamed.figures)
            renamed.seconds_until_fresh(FRESH_S, figure=figure)
            until(lambda: str(figure) in file_of(house, new), within_s=40)
        load(house, [{"username": old, "id": "99", "posts": posts("account_99")}])
        assert f"Added: @{old}" in renamed.chat.ask(f"/track {old}"), "the name is somebody else's now"
        assert {f"@{old}", f"@{new}"} <= set(renamed.chat.ask("/list").split())
        until(lambda: f"X's bill today: ${house.sandbox.get('x/bill')['usd']:.2f} of" in renamed.chat.ask("/status"))
        renamed.chat.ask(f"/untrack {new}")
    tell("X: account renamed", fresh_s=fresh_s)


def test_a_deleted_post_leaves_the_chart(house: House, watched: Subscribed, tell: Tell) -> None:
    figure = next(watched.figures)
    watched.seconds_until_fresh(FRESH_S, figure=figure)
    house.sandbox.delete(f"x/posts/{watched.post_id()}")
    started = time.monotonic()
    until(lambda: f"{figure:,}" not in watched.caption, within_s=FRESH_S)
    tell("X: post deleted", lost="that post", fresh_s=time.monotonic() - started)


@pytest.mark.parametrize(
    ("name", "of_each", "more"),
    [
        ("some posts and an error for the others", slice(0, 1), {"errors": [{"title": "Not Found Error"}]}),
        ("posts without their metrics", slice(None), {}),
    ],
)
def test_what_an_answer_leaves_out_is_not_taken_for_gone(
    watched: Subscribed, name: str, of_each: slice, more: Json, tell: Tell
) -> None:
    house = watched.house
    with nothing_lost(house):
        before = watched.caption
        answer = {"data": shown(watched, {})[of_each], "meta": {"result_count": 1}, **more}
        house.sandbox.post("faults", service="x", method=TIMELINE, status=200, body=answer, times=PLENTY)
        ticks(house, "tick: 1 read")
        assert watched.caption == before
        house.sandbox.delete("faults")
        fresh_s = watched.seconds_until_fresh(FRESH_S)
    tell(f"X: {name}", fresh_s=fresh_s)


@pytest.mark.parametrize("spelling", ["retweet_count", "repost_count"])
def test_either_spelling_of_a_metric_is_read(house: House, watched: Subscribed, spelling: str, tell: Tell) -> None:
    answer = {"data": shown(watched, {"public_metrics": {spelling: 8_642}}), "meta": {}}
    house.sandbox.post("faults", service="x", method=TIMELINE, status=200, body=answer, times=PLENTY)
    started = time.monotonic()
    until(lambda: "8,642" in watched.caption, within_s=FRESH_S)
    tell(f"X: {spelling} for the metric", fresh_s=time.monotonic() - started)


def asked_after(house: House, moment: float) -> int:
    """How many requests began then; those of an earlier case may end only now."""
    return sum(call["at"] > moment for call in house.sandbox.calls("x"))


def statuses(house: House, since: int, only: int | None = None) -> list[int]:
    """Of the timelines asked of X since then that a fault answered; a look at names may have been under way beside."""
    calls = house.sandbox.calls("x", since)
    seen = [call["status"] for call in calls if call["method"] == TIMELINE]
    return [status for status in seen if status != 200 and only in {None, status}]


def next_try(status: int) -> str:
    """The next UTC day, or within a quarter of an hour where the token was refused."""
    now = datetime.now(UTC)
    return "" if status == 401 else f"{now + timedelta(days=1):%d %b} 00:00 UTC"


def notices(owner: Chat, reason: str) -> int:
    texts = [message["text"] or "" for message in owner.messages()]
    return sum(reason in text and "nothing is read" in text for text in texts)


def load(house: House, accounts: list[Json]) -> None:
    house.sandbox.post("x/accounts", accounts=accounts)


def shown(watched: Subscribed, more: Json) -> list[Json]:
    """The account's posts as X shows them, but for their metrics."""
    return [
        {"id": post["post_id"], "text": "", "created_at": post["created_at"], **more}
        for post in watched.posts[watched.handles[0]]
    ]


def file_of(house: House, handle: str) -> str:
    paths = [file["path"] for file in house.sandbox.get("dropbox/files") if handle in file["path"]]
    return "".join(house.sandbox.bytes(f"dropbox/files{path}").decode() for path in paths)
