from itertools import combinations
from math import hypot, log10, sqrt
from random import Random

import pytest

from pipeline.chart.swarm import STRAY, Crowd, Swarm

PITCH = 10.0


def place(value: float) -> float:
    return 300 * (value * 0.35 if value <= 1 else 0.35 + log10(value))


def swarm(half: float = 40) -> Swarm:
    return Swarm(place, half, 50, PITCH, lambda _x: 0)


def sample() -> list[int]:
    chance = Random(5)
    return [int(chance.lognormvariate(2, 1)) for _ in range(100)]


def test_dots_do_not_cover_each_other() -> None:
    dots = swarm().positions(sample())
    assert min(hypot(x - u, y - v) for (x, y), (u, v) in combinations(dots, 2)) >= PITCH - 1e-9


def test_equal_counts_give_equal_positions() -> None:
    values = sample()
    assert swarm().positions(values) == swarm().positions(values[::-1])


def test_each_dot_stands_nearest_to_the_count_it_means() -> None:
    values = [0] * 40 + [1] * 60 + [2] * 30
    for (x, _), value in zip(swarm().positions(values), sorted(values), strict=True):
        assert place(value - 0.5) < x < place(value + 0.5)


def test_a_greater_crowd_takes_more_room() -> None:
    def area(amount: int) -> int:
        return len({(round(x), round(y)) for x, y in swarm().positions([1] * amount)})

    assert [area(amount) for amount in (1, 9, 40, 80)] == [1, 9, 40, 80]


def test_too_many_equal_counts_stay_at_their_place_and_overlap_over_the_whole_height() -> None:
    dots = swarm().positions([5000] * 500)
    assert all(abs(x - place(5000)) <= 1.5 * PITCH for x, _ in dots)
    assert all(abs(y) <= 40 for _, y in dots)
    assert max(y for _, y in dots) - min(y for _, y in dots) > 75


@pytest.mark.parametrize("half", [0, 5, 20])
def test_no_dot_leaves_its_row(half: float) -> None:
    assert all(abs(y) <= half for _, y in swarm(half).positions(sample()))


def test_the_median_and_the_quartiles_stay_uncovered() -> None:
    def clear(x: float) -> float:
        return sqrt(max(25**2 - (x - place(7)) ** 2, 0))

    dots = Swarm(place, 40, 50, PITCH, clear).positions(sample())
    assert all(abs(y) >= clear(x) for x, y in dots)


def test_rates_stand_within_a_dot_of_their_place_however_low_they_are() -> None:
    values = [0.0] * 40 + [0.1] * 40
    dots = Swarm(lambda value: 1000 * value, 40, 50, PITCH, lambda _x: 0, grain=0).positions(values)
    assert all(abs(x - 1000 * value) <= 1.5 * PITCH for (x, _), value in zip(dots, values, strict=True))


def test_dots_stray_less_than_half_the_way_to_the_next_count() -> None:
    assert STRAY < 0.5


def crowd(half: float = 40) -> Crowd:
    return Crowd(place, half, 60, 4)


def test_an_outline_reaches_as_far_as_its_columns_hold_posts() -> None:
    heights = crowd().heights([1000] * 300 + [100_000] * 150)
    assert max(heights.values()) == 40
    assert heights[int(place(1000) // 4)] == 40
    assert heights[int(place(100_000) // 4)] == 20


def test_an_outline_shows_single_posts_at_their_place() -> None:
    heights = crowd().heights([5] * 1000 + [3_000_000])
    assert [4 * column <= place(3_000_000) < 4 * column + 4 for column in heights].count(True) == 1
    assert heights[int(place(3_000_000) // 4)] == 2


def test_many_equal_posts_of_a_low_count_are_a_block_up_to_half_the_way_to_the_next() -> None:
    columns = crowd().heights([1] * 500)
    assert place(0.5) - 4 <= 4 * min(columns) <= place(0.5)
    assert place(1.5) <= 4 * max(columns) + 4 <= place(1.5) + 4


def test_an_outline_stays_within_its_row_and_near_zero() -> None:
    heights = crowd(20).heights([0] * 3000)
    assert all(height <= 20 for height in heights.values())
    assert place(0) - 64 <= 4 * min(heights)
