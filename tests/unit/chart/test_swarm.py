from itertools import combinations, pairwise
from math import hypot, log10, sqrt
from random import Random

import pytest

from pipeline.chart.views.spread.swarm import Outline, Swarm

PITCH = 10.0


def to_px(value: float) -> float:
    return 300 * (value * 0.35 if value <= 1 else 0.35 + log10(value))


def swarm(half: float = 40) -> Swarm:
    return Swarm(to_px, half, 50, PITCH, lambda _x: 0)


def sample() -> list[int]:
    chance = Random(5)
    return [int(chance.lognormvariate(2, 1)) for _ in range(100)]


def test_dots_do_not_cover_each_other_where_they_have_room() -> None:
    dots = swarm(200).positions(sample())
    assert min(hypot(x - u, y - v) for (x, y), (u, v) in combinations(dots, 2)) >= PITCH - 1e-9


def test_no_dot_is_where_another_one_is_unless_they_are_equal_and_too_many() -> None:
    dots = swarm().positions(range(1000, 1100))
    assert len(set(dots)) == 100


def test_equal_counts_give_equal_positions() -> None:
    values = sample()
    assert swarm().positions(values) == swarm().positions(values[::-1])


@pytest.mark.parametrize("values", [[0] * 40 + [1] * 60 + [2] * 30, [3] * 30 + [4] * 30 + [5] * 30, [7] * 60])
def test_each_dot_is_nearer_to_its_count_than_to_any_other_and_as_a_whole_where_it_has_room(values: list[int]) -> None:
    for (x, _), value in zip(swarm().positions(values), values, strict=True):
        above, below = to_px(value + 1), to_px(value - 1)
        for own, edge in ((x, 0), (x - PITCH / 2, PITCH), (x + PITCH / 2, PITCH)):
            if min(above - to_px(value), to_px(value) - below) > 2 * edge:
                assert (below + to_px(value)) / 2 < own < (above + to_px(value)) / 2


def test_counts_that_are_not_many_stand_exactly_at_their_places() -> None:
    values = sorted(sample())
    found = swarm(200).positions(values)
    assert [x for x, _ in found] == pytest.approx([to_px(value) for value in values])


def test_a_greater_crowd_takes_more_room() -> None:
    def area(amount: int) -> int:
        return len({(round(x), round(y)) for x, y in swarm().positions([1] * amount)})

    assert [area(amount) for amount in (1, 9, 40, 80)] == [1, 9, 40, 80]


def test_too_many_equal_counts_stay_at_their_place_and_overlap_over_the_whole_height() -> None:
    dots = swarm().positions([5000] * 500)
    assert {x for x, _ in dots} == {to_px(5000)}
    assert all(abs(y) <= 40 for _, y in dots)
    assert max(y for _, y in dots) - min(y for _, y in dots) > 70
    heights = sorted({round(y, 6) for _, y in dots})
    assert len(heights) > 10
    assert min(after - before for before, after in pairwise(heights)) >= 5


@pytest.mark.parametrize("half", [0, 5, 20])
def test_no_dot_leaves_its_row(half: float) -> None:
    assert all(abs(y) <= half for _, y in swarm(half).positions(sample()))


def test_the_median_and_the_quartiles_stay_uncovered() -> None:
    def clear(x: float) -> float:
        return sqrt(max(25**2 - (x - to_px(7)) ** 2, 0))

    dots = Swarm(to_px, 40, 50, PITCH, clear).positions(sample())
    assert all(abs(y) >= clear(x) for x, y in dots)


def test_rates_stand_exactly_at_their_places() -> None:
    values = [0.0] * 40 + [0.1] * 40 + [0.1001]
    dots = Swarm(lambda value: 1000 * value, 40, 50, PITCH, lambda _x: 0, grain=0).positions(values)
    assert [x for x, _ in dots] == pytest.approx([1000 * value for value in values])


def crowd(half: float = 40) -> Outline:
    return Outline(to_px, half, 60, 4)


def test_an_outline_reaches_as_far_as_its_columns_hold_posts() -> None:
    heights = crowd().heights([1000] * 300 + [100_000] * 150)
    assert max(heights.values()) == 40
    assert heights[int(to_px(1000) // 4)] == 40
    assert heights[int(to_px(100_000) // 4)] == 20


def test_an_outline_shows_single_posts_at_their_place() -> None:
    heights = crowd().heights([5] * 1000 + [3_000_000])
    assert [4 * column <= to_px(3_000_000) < 4 * column + 4 for column in heights].count(True) == 1
    assert heights[int(to_px(3_000_000) // 4)] == 2


@pytest.mark.parametrize("value", [0, 1, 2, 3, 7])
def test_many_equal_posts_of_a_low_count_are_a_block_that_is_nearer_to_it_than_to_the_next(value: int) -> None:
    columns = crowd().heights([value] * 500)
    start, end = 4 * min(columns), 4 * max(columns) + 4
    assert (to_px(value - 1) + to_px(value)) / 2 <= start + 2 <= to_px(value) + 2
    assert to_px(value) - 2 <= end - 2 <= (to_px(value) + to_px(value + 1)) / 2
    assert len(columns) > 1 or to_px(value + 1) - to_px(value) < 20


def test_an_outline_stays_within_its_row_and_near_zero() -> None:
    heights = crowd(20).heights([0] * 3000)
    assert all(height <= 20 for height in heights.values())
    assert to_px(0) - 64 <= 4 * min(heights)
