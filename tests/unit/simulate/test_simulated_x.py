"""The X of the simulation: what it answers and what it bills, and that the pipeline's ledger agrees with it."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from pipeline.errors import ServiceError
from pipeline.records import Due
from pipeline.sources.source import Purse, StopFlag
from tests.simulate import ours
from tests.simulate.growth import Laws
from tests.simulate.measure import Recorder, Returns
from tests.simulate.world import STEPS, STEPS_A_DAY, World
from tests.simulate.x import FIRST_POST, FIRST_USER, START, SimulatedX

NOON = START + timedelta(hours=12)
TOMORROW = NOON + timedelta(days=1)


def world_of(created: list[list[float]], deleted: dict[int, float] | None = None) -> World:
    """Accounts whose posts are made at these days; each post has as many likes as its index, and one more at day 1."""
    moments = np.array([moment for account in created for moment in account])
    ends = np.full(len(moments), np.inf)
    for post, day in (deleted or {}).items():
        ends[post] = day
    posts = len(moments)
    return World(
        kinds=tuple("one" for _ in created),
        account=np.repeat(np.arange(len(created)), [len(account) for account in created]),
        created=moments,
        deleted=ends,
        laws=Laws(np.ones(posts), np.ones(posts)),
        base=np.arange(posts),
        keys=np.arange(posts) * STEPS + STEPS_A_DAY,
        changes=np.ones(posts, dtype=np.int64),
    )


def at(x: SimulatedX, now: datetime) -> SimulatedX:
    x.set_clock(now)
    return x


def ask(x: SimulatedX, *, depth: int = 100, since: int | None = None, account: int = 0) -> list[int]:
    since_id = None if since is None else str(FIRST_POST + since)
    due = Due(1, str(FIRST_USER + account), depth, since_id)
    result = x.fetch(due, x.api.now, StopFlag(purse=Purse(1000)))
    return [int(post.id) - FIRST_POST for post in result.posts or ()]


def read(x: SimulatedX, posts: list[int]) -> tuple[dict[int, int | None], list[int]]:
    result = x.posts([str(FIRST_POST + post) for post in posts], x.api.now, StopFlag())
    counts = {int(post.id) - FIRST_POST: post.counts.reposts for post in result.posts or ()}
    return counts, [int(each) - FIRST_POST for each in result.gone]


def test_a_timeline_holds_the_newest_posts_that_exist_so_far() -> None:
    x = at(SimulatedX(world_of([[-3, -2, -1, 0.4, 0.6], [-1]], {1: 0.2})), NOON)
    assert ask(x) == [3, 2, 0]
    assert ask(x, since=2) == [3]
    assert ask(at(x, TOMORROW), since=3) == [4]
    assert ask(x, account=1) == [5]


def test_long_timelines_come_in_pages() -> None:
    x = at(SimulatedX(world_of([[day / 100 for day in range(-250, 0)]])), NOON)
    assert ask(x, depth=230) == list(range(249, -1, -1))


def test_posts_are_counted_as_they_are_now_and_deleted_ones_named() -> None:
    x = at(SimulatedX(world_of([[-3, -2, -1]], {1: 0.2})), NOON)
    assert read(x, [0, 1, 2]) == ({0: 0, 2: 2}, [1])
    assert read(at(x, TOMORROW), [0, 2]) == ({0: 1, 2: 3}, [])


def test_each_post_is_billed_once_a_day_however_it_is_returned() -> None:
    x = at(SimulatedX(world_of([[-3, -2, -1, 0.4]])), NOON)
    assert ask(x, since=0) == [3, 2, 1]
    read(x, [0, 1])
    read(x, [0, 1])
    assert ask(x, since=3) == []
    assert x.bill.usd(NOON.date(), 1) == pytest.approx(4 * 0.005)
    read(at(x, TOMORROW), [0])
    assert x.bill.usd(NOON.date(), 2) == pytest.approx(5 * 0.005)
    assert x.usage() == 5


def test_first_readings_are_on_a_line_of_their_own_and_profiles_on_the_bill() -> None:
    x = at(SimulatedX(world_of([[-3, -2, -1], [-1]])), NOON)
    ask(x)
    x.profiles([str(FIRST_USER), str(FIRST_USER + 1)])
    x.look_up(["account1"])
    assert x.bill.usd(NOON.date(), 1, of_first_reads=True) == pytest.approx(3 * 0.005)
    assert x.bill.usd(NOON.date(), 1) == pytest.approx(2 * 0.010)


def test_answers_tell_the_time_and_the_limits() -> None:
    x = at(SimulatedX(world_of([[-1]])), NOON)
    ask(x)
    observed = x.observed()
    assert (observed.at, observed.clock_ahead_s) == (NOON, 0)
    [window] = observed.windows
    assert (window.kind, window.limit, window.remaining) == ("timelines", 10_000, 9_999)
    assert window.resets_at == NOON + timedelta(minutes=15)


def test_too_many_requests_are_refused_until_the_window_ends() -> None:
    x = at(SimulatedX(world_of([[-1]])), NOON)
    for _ in range(50):
        x.usage()
    with pytest.raises(ServiceError):
        x.usage()
    assert at(x, NOON + timedelta(minutes=15)).usage() == 0


def test_the_planner_shows_the_truth_where_money_suffices_and_its_ledger_is_the_bill() -> None:
    world = world_of([[*np.arange(-30, 0), 0.301, 1.501], [*np.arange(-20.0, 0)]], {3: 1.3})
    x, recorder = SimulatedX(world), Recorder(world)
    counted = ours.play(x, 1, 180, recorder, days=3)
    assert counted == x.bill.posts
    shown = recorder.figures[0][-1]
    assert shown[1] == world.count(np.array([post for post in range(32) if post != 3]), 2 * STEPS_A_DAY).sum()
    assert x.bill.usd(START.date() + timedelta(days=1), 1) == pytest.approx((52 + 1) * 0.005, abs=0.011)
    assert Returns.of(world, x.bill).longest_unread() > 0


def test_the_planner_never_spends_more_than_its_limit() -> None:
    x = SimulatedX(world_of([[*np.arange(-40, 0), *np.arange(0.1, 3, 0.07)], [*np.arange(-60.0, 0)]]))
    ours.play(x, 0.03, 180, lambda *_: None, days=3)
    days = [x.bill.usd(START.date() + timedelta(days=day), 1) for day in range(3)]
    assert max(days) <= 2 * 0.03 + 1e-9
    assert sum(days) > 0.1
