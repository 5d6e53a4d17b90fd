"""X fails in different ways: known data stays, people are told of a stop once, and charts are fresh soon after."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from sqlalchemy import update

from pipeline.store.tables import Account
from tests.chaos.conftest import Report
from tests.chaos.data_loss import nothing_lost, open_store
from tests.chaos.subscribed_chat import SubscribedChat, posts, subscribed_chat, wait_for_ticks
from tests.conftest import until
from tests.e2e.chat import Chat, Json
from tests.e2e.deployment import Deployment, running

pytestmark = pytest.mark.timeout(300)
OWNER = 900
PLENTY = 10_000
FRESH_S = 25
"""For three ticks of two seconds on a busy machine."""
TIMELINE = "GET /2/users/:id/tweets"
PROBLEMS = "https://api.twitter.com/2/problems"
READ, FAILED, STOPPED = "tick: 2 read, 0 failed", "tick: 0 read, 2 failed", "tick: 0 read, 0 failed"
"""Of one account: a request for its new posts, and one for those that are read again."""
CREDITS, SPENDING, USAGE = "credits ran out", "monthly spending limit is reached", "monthly usage cap is reached"


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    settings = {"ADMIN_IDS": str(OWNER), "MAX_ACCOUNTS_PER_CHAT": "200", "X_DAILY_USD": "1000", "X_MONTHLY_USD": "1000"}
    with running(tmp_path_factory.mktemp("x"), None, settings) as started:
        started.chat(OWNER).ask("/start")
        started.sandbox.post("x/limits", timelines=1_000_000)  # the tests' ticks are more frequent than X allows
        yield started


@pytest.fixture
def subscribed(deployment: Deployment) -> Iterator[SubscribedChat]:
    with subscribed_chat(deployment) as chat:
        yield chat
        deployment.sandbox.delete("faults")
        try_again(deployment)


def try_again(deployment: Deployment) -> None:
    """Press the owner's button that has X asked again, which /status has while X is stopped."""
    owner = deployment.chat(OWNER)
    status = owner.answer_to(owner.send("/status"))
    if not status["keyboard"]:
        return
    owner.press(status, "again")
    owner.wait_for_text(status, "Trying again now")


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
def test_a_failure_of_x_has_no_effect_once_it_is_over(
    deployment: Deployment, subscribed: SubscribedChat, name: str, fault: dict[str, Any], report: Report
) -> None:
    with nothing_lost(deployment):
        before = subscribed.caption
        deployment.sandbox.post("faults", service="x", times=PLENTY, **fault)
        wait_for_ticks(deployment, FAILED)
        assert subscribed.caption == before
        deployment.sandbox.delete("faults")
        fresh_s = subscribed.seconds_until_fresh(FRESH_S)
    report(f"X: {name}", fresh_s=fresh_s)


@pytest.mark.parametrize(("name", "within_s"), [("with a reset in 8 s", 8), ("without a reset", 60)])
def test_a_rate_limit_is_obeyed_without_a_request_or_a_message(
    deployment: Deployment, subscribed: SubscribedChat, name: str, within_s: int, report: Report
) -> None:
    reset = str(int(time.time()) + within_s)
    headers = {"x-rate-limit-reset": reset} if within_s < 60 else {}
    since, started = deployment.sandbox.last_call(), time.time()
    refusal = {"status": 429, "body": {"title": "Too Many Requests"}, "headers": headers}
    deployment.sandbox.post("faults", service="x", method=TIMELINE, **refusal)
    until(lambda: statuses(deployment, since, 429))
    asked = asked_after(deployment, started)
    wait_for_ticks(deployment, STOPPED)
    assert asked_after(deployment, started) == asked
    fresh_s = subscribed.seconds_until_fresh(within_s + FRESH_S)
    assert subscribed.count_texts("too many requests") == 0
    report(f"X: 429 {name}", fresh_s=fresh_s)


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
        HardStop("token refused", 401, {"title": "Unauthorized", "status": 401}, "rejects the bot's access token"),
    ],
)
def test_a_hard_stop_ends_all_requests_is_announced_once_and_the_owner_ends_it(
    deployment: Deployment, subscribed: SubscribedChat, stop: HardStop, report: Report
) -> None:
    with nothing_lost(deployment):
        before, since = subscribed.caption, deployment.sandbox.last_call()
        deployment.sandbox.post("faults", service="x", status=stop.status, body=stop.body, times=PLENTY)
        until(lambda: subscribed.count_texts(stop.reason))
        wait_for_ticks(deployment, STOPPED)
        assert f"Reading X is paused until {next_try(stop.status)}" in subscribed.chat.ask("/status")
        assert stop.reason in subscribed.chat.ask("/track @somebody_else")
        assert statuses(deployment, since) == [stop.status]
        try_again(deployment)
        until(lambda: len(statuses(deployment, since)) > 1)
        wait_for_ticks(deployment, STOPPED)
        assert statuses(deployment, since) == [stop.status] * 2, "one request tells that it is not over"
        assert subscribed.caption == before
        deployment.sandbox.delete("faults")
        try_again(deployment)
        fresh_s = subscribed.seconds_until_fresh(FRESH_S)
    [text] = [each["text"] for each in subscribed.chat.messages() if "is paused since" in (each["text"] or "")]
    assert "The charts keep what was read last, with its time. I'll try again" in text
    assert notices(deployment.chat(OWNER), stop.reason) == 1, "even if the same stop occurs again that day"
    report(f"X: {stop.status} {stop.name}", fresh_s=fresh_s)


