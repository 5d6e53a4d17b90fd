from statistics import median

from pipeline.chart.smooth import ENOUGH, WINDOW, on_top, rolling_median


def test_the_line_is_the_median_of_fifteen_posts_around_each() -> None:
    values = [number * 7 % 31 for number in range(40)]
    line = rolling_median(values)
    assert WINDOW == 15
    assert line
    assert line[20] == median(values[13:28])


def test_at_its_ends_the_line_follows_the_half_window_that_exists() -> None:
    values = list(range(40))
    line = rolling_median(values)
    assert ENOUGH == 8
    assert line
    assert (line[0], line[-1]) == (median(values[:8]), median(values[-8:]))


def test_with_less_than_half_a_window_there_is_no_line() -> None:
    assert rolling_median([1] * 7) is None
    assert rolling_median([1] * 8) == [1] * 8


def test_where_lines_coincide_each_is_on_top_by_turns() -> None:
    same = [5.0] * 17
    turns = on_top([same, same, [4.0] * 17])
    assert turns == [[0, 1, 2, 3, 8, 9, 10, 11], [4, 5, 6, 7, 12, 13, 14, 15], []]
