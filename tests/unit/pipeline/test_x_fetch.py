"""What is asked of X's timelines, and what it may cost: new posts, older posts, and a purse that is not overdrawn."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from pipeline.i18n import lazy_gettext
from pipeline.records import Due, FetchResult, State
from pipeline.sources.problems import no_money_left
from pipeline.sources.source import Purse, StopFlag
from pipeline.sources.x.client import XClient
from tests.unit.pipeline.conftest import FIRST, NOW, timeline
from tests.unit.sandbox.conftest import ControlApi

TIMELINE = "GET /2/users/:id/tweets"
PLENTY = 10_000


@pytest.fixture
def x(url: str) -> Iterator[XClient]:
    client = XClient("token", f"{url}/x")
    yield client
    client.client.session.close()


def load(control: ControlApi, entries: list[dict[str, Any]], *, account: int = 42) -> None:
    control.post("x/accounts", accounts=[{"username": f"name{account}", "id": account, "posts": entries}])


def own_ids(entries: list[dict[str, Any]]) -> list[str]:
    """Newest first."""
    return [str(entry["post_id"]) for entry in entries if not entry["is_repost"]]


def ids(result: FetchResult) -> list[str]:
    assert result.posts is not None
    return [post.id for post in result.posts]


def sizes(control: ControlApi) -> list[int]:
    calls = control.get("calls", service="x")
    return [int(call["params"]["max_results"]) for call in calls if call["method"] == TIMELINE]


def left(purse: Purse) -> int:
    """How many posts are in the purse. It is empty then."""
    return purse.take(0, 1, PLENTY)


def due(since: int | None = None, until: int | None = None, *, depth: int = 100, account: int = 42) -> Due:
    since_id, until_id = (None if each is None else str(each) for each in (since, until))
    return Due(1, str(account), depth, since_id=since_id, until_id=until_id)


def fetch(x: XClient, asked: Due, purse: Purse | None = None) -> FetchResult:
    return x.fetch(asked, NOW, StopFlag(purse=purse))


def test_where_nothing_is_new_one_small_request_costs_nothing(x: XClient, control: ControlApi) -> None:
    load(control, timeline(50))
    purse = Purse(5)
    result = fetch(x, due(FIRST + 50), purse)
    assert (result.posts, result.complete, result.ended, result.unanswered) == ((), True, False, 0)
    assert (sizes(control), left(purse)) == ([5], 5)
    assert control.get("x/bill")["posts_returned"] == 0


@pytest.mark.parametrize(("new", "pages"), [(3, [5]), (5, [5]), (12, [5, 10]), (90, [5, 10, 20, 40, 25])])
def test_only_new_posts_are_returned_by_pages_that_begin_small(
    x: XClient, control: ControlApi, new: int, pages: list[int]
) -> None:
    entries = timeline(150)
    load(control, entries)
    purse = Purse(PLENTY)
    result = fetch(x, due(FIRST + 150 - new), purse)
    assert ids(result) == own_ids(entries)[:new]
    assert (result.complete, result.requests) == (True, len(pages))
    assert sizes(control) == pages
    assert left(purse) == PLENTY - new == PLENTY - control.get("x/bill")["posts_billed"]


def test_new_posts_are_found_below_reposts(x: XClient, control: ControlApi) -> None:
    entries = timeline(200, lambda number: number < 140)
    load(control, entries)
    result = fetch(x, due(FIRST + 50), Purse(PLENTY))
    assert ids(result) == own_ids(entries)[:10]
    assert (result.complete, result.requests) == (True, 5)


def test_new_posts_are_complete_when_as_many_are_found_as_a_chart_shows(x: XClient, control: ControlApi) -> None:
    entries = timeline(300)
    load(control, entries)
    purse = Purse(PLENTY)
    whole, short = fetch(x, due(FIRST), purse), fetch(x, due(FIRST), Purse(70))
    assert (ids(whole), whole.complete, whole.requests) == (own_ids(entries)[:100], True, 5)
    assert PLENTY - left(purse) == 100
    assert (ids(short), short.complete) == (own_ids(entries)[:70], False)


def test_as_many_new_posts_as_a_chart_shows_are_found_among_reposts(x: XClient, control: ControlApi) -> None:
    """Three of four entries are reposts, which cost nothing; the last page may hold more own posts than are due."""
    entries = timeline(800, lambda number: number % 4 > 0)
    load(control, entries)
    purse = Purse(PLENTY)
    result = fetch(x, due(FIRST), purse)
    assert result.complete
    assert ids(result)[:100] == own_ids(entries)[:100]
    assert len(ids(result)) == PLENTY - left(purse) <= 105


def test_any_mixture_of_reposts_gives_exactly_the_new_posts_for_their_price(x: XClient, control: ControlApi) -> None:
    for seed in range(12):
        chance = Random(seed)
        shares = [chance.choice((0, 0.3, 0.9, 1)) for _ in range(20)]
        dice = [chance.random() for _ in range(200)]
        entries = timeline(200, lambda number: dice[number] < shares[number // 10], first=10**10 * (seed + 1))  # noqa: B023
        load(control, entries, account=100 + seed)
        since, purse = chance.choice(entries)["post_id"], Purse(PLENTY)
        before = control.get("x/bill")["posts_billed"]
        result = fetch(x, due(since, depth=200, account=100 + seed), purse)
        assert (ids(result), result.complete) == ([each for each in own_ids(entries) if int(each) > since], True)
        assert PLENTY - left(purse) == len(ids(result)) == control.get("x/bill")["posts_billed"] - before


@pytest.mark.parametrize("share", [0, 0.5, 0.95])
def test_older_posts_follow_step_by_step_to_the_end(x: XClient, control: ControlApi, share: float) -> None:
    dice = Random(3)
    reposts = {number for number in range(330) if dice.random() < share}
    entries = timeline(330, lambda number: number in reposts)
    load(control, entries)
    until, found, purse = FIRST + 331, list[str](), Purse(PLENTY)
    for _ in range(50):
        result = fetch(x, due(until=until, depth=20), purse)
        assert result.complete
        found += ids(result)
        if result.ended:
            break
        until = int(found[-1])
    assert found == own_ids(entries), "each once, in order"
    assert PLENTY - left(purse) == len(found) == control.get("x/bill")["posts_returned"]


def test_the_newest_posts_are_asked_for_as_ever_and_tell_whether_there_are_older_ones(
    x: XClient, control: ControlApi
) -> None:
    entries = timeline(30)
    load(control, entries)
    newest, all_of_them = fetch(x, due(depth=20), Purse(PLENTY)), fetch(x, due(depth=40))
    assert (ids(newest), newest.complete, newest.ended) == (own_ids(entries)[:20], True, False)
    assert (ids(all_of_them), all_of_them.complete, all_of_them.ended) == (own_ids(entries), True, True)
    assert sizes(control) == [20, 40]


def test_an_empty_purse_sends_no_request(x: XClient, control: ControlApi) -> None:
    load(control, timeline(50))
    result = fetch(x, due(FIRST), Purse(4))
    assert (result.was_asked, result.requests, result.posts) == (False, 0, None)
    assert result.problem == no_money_left("X")
    assert sizes(control) == []


@pytest.mark.parametrize(("money", "expected"), [(5, [5]), (14, [5, 9]), (21, [5, 10, 6]), (24, [5, 10, 9])])
@pytest.mark.parametrize("asked", [due(FIRST), due(FIRST, depth=40)])
def test_where_money_ends_in_between_what_was_paid_for_is_kept(
    x: XClient, control: ControlApi, money: int, expected: list[int], asked: Due
) -> None:
    entries = timeline(50)
    load(control, entries)
    purse = Purse(money)
    result = fetch(x, asked, purse)
    assert sizes(control) == expected
    assert ids(result) == own_ids(entries)[: sum(expected)]
    assert (result.complete, result.problem, result.was_asked, result.unanswered) == (False, None, True, 0)
    assert left(purse) == money - sum(expected)


def test_a_purse_that_is_short_makes_pages_small_in_every_direction(x: XClient, control: ControlApi) -> None:
    entries = timeline(50)
    load(control, entries)
    assert ids(fetch(x, due(depth=40), Purse(18))) == own_ids(entries)[:18]
    assert ids(fetch(x, due(until=FIRST + 32, depth=40), Purse(12))) == own_ids(entries)[19:31]


def test_side_by_side_no_more_is_billed_than_the_purse_held(x: XClient, control: ControlApi) -> None:
    for account in range(30):
        load(control, timeline(9, first=10**10 * (account + 1)), account=100 + account)
    control.post("faults", service="x", method=TIMELINE, status=503, accepted=True, skip=10, times=3)
    purse, stop = Purse(60), StopFlag()
    stop.purse = purse
    with ThreadPoolExecutor(20) as pool:
        asked = [due(0, account=100 + account) for account in range(30)]
        results = list(pool.map(lambda each: x.fetch(each, NOW, stop), asked))
    billed = control.get("x/bill")["posts_billed"]
    shown, lost = sum(len(each.posts or ()) for each in results), sum(each.unanswered for each in results)
    assert shown <= billed <= shown + lost == 60 - left(purse)
    assert 55 < shown + lost <= 60


PROBLEM = {"title": "Some Problem", "type": "https://api.x.com/2/problems/some"}
LOST: list[dict[str, Any]] = [
    {"status": 503, "body": PROBLEM},
    {"status": 500},
    {"status": 0},
    {"status": 200, "body": '{"data": [{"id": "7"'},
    {"status": 200, "body": "<html>"},
    {"status": 200, "body": {}},
    {"status": 200, "body": {"data": [{"id": "7"}], "meta": {"result_count": 1}}},
    {"status": 200, "body": [PROBLEM]},
    {"status": 204, "body": PROBLEM},
    {"status": 302, "body": PROBLEM},
    {"status": 400, "body": "<html>"},
    {"status": 429, "body": ""},
    {"status": 404, "body": {}},
]
REFUSED: list[dict[str, Any]] = [
    {"status": 400, "body": PROBLEM},
    {"status": 401, "body": PROBLEM},
    {"status": 402, "body": {"title": "CreditsDepleted"}},
    {"status": 403, "body": PROBLEM},
    {"status": 429, "body": {"errors": [{"code": 88, "message": "Rate limit exceeded"}]}},
    {"status": 429, "body": {"title": "Too Many Requests", "type": "about:blank"}},
    {"status": 200, "body": {"errors": [PROBLEM]}},
]


@pytest.mark.parametrize("fault", LOST)
def test_a_request_without_a_readable_answer_counts_as_spent(
    x: XClient, control: ControlApi, fault: dict[str, Any]
) -> None:
    load(control, timeline(50))
    control.post("faults", service="x", method=TIMELINE, accepted=True, **fault)
    purse = Purse(100)
    result = fetch(x, due(FIRST), purse)
    assert (result.posts, result.unanswered, result.was_asked) == (None, 5, True)
    assert result.problem
    assert control.get("x/bill")["posts_billed"] == 5
    assert left(purse) == 95


@pytest.mark.parametrize("fault", REFUSED)
def test_a_refusal_costs_nothing(x: XClient, control: ControlApi, fault: dict[str, Any]) -> None:
    load(control, timeline(50))
    control.post("faults", service="x", method=TIMELINE, **fault)
    purse = Purse(100)
    result = fetch(x, due(FIRST), purse)
    assert (result.posts, result.unanswered, left(purse)) == (None, 0, 100)
    assert result.problem


def test_an_account_that_is_gone_costs_nothing(x: XClient, control: ControlApi) -> None:
    control.post("x/accounts", accounts=[{"username": "shy", "id": 42, "state": "protected"}])
    purse = Purse(100)
    result = fetch(x, due(FIRST), purse)
    assert (result.state, result.unanswered, left(purse)) == (State.PROTECTED, 0, 100)


@pytest.mark.parametrize("fault", [{"status": 503}, {"status": 0}, {"status": 200, "body": '{"data": ['}])
def test_a_later_page_that_is_lost_counts_as_spent_and_loses_nothing_of_those_before(
    x: XClient, control: ControlApi, fault: dict[str, Any]
) -> None:
    entries = timeline(50)
    load(control, entries)
    control.post("faults", service="x", path="/x/2/users/42/tweets", skip=1, accepted=True, **fault)
    purse = Purse(100)
    result = fetch(x, due(FIRST), purse)
    assert ids(result) == own_ids(entries)[:5]
    assert (result.complete, result.requests, result.unanswered) == (False, 2, 10)
    assert left(purse) == 85 == 100 - control.get("x/bill")["posts_billed"]
    assert result.answered_at is not None


def test_a_rate_limit_ends_all_requests_also_for_a_later_page(x: XClient, control: ControlApi) -> None:
    load(control, timeline(50))
    control.post("x/limits", timelines=2)
    stop = StopFlag(purse=Purse(100))
    result = x.fetch(due(FIRST), NOW, stop)
    assert (len(ids(result)), result.requests, result.unanswered) == (15, 3, 0)
    assert stop.reason == result.problem == lazy_gettext("{network} asks the bot to slow down", network="X")
    assert result.stopped_until is not None
    assert not x.fetch(due(FIRST), NOW, stop).was_asked
    assert len(sizes(control)) == 3


@pytest.mark.parametrize(
    ("at", "pages"),
    [("23:58:50", "all"), ("23:59:02", "one"), ("23:59:57", "one"), ("00:00:50", "one"), ("00:01:02", "all")],
)
@pytest.mark.parametrize("asked", [due(FIRST, depth=40), due(depth=100), due(until=FIRST + 111, depth=20)])
def test_around_midnight_by_xs_clock_no_further_page_is_asked_for(
    x: XClient, control: ControlApi, at: str, pages: str, asked: Due
) -> None:
    entries = timeline(110, lambda number: number % 2 == 0)
    load(control, entries)
    control.post("clock", at=f"2026-11-23T{at}Z")
    result = fetch(x, asked, Purse(PLENTY))
    assert (result.complete, result.requests > 1) == (pages == "all", pages == "all")
    assert ids(result) == own_ids(entries)[: len(ids(result))]
    assert result.problem is None


def test_a_page_of_reposts_at_midnight_is_no_failure(x: XClient, control: ControlApi) -> None:
    load(control, timeline(50, lambda number: number < 20))
    control.post("clock", at="2026-11-24T00:00:20Z")
    result = fetch(x, due(FIRST), Purse(PLENTY))
    assert (result.posts, result.complete, result.problem) == ((), False, None)


def test_the_moment_of_the_answer_is_xs_own(x: XClient, control: ControlApi) -> None:
    load(control, timeline(5))
    at = datetime(2026, 11, 24, 0, 30, tzinfo=UTC)
    control.post("clock", at=at.isoformat())
    for asked in (due(FIRST), due(depth=5), due(account=43)):
        answered_at = fetch(x, asked).answered_at
        assert answered_at is not None
        assert timedelta(seconds=-1) <= answered_at - at < timedelta(minutes=1)
        assert answered_at.tzinfo is UTC
    for date in ("", "yesterday", "Mon, 99 Nov 2026 10:00:00 GMT", "Mon, 01 Jan 99999 00:00:00 GMT"):
        control.post("faults", service="x", status=200, body={"meta": {"result_count": 0}}, headers={"Date": date})
        result = fetch(x, due(FIRST))
        assert (result.posts, result.answered_at) == ((), None)
