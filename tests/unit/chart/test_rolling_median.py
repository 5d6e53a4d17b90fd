from itertools import pairwise
from random import Random
from statistics import median, median_grouped

import pytest

from pipeline.chart.parts.lines import on_top
from pipeline.chart.views.posts.rolling_median import (
    MAX_CORNERS,
    MIN_WINDOW,
    grouped_median,
    min_posts,
    rolling_median,
    window_for,
)


def heights(values: list[float], width: int, *, counts: bool = True) -> list[float]:
    return [height for _, height in rolling_median(values, width, counts=counts)]


def test_the_line_is_the_median_of_the_posts_around_each() -> None:
    values = [number * 7 % 31 for number in range(31)]
    assert heights([*values], 15)[20] == median(values[13:28])


def test_at_its_ends_the_line_follows_the_half_window_that_exists() -> None:
    values = [*range(40)]
    line = heights([*values], 15)
    assert min_posts(15) == 8
    assert (line[0], line[-1]) == (median(values[:8]), median(values[-8:]))


def test_with_less_than_half_a_window_there_is_no_line() -> None:
    assert rolling_median([1] * 7, 15, counts=True) == []
    assert heights([1] * 8, 15) == [1] * 8


@pytest.mark.parametrize(("posts", "width"), [(1, 21), (100, 21), (168, 21), (500, 63), (3200, 401)])
def test_the_more_posts_the_wider_the_window_and_always_odd(posts: int, width: int) -> None:
    assert MIN_WINDOW == 21
    assert window_for(posts) == width


def test_small_counts_do_not_make_the_line_jump_between_whole_numbers() -> None:
    chance = Random(2)
    values = [float(chance.random() < 0.5) for _ in range(200)]
    plain, line = heights(values, 21, counts=False), heights(values, 21)
    assert set(plain) == {0, 0.5, 1}
    assert all(abs(one - other) <= 0.5 for one, other in zip(plain, line, strict=True))
    assert max(abs(one - other) for one, other in pairwise(line)) < 0.3


@pytest.mark.parametrize("counts", [[0, 0, 0, 1, 1], [0] * 9, [3, 3, 4], [1, 2, 2, 2, 9], [1, 1, 1, 1, 5, 7]])
def test_among_equal_counts_the_median_is_that_of_grouped_data(counts: list[float]) -> None:
    assert grouped_median(counts, counts=True) == pytest.approx(median_grouped(counts))
    assert grouped_median(counts, counts=False) == median(counts)


@pytest.mark.parametrize("counts", [[0, 2], [1, 5, 9], [2, 3]])
def test_among_different_counts_it_is_the_median(counts: list[float]) -> None:
    assert grouped_median(counts, counts=True) == median(counts)


def test_a_line_of_thousands_has_no_more_corners_than_can_be_seen() -> None:
    line = rolling_median([1.0] * 3200, 401, counts=True)
    assert len(line) == MAX_CORNERS
    assert [at for at, _ in line[:3]] == [0, 8, 16]


def test_where_lines_coincide_each_is_on_top_by_turns() -> None:
    same = [5.0] * 17
    turns = on_top([same, same, [4.0] * 17])
    assert turns == [[0, 1, 2, 3, 8, 9, 10, 11], [4, 5, 6, 7, 12, 13, 14, 15], []]
