from itertools import combinations
from math import hypot, log10
from random import Random

import pytest

from pipeline.chart.swarm import STRAY, Swarm

PITCH = 10.0


def place(value: float) -> float:
    return 300 * (value * 0.35 if value <= 1 else 0.35 + log10(value))


def swarm(half: float = 40) -> Swarm:
    return Swarm(place, half, 50, PITCH, lambda _x, _y: True)


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
    def free(x: float, y: float) -> bool:
        return hypot(x - place(7), y) > 25

    dots = Swarm(place, 40, 50, PITCH, free).positions(sample())
    assert all(free(x, y) for x, y in dots)


def test_dots_stray_less_than_half_the_way_to_the_next_count() -> None:
    assert STRAY < 0.5
