"""How whole timelines are read: all own posts in reach, by few requests, and nothing is lost that was only not seen.

X stands for any network without a price. What is read of X itself is in test_paid_readings.
"""

from collections.abc import Callable
from datetime import timedelta
from random import Random

import pytest

from pipeline.records import Due
from pipeline.sources.problems import not_in_time
from pipeline.sources.source import StopFlag
from pipeline.sources.x.facts import X
from pipeline.steps.fetch import fetch_accounts
from tests.unit.pipeline.conftest import NOW, Ticks, timeline

pytestmark = pytest.mark.usefixtures("without_price")


def likes(ticks: Ticks, account_id: int) -> list[int | None]:
    return [post.counts.likes for post in ticks.posts(account_id)]


def sizes(ticks: Ticks) -> list[int]:
    return [int(call["params"]["max_results"]) for call in ticks.calls()]


def half(number: int) -> bool:
    return number % 2 == 1


def nine_of_ten(number: int) -> bool:
    return number % 10 != 9


def newest_900(number: int) -> bool:
    return number < 900


@pytest.mark.parametrize(
    ("entries", "is_repost", "requests"),
    [(600, half, 3), (3000, nine_of_ten, 10), (1200, newest_900, 10), (3200, lambda number: number < 3100, 32)],
)
def test_all_own_posts_in_reach_are_found_by_as_few_requests_as_it_takes(
    ticks: Ticks, entries: int, is_repost: Callable[[int], bool], requests: int
) -> None:
    entries_told = timeline(entries, is_repost)
    ticks.load("nasa", entries_told)
    [nasa] = ticks.track("nasa")
    ticks.tick()
    own = [entry["likes"] for entry in entries_told if not entry["is_repost"]]
    assert likes(ticks, nasa) == own[:100]
    assert len(ticks.calls()) <= requests
    assert set(sizes(ticks)) == {100}, "full pages"
    assert ticks.account(nasa).requests == len(ticks.calls())


def test_what_x_does_not_reach_is_not_waited_for(ticks: Ticks) -> None:
    ticks.load("nasa", timeline(3400, lambda number: number < 3250))
    [nasa] = ticks.track("nasa")
    ticks.tick()
    assert (ticks.account(nasa).fetched_at, likes(ticks, nasa)) == (NOW, []), "no own post is among X's 3,200"
    assert len(ticks.calls()) == 32


@pytest.mark.parametrize(("depth", "size"), [(5, 5), (20, 20), (100, 100), (150, 100)])
def test_no_more_posts_are_asked_for_than_are_wanted_since_each_costs(ticks: Ticks, depth: int, size: int) -> None:
    ticks.start(posts_per_account=depth)
    ticks.load("nasa", timeline(400))
    ticks.track("nasa")
    ticks.tick()
    assert sizes(ticks)[0] == size
    assert ticks.http.get("x/bill").json()["posts_returned"] <= depth * 1.5


def test_few_reposts_cost_one_small_page_more(ticks: Ticks) -> None:
    ticks.load("nasa", timeline(400, lambda number: number % 10 == 0))
    [nasa] = ticks.track("nasa")
    ticks.tick()
    assert sizes(ticks) == [100, 17], "10 are missing, nine of ten entries are posts, and half as many to spare"
    assert len(likes(ticks, nasa)) == 100
    assert ticks.http.get("x/bill").json()["posts_billed"] == 105


def test_any_mixture_of_reposts_gives_the_newest_own_posts(ticks: Ticks) -> None:
    for seed in range(8):
        chance = Random(seed)
        clusters = [chance.random() for _ in range(40)]
        dice = [chance.random() for _ in range(800)]
        entries = timeline(800, lambda number: dice[number] < clusters[number // 20], first=10**10 * (seed + 1))  # noqa: B023
        ticks.load(f"nasa{seed}", entries)
        [account] = ticks.track(f"nasa{seed}")
        ticks.tick(seed)
        assert likes(ticks, account) == [entry["likes"] for entry in entries if not entry["is_repost"]][:100]


def test_reposts_that_push_all_posts_out_of_the_first_pages_delete_none(ticks: Ticks) -> None:
    own = timeline(120)
    ticks.load("nasa", own)
    [nasa] = ticks.track("nasa")
    ticks.tick()
    newer = [
        entry
        | {"post_id": 10**10 + number, "created_at": (NOW + timedelta(seconds=number)).isoformat(), "is_repost": 1}
        for number, entry in enumerate(timeline(950))
    ]
    ticks.load("nasa", newer)
    ticks.tick(1)
    assert likes(ticks, nasa) == list(range(100))


@pytest.mark.parametrize("found", [0, 40])
def test_where_time_runs_out_between_pages_what_was_not_seen_stays(ticks: Ticks, found: int) -> None:
    ticks.load("nasa", timeline(400, lambda number: number >= found and number % 2 == 0))
    [nasa] = ticks.track("nasa")
    ticks.tick()
    before = likes(ticks, nasa)
    reposts = [entry | {"is_repost": 1, "post_id": 10**10 + entry["post_id"]} for entry in timeline(100 - found)]
    ticks.load("nasa", [entry | {"created_at": (NOW + timedelta(hours=1)).isoformat()} for entry in reposts])
    ticks.start(tick_seconds=4)
    ticks.fault(method="GET /2/users/:id/tweets", delay=2, times=10)
    ticks.tick(1)
    assert likes(ticks, nasa) == before
    assert (ticks.account(nasa).problem is None) == (found > 0), "where nothing was seen, nothing is known"
    assert (ticks.account(nasa).fetched_at == NOW) == (found == 0)


@pytest.mark.parametrize("status", [500, 429])
def test_a_later_page_that_fails_loses_nothing_of_those_before(ticks: Ticks, status: int) -> None:
    ticks.load("nasa", timeline(400, half))
    [nasa] = ticks.track("nasa")
    ticks.tick()
    before = likes(ticks, nasa)
    changed = ticks.posts(nasa)[0]
    ticks.http.post(f"x/posts/{changed.id}", json={"likes": 777})
    token = next(token for call in ticks.calls() if (token := call["params"].get("pagination_token")))
    ticks.fault(params={"pagination_token": token}, status=status, body={"title": "Trouble"}, times=1)
    ticks.tick(1)
    assert likes(ticks, nasa) == [777, *before[1:]]


def test_who_is_late_asks_for_no_further_page(ticks: Ticks) -> None:
    ticks.load("nasa", timeline(1200, newest_900))
    remote_id = ticks.x.look_up(["nasa"])[0].remote_id or ""
    ticks.fault(method="GET /2/users/:id/tweets", delay=0.4, times=50)
    [reading] = fetch_accounts(X, ticks.x, [Due(1, remote_id, 100)], NOW, timedelta(seconds=0.7))
    assert (reading.posts, reading.problem, reading.requests) == (None, not_in_time("X"), 1)


def test_a_timeline_without_an_end_ends(ticks: Ticks) -> None:
    ticks.load("nasa", timeline(10))
    ticks.track("nasa")
    endless = {"meta": {"result_count": 0, "next_token": "more"}}
    ticks.fault(method="GET /2/users/:id/tweets", status=200, body=endless, times=500)
    remote_id = ticks.x.look_up(["nasa"])[0].remote_id or ""
    reading = ticks.x.fetch(Due(1, remote_id, 100), NOW, StopFlag())
    assert (reading.posts, reading.requests) == (None, 40)
    assert reading.problem is not None
