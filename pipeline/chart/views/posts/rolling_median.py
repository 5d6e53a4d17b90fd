"""The lines of the post-by-post view: rolling medians, and who is on top where they coincide."""

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Hashable, Sequence
from itertools import pairwise

LEAST_WINDOW = 21
"""Posts around each one, itself included; fewer would let single posts move the line."""
SHARE = 8
"""Of many posts the window is one in so many, so that a line of thousands has no more bends than can be seen."""
CORNERS = 400
"""Of more posts the line has a corner only at each second, third one and so on: more could not be seen."""
TURN = 4
"""Where lines coincide, each is on top for so many posts."""


def window(posts: int) -> int:
    """How many posts around each one make its median; odd, so that as many are newer as older."""
    return max(LEAST_WINDOW, posts // SHARE | 1)


def enough(width: int) -> int:
    """At the ends a part of the window is missing; with less than half of it nothing is drawn."""
    return (width + 1) // 2


def rolling_median(values: Sequence[float], width: int, *, counts: bool) -> list[tuple[int, float]]:
    """A line's corners: a post's place, and the median of `width` posts around it, of enough of them at the ends.

    None at all where there are fewer posts.
    """
    if len(values) < enough(width):
        return []
    reach, every = width // 2, max(len(values) // CORNERS, 1)
    around = sorted(values[:reach])
    line = []
    for at in range(len(values)):
        if at + reach < len(values):
            insort(around, values[at + reach])
        if at > reach:
            del around[bisect_left(around, values[at - reach - 1])]
        if at % every == 0:
            line.append((at, middle(around, counts=counts)))
    return line


def middle(ascending: Sequence[float], *, counts: bool) -> float:
    """The median. Among equal counts it lies within half a count of them, where half of the posts are on each side.

    It is the median of grouped data, as in statistics.median_grouped: with counts as small as 0, 1 and 2 the plain
    median would jump to and fro between whole numbers whenever a single post comes or goes.
    """
    half = len(ascending) / 2
    low, high = ascending[(len(ascending) - 1) // 2], ascending[len(ascending) // 2]
    if low != high or not counts:
        return (low + high) / 2
    below, reached = bisect_left(ascending, low), bisect_right(ascending, low)
    return max(low - 0.5 + (half - below) / (reached - below), 0)


def on_top(lines: Sequence[Sequence[Hashable]]) -> list[list[int]]:
    """For each line the steps it is on top of others that take the same step, from one corner to the next, by turns."""
    same: dict[tuple[int, Hashable, Hashable], list[int]] = defaultdict(list)
    for number, line in enumerate(lines):
        for step, (start, end) in enumerate(pairwise(line)):
            same[step, start, end].append(number)
    turns: list[list[int]] = [[] for _ in lines]
    for (step, _, _), group in same.items():
        if len(group) > 1:
            turns[group[step // TURN % len(group)]].append(step)
    return [sorted(steps) for steps in turns]