def test_only_an_owner_ends_a_stop(deployment: Deployment, subscribed: SubscribedChat) -> None:
    deployment.sandbox.post("faults", service="x", status=401, body={"title": "Unauthorized"}, times=PLENTY)
    until(lambda: "Reading X is paused" in subscribed.chat.ask("/status"))
    since = deployment.sandbox.last_call()
    group = deployment.chat(-7900, user_id=OWNER, type="supergroup")
    status = group.answer_to(group.send("/status"))
    assert "Only the bot's owner" in replace(group, user_id=901).press_and_read(status, "again")
    wait_for_ticks(deployment, STOPPED)
    assert deployment.sandbox.calls("x", since) == []


def test_charts_show_the_time_of_their_data_while_x_is_not_asked(
    deployment: Deployment, subscribed: SubscribedChat, report: Report
) -> None:
    deployment.sandbox.post("faults", service="x", status=402, body={"title": "CreditsDepleted"}, times=PLENTY)
    until(subscribed.is_marked_stale, within_s=90, every_s=1)
    deployment.sandbox.delete("faults")
    try_again(deployment)
    fresh_s = subscribed.seconds_until_fresh(FRESH_S)
    until(lambda: not subscribed.is_marked_stale())
    report("X: 402 for longer than a minute: the chart says so", fresh_s=fresh_s)


def test_credits_that_end_among_two_hundred_accounts_end_the_requests_of_that_tick(
    deployment: Deployment, report: Report
) -> None:
    """By the first 402, the 50 threads of each of two processes have asked; none asks after it."""
    with subscribed_chat(deployment, accounts=200) as many:
        wait_for_ticks(deployment, r"tick: 2\d\d read", more=1)
        since = deployment.sandbox.last_call()
        deployment.sandbox.post("faults", service="x", status=402, body={"title": "Unknown"}, delay=0.5, times=PLENTY)
        until(lambda: many.count_texts(CREDITS))
        wait_for_ticks(deployment, STOPPED)
        refused = [call for call in deployment.sandbox.calls("x", since) if call["status"] == 402]
        first_answer = min(call["at"] for call in refused) + 0.5
        late = [call for call in refused if call["at"] > first_answer + 0.2]
        deployment.sandbox.delete("faults")
        try_again(deployment)
        fresh_s = many.seconds_until_fresh(FRESH_S + 15)
    assert late == []
    assert len(refused) <= 2 * 50
    report(f"X: 402 among 200 accounts, {len(refused)} requests under way", fresh_s=fresh_s)


def test_accounts_that_x_hides_say_so_and_come_back_by_themselves(deployment: Deployment, report: Report) -> None:
    states = {"suspended": "suspended, as of", "protected": "protected, as of", "missing": "gone, as of"}
    with subscribed_chat(deployment, accounts=4) as four, nothing_lost(deployment):
        hidden = dict(zip(states, four.handles[1:], strict=True))
        load(deployment, [{"username": handle, "state": state} for state, handle in hidden.items()])
        until(lambda: all(note in four.caption for note in states.values()), within_s=FRESH_S)
        four.seconds_until_fresh(FRESH_S)
        load(deployment, [{"username": handle, "state": "active"} for handle in hidden.values()])
        started = time.monotonic()
        change_accounts(deployment, next_at=datetime.now(UTC))  # as after a quarter of an hour
        until(lambda: not any(note in four.caption for note in states.values()), within_s=100)
        fresh_s = time.monotonic() - started
        four.seconds_until_fresh(FRESH_S, account=3)
    report("X: accounts suspended, protected, deleted, and back", fresh_s=fresh_s)


