"""The world of the simulation: its figures counted again by other means."""

import numpy as np
import pytest

from tests.simulate.accounts import KINDS, draw_mixed
from tests.simulate.growth import HOUR, Laws, draw_ages
from tests.simulate.policies.index import share_reached
from tests.simulate.world import STEPS, STEPS_A_DAY, World, make_world


@pytest.fixture(scope="module")
def world() -> World:
    return make_world("mixed", "base", 1)


def test_accounts_post_as_often_as_their_kind() -> None:
    rates: dict[str, list[float]] = {}
    for seed in range(12):
        for course in draw_mixed(seed):
            rates.setdefault(course.kind.name, []).append(np.count_nonzero(course.created > 0) / 28)
    for kind in KINDS:
        assert np.mean(rates[kind.name]) == pytest.approx(0 if kind.is_dead else kind.rate, rel=0.15)


def test_every_account_has_at_least_115_posts_before_the_first_day(world: World) -> None:
    assert np.bincount(world.account[world.created <= 0]).min() >= 115


def test_posts_are_made_in_16_hours_of_the_day() -> None:
    course = next(course for course in draw_mixed(3) if course.kind.name == "50 a day")
    hours = np.unique(np.floor(course.created[course.created > 0] % 1 / HOUR))
    assert 16 <= len(hours) <= 17


def test_half_of_the_events_by_law_come_within_the_half_life() -> None:
    laws = Laws(np.array([0.1]), np.array([1.2]))
    _, ages = draw_ages(laws, np.array([100_000]), np.random.default_rng(1))
    by_law = ages[:55_000]
    assert np.mean(by_law < 0.1) == pytest.approx(0.5, abs=0.01)
    assert np.mean(by_law < 1) == pytest.approx(1 - (1 + 1 / (0.1 / (2 ** (1 / 1.2) - 1))) ** -1.2, abs=0.01)


def test_the_share_reached_that_the_law_knowing_planner_uses_is_that_of_the_events() -> None:
    laws = Laws(np.array([2 * HOUR]), np.array([1.2]))
    _, ages = draw_ages(laws, np.array([200_000]), np.random.default_rng(2))
    for age in (0.05, 0.25, 1.0, 3.0):
        assert share_reached(laws, np.array([age]))[0] == pytest.approx(np.mean(ages <= age), abs=0.03)


def test_counts_are_those_of_the_events_so_far(world: World) -> None:
    posts = np.random.default_rng(4).choice(len(world.account), 40)
    changes: dict[int, list[tuple[int, int]]] = {}
    for key, change in zip(world.keys.tolist(), world.changes.tolist(), strict=True):
        changes.setdefault(key // STEPS, []).append((key % STEPS, change))
    for step in (0, 1, 5_000, STEPS - 1):
        expected = [
            int(world.base[post]) + sum(change for at, change in changes.get(post, []) if at <= step)
            for post in posts.tolist()
        ]
        assert world.count(posts, step).tolist() == expected


def test_a_table_holds_the_same_counts(world: World) -> None:
    posts = np.random.default_rng(5).choice(len(world.account), 30)
    table = world.table(posts, 3 * STEPS_A_DAY, 50)
    assert np.array_equal(table, world.count(posts[:, None], 3 * STEPS_A_DAY + np.arange(50)))


def test_a_post_has_no_count_before_it_is_made(world: World) -> None:
    new = np.flatnonzero(world.created > 1)
    assert not world.count(new, np.floor(world.created[new] * STEPS_A_DAY).astype(int)).any()


def test_a_seed_makes_the_same_world_again_and_another_seed_another(world: World) -> None:
    again, other = make_world("mixed", "base", 1), make_world("mixed", "base", 2)
    assert np.array_equal(world.keys, again.keys)
    assert np.array_equal(world.deleted, again.deleted)
    assert len(world.keys) != len(other.keys)


def test_slow_growth_comes_later(world: World) -> None:
    slow = make_world("mixed", "slow", 1)
    assert np.median(slow.laws.half_life) > 1.8 * np.median(world.laws.half_life)
