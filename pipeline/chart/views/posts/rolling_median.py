"""Rolling medians of a series of posts."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence

MIN_WINDOW = 21
"""The least window: in fewer posts a single one would move the line."""
SHARE = 8
"""A longer series has a window of one in so many of its posts, so that its line has no more bends than can be seen."""
MAX_CORNERS = 400
"""A line of more posts has a corner only at every second, third, … post: more corners could not be seen."""


def window_for(posts: int) -> int:
    """The window for a series of so many posts; odd, so that as many posts are newer as older."""
    return max(MIN_WINDOW, posts // SHARE | 1)


def min_posts(window: int) -> int:
    """How many posts of a window are enough: at the ends of a series a part of the window is missing."""
    return (window + 1) // 2


def has_line(values: Sequence[float]) -> bool:
    """Whether there are enough posts for a line."""
    return len(values) >= min_posts(window_for(len(values)))


def rolling_median(values: Sequence[float], window: int, *, counts: bool) -> list[tuple[int, float]]:
    """The corners of the line: an index into the values, and the median of the window of posts around it.

    No corners where there are fewer posts than min_posts. counts: see grouped_median.
    """
    if len(values) < min_posts(window):
        return []
    reach, every = window // 2, max(len(values) // MAX_CORNERS, 1)
    ascending = sorted(values[:reach])
    line = []
    for index in range(len(values)):
        if index + reach < len(values):
            insort(ascending, values[index + reach])
        if index > reach:
            del ascending[bisect_left(ascending, values[index - reach - 1])]
        if index % every == 0:
            line.append((index, grouped_median(ascending, counts=counts)))
    return line


def grouped_median(ascending: Sequence[float], *, counts: bool) -> float:
    """The median. Where it lies among equal counts, the median of grouped data, as statistics.median_grouped has it.

    That is within half a count of the plain median, which with counts as low as 0, 1 and 2 would jump between whole
    numbers whenever a single post comes or goes. It is never below 0.
    """
    half = len(ascending) / 2
    low, high = ascending[(len(ascending) - 1) // 2], ascending[len(ascending) // 2]
    if low != high or not counts:
        return (low + high) / 2
    below, reached = bisect_left(ascending, low), bisect_right(ascending, low)
    return max(low - 0.5 + (half - below) / (reached - below), 0)