def test_a_renamed_account_is_followed_by_chart_tracking_and_dataset(deployment: Deployment, report: Report) -> None:
    with subscribed_chat(deployment) as renamed:
        [old] = renamed.handles
        new = f"new_{old[-4:]}"
        [account_id] = [each["id"] for each in deployment.sandbox.get("x/accounts") if each["username"] == old]
        with nothing_lost(deployment):
            load(deployment, [{"username": new, "id": account_id}])
            started = time.monotonic()
            change_accounts(deployment, profiled_on=datetime.now(UTC).date() - timedelta(days=7))  # names cost money
            until(lambda: f"@{new}" in renamed.caption, within_s=100)
            fresh_s = time.monotonic() - started
            figure = next(renamed.figures)
            renamed.seconds_until_fresh(FRESH_S, figure=figure)
            until(lambda: str(figure) in dataset_of(deployment, new), within_s=40)
        load(deployment, [{"username": old, "id": "99", "posts": posts("account_99")}])
        assert f"Added: @{old}" in renamed.chat.ask(f"/track {old}"), "another account has the name now"
        assert {f"@{old}", f"@{new}"} <= set(renamed.chat.ask("/list").split())
        owner = deployment.chat(OWNER)
        until(lambda: f"X's bill today: ${deployment.sandbox.get('x/bill')['usd']:.2f} of" in owner.ask("/status"))
        renamed.chat.ask(f"/untrack {new}")
    report("X: account renamed", fresh_s=fresh_s)


def test_a_deleted_post_leaves_the_chart(deployment: Deployment, subscribed: SubscribedChat, report: Report) -> None:
    figure = next(subscribed.figures)
    subscribed.seconds_until_fresh(FRESH_S, figure=figure)
    deployment.sandbox.delete(f"x/posts/{subscribed.post_id()}")
    started = time.monotonic()
    until(lambda: f"{figure:,}" not in subscribed.caption, within_s=FRESH_S)
    report("X: post deleted", lost="that post", fresh_s=time.monotonic() - started)


@pytest.mark.parametrize(
    ("name", "of_each", "more"),
    [
        ("some posts and an error for the others", slice(0, 1), {"errors": [{"title": "Not Found Error"}]}),
        ("posts without their metrics", slice(None), {}),
    ],
)
def test_what_an_answer_leaves_out_is_not_deleted(
    subscribed: SubscribedChat, name: str, of_each: slice, more: Json, report: Report
) -> None:
    deployment = subscribed.deployment
    with nothing_lost(deployment):
        before = subscribed.caption
        answer = {"data": shown(subscribed, {})[of_each], "meta": {"result_count": 1}, **more}
        deployment.sandbox.post("faults", service="x", status=200, body=answer, times=PLENTY)
        wait_for_ticks(deployment, READ)
        assert subscribed.caption == before
        deployment.sandbox.delete("faults")
        fresh_s = subscribed.seconds_until_fresh(FRESH_S)
    report(f"X: {name}", fresh_s=fresh_s)


@pytest.mark.parametrize("spelling", ["retweet_count", "repost_count"])
def test_either_spelling_of_a_metric_is_read(
    deployment: Deployment, subscribed: SubscribedChat, spelling: str, report: Report
) -> None:
    answer = {"data": shown(subscribed, {"public_metrics": {spelling: 8_642}}), "meta": {}}
    deployment.sandbox.post("faults", service="x", status=200, body=answer, times=PLENTY)
    started = time.monotonic()
    until(lambda: "8,642" in subscribed.caption, within_s=FRESH_S)
    report(f"X: {spelling} for the metric", fresh_s=time.monotonic() - started)


def asked_after(deployment: Deployment, moment: float) -> int:
    """The number of requests that began after this time; those of an earlier test may end later."""
    return sum(call["at"] > moment for call in deployment.sandbox.calls("x"))


def statuses(deployment: Deployment, since: int, only: int | None = None) -> list[int]:
    """The statuses of failed timeline requests since this call; other requests may be under way."""
    calls = deployment.sandbox.calls("x", since)
    seen = [call["status"] for call in calls if call["method"] == TIMELINE]
    return [status for status in seen if status != 200 and only in {None, status}]


def next_try(status: int) -> str:
    """The time in /status: the next UTC day; not checked for a refused token, which is retried within 15 minutes."""
    now = datetime.now(UTC)
    return "" if status == 401 else f"{now + timedelta(days=1):%d %b} 00:00 UTC"


def notices(owner: Chat, reason: str) -> int:
    texts = [message["text"] or "" for message in owner.messages()]
    return sum(reason in text and "is paused since" in text for text in texts)


def change_accounts(deployment: Deployment, **values: object) -> None:
    with open_store(deployment) as store, store.write_session() as db:
        db.execute(update(Account).values(**values))


def load(deployment: Deployment, accounts: list[Json]) -> None:
    deployment.sandbox.post("x/accounts", accounts=accounts)


def shown(subscribed: SubscribedChat, more: Json) -> list[Json]:
    """The first account's posts as X returns them, with these fields instead of their metrics."""
    return [
        {"id": post["post_id"], "text": "", "created_at": post["created_at"], **more}
        for post in subscribed.posts[subscribed.handles[0]]
    ]


def dataset_of(deployment: Deployment, handle: str) -> str:
    paths = [file["path"] for file in deployment.sandbox.get("dropbox/files") if handle in file["path"]]
    return "".join(deployment.sandbox.bytes(f"dropbox/files{path}").decode() for path in paths)
