"""How the simulation counts errors and dollars, against the same by hand."""

from itertools import product
from pathlib import Path
from statistics import median, quantiles

import numpy as np
import pytest

from tests.simulate import ticket
from tests.simulate.accounts import DAYS
from tests.simulate.error import Errors, errors, figures, newest, true_figures
from tests.simulate.growth import Laws
from tests.simulate.policies.oracle import _schedule
from tests.simulate.policies.peers import NewestN, Today
from tests.simulate.report import NAMES, dollars_for, error_at, plot, tables
from tests.simulate.runs import Result
from tests.simulate.world import STEPS, STEPS_A_DAY, World, make_world


def small_world(created: list[float], base: list[int], changes: dict[tuple[int, float], int]) -> World:
    """One account. changes: by post and day, by how much its count grows then."""
    events = sorted((post * STEPS + round(day * STEPS_A_DAY), change) for (post, day), change in changes.items())
    posts = len(created)
    return World(
        kinds=("one",),
        account=np.zeros(posts, dtype=np.int64),
        created=np.array(created),
        deleted=np.full(posts, np.inf),
        laws=Laws(np.ones(posts), np.ones(posts)),
        base=np.array(base),
        keys=np.array([key for key, _ in events], dtype=np.int64),
        changes=np.array([change for _, change in events], dtype=np.int64),
    )


def test_figures_are_those_of_the_statistics_module() -> None:
    counts = np.random.default_rng(1).integers(0, 1000, (37, 1))
    values = counts[:, 0].tolist()
    q1, q2, q3 = quantiles(values, method="inclusive")
    shown = figures(counts, np.ones_like(counts, dtype=np.bool_))[:, 0].tolist()
    assert shown == pytest.approx([q2, sum(values), q1, q3, max(values)])
    assert shown[0] == median(values)


def test_the_newest_hundred_present_posts_count() -> None:
    present = np.ones((130, 1), dtype=np.bool_)
    present[125] = False
    assert np.flatnonzero(newest(present)[:, 0]).tolist() == [*range(29, 125), *range(126, 130)]


def test_an_error_is_relative_to_the_truth_but_to_no_less_than_ten() -> None:
    assert errors(np.array([90.0, 2.0]), np.array([100.0, 4.0])).tolist() == [0.1, 0.2]


def test_true_figures_are_those_of_the_newest_living_posts() -> None:
    world, step, account = make_world("mixed", "base", 2), 9_001, 34
    posts = [
        post for post in world.posts_of(account) if world.created[post] <= step / STEPS_A_DAY < world.deleted[post]
    ]
    counts = world.count(np.array(posts[-100:]), step).tolist()
    steps = np.array([step - 2, step, step + 700])
    assert true_figures(world, account, steps)[:2, 1].tolist() == pytest.approx([median(counts), sum(counts)])


def test_a_day_costs_each_opened_post_once() -> None:
    world = small_world([-3, -2, -1, 20.5001, 20.6001], [50, 60, 70, 0, 0], {})
    usd, _ = ticket.run(world, NewestN(2), 0)
    assert usd == pytest.approx((14 * 2 + 2) * 0.005 / 14)
    usd, wrong = ticket.run(world, Today(), 0)
    assert usd == pytest.approx((7 * 3 + 2 + 7 * 5) * 0.005 / 14)
    assert not wrong.by_account.any()


def test_what_is_not_opened_stays_as_it_was_until_it_is() -> None:
    world = small_world([-3, -2, -1], [50, 60, 70], {(0, 20.0): 30})
    _, wrong = ticket.run(world, NewestN(2), 0)
    median_error, total_error = wrong.by_account[0, :2]
    assert total_error == pytest.approx(30 / 210 * 8 / 14, rel=1e-3)
    assert median_error == pytest.approx((70 - 60) / 70 * 8 / 14, rel=1e-3)


def test_an_open_post_is_read_again_at_each_tick() -> None:
    world = small_world([-3, -2], [50, 60], {(1, 20 + 7 / STEPS_A_DAY): 30})
    _, wrong = ticket.run(world, Today(), 0, tick=15)
    assert wrong.by_account[0, 1] == pytest.approx(30 / 140 * 8 / (14 * STEPS_A_DAY))


def test_a_new_post_is_found_at_the_next_tick() -> None:
    world = small_world([-3, -2, 20 + 7 / STEPS_A_DAY], [50, 60, 10], {})
    _, wrong = ticket.run(world, Today(), 0, tick=15)
    assert wrong.by_account[0, 1] == pytest.approx(10 / 120 * 8 / (14 * STEPS_A_DAY))


def test_a_new_post_is_missing_until_it_is_found() -> None:
    class Never:
        def plan(self, view: ticket.View, openings: float) -> ticket.DayPlan:  # noqa: ARG002
            return ticket.DayPlan(view.posts[:0], np.zeros(1, dtype=np.bool_))

    world = small_world([-3, -2, 21.0], [50, 60, 0], {(2, 21.1): 40})
    _, wrong = ticket.run(world, Never(), 0)
    assert wrong.by_account[0, 1] == pytest.approx(40 / 150 * 6.9 / 14, rel=1e-2)


def test_p95_is_of_the_chart_errors_of_all_steps_alike() -> None:
    wrong = np.zeros((1, 5, 100))
    wrong[0, 0, :10] = 0.2
    found = Errors.of([wrong[:, :, :30], wrong[:, :, 30:]], ("one",))
    assert found.p95 == pytest.approx(0.1)
    assert found.chart[0] == pytest.approx(0.01)


def test_the_oracles_schedule_is_the_cheapest_of_all() -> None:
    rng = np.random.default_rng(3)
    world = small_world([-1.0, 22.0], [1, 0], {})
    costs = rng.random((DAYS + 1, DAYS, 2)).astype(np.float32)
    costs[:, : DAYS - 6] = 0
    costs[: DAYS - 5] = costs[0]  # only the last days matter, so that all choices can be tried
    schedule = _schedule(world, costs, 0.4)

    def cost(post: int, days: tuple[int, ...]) -> float:
        total, last = 0.0, 0
        for day in range(DAYS):
            total += 0.4 if day in days else float(costs[last, day, post])
            last = day + 1 if day in days else last
        return total

    for post in (0, 1):
        choices = [tuple(DAYS - 6 + day for day in range(6) if chosen[day]) for chosen in product((0, 1), repeat=6)]
        best = min(cost(post, days) for days in choices)
        assert cost(post, tuple(np.flatnonzero(schedule[post]).tolist())) == pytest.approx(best)


def test_a_line_of_json_has_exactly_the_promised_keys() -> None:
    wrong = Errors.of([np.full((1, 5, 10), 0.01)], ("one",))
    line = Result("mixed", "base", 1, "ours", 0.06, wrong, {"limit": 0.07}).as_json()
    assert list(line) == [
        *("mix", "growth", "seed", "policy", "usd", "chart", "median", "total", "q1", "q3", "top", "p95"),
    ]
    assert (line["usd"], line["chart"], line["p95"]) == (0.06, 1.0, 1.0)


def test_dollars_for_an_error_and_the_error_at_dollars_are_read_off_the_same_line() -> None:
    dollars, wrong = np.array([0.01, 0.1, 1.0]), np.array([10.0, 1.0, 0.1])
    assert dollars_for(dollars, wrong, 1.0) == pytest.approx(0.1)
    assert error_at(dollars, wrong, dollars_for(dollars, wrong, 3.0)) == pytest.approx(3.0)
    assert np.isnan(error_at(dollars, wrong, 5.0))
    assert dollars_for(dollars, wrong, 20.0) == 0.01


def test_a_report_tells_of_seeds_on_which_the_oracle_needed_less_money(tmp_path: Path) -> None:
    def result(policy: str, seed: int, usd: float) -> Result:
        wrong = Errors.of([np.full((1, 5, 3), 0.001 / usd)], ("one",))
        return Result("mixed", "base", seed, policy, usd, wrong)

    spent = {1: (0.05, 0.1, 0.2), 2: (0.05, 0.1)}
    results = [result(policy, seed, usd) for policy in NAMES for seed, budgets in spent.items() for usd in budgets]
    lines = [line for line in tables(results) if line.startswith(NAMES["oracle"])]
    plot(results, tmp_path / "plot.png")
    assert [line.split()[4:8] for line in lines[2:]] == [
        ["$0.0500", "chart", "2.00", "median"],
        ["$0.1000", "chart", "1.00", "median"],
    ]
