"""The lines of the post-by-post view: rolling medians, and who is on top where they coincide."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

WINDOW = 15
"""Posts around each one, itself included."""
ENOUGH = (WINDOW + 1) // 2
"""At the ends a part of the window is missing; with less than half of it nothing is drawn."""
TURN = 4
"""Where lines coincide, each is on top for so many posts."""


def rolling_median(values: Sequence[float]) -> list[float] | None:
    """The median of the WINDOW posts around each post, of ENOUGH at the ends; None where there are fewer posts."""
    if len(values) < ENOUGH:
        return None
    reach = WINDOW // 2
    return [median(values[max(at - reach, 0) : at + reach + 1]) for at in range(len(values))]


def on_top(lines: Sequence[Sequence[float]]) -> list[list[int]]:
    """For each line the steps it is on top of others that take the same step, from one post to the next, by turns."""
    same: dict[tuple[int, float, float], list[int]] = defaultdict(list)
    for number, line in enumerate(lines):
        for step, (start, end) in enumerate(pairwise(line)):
            same[step, start, end].append(number)
    turns: list[list[int]] = [[] for _ in lines]
    for (step, _, _), group in sorted(same.items()):
        if len(group) > 1:
            turns[group[step // TURN % len(group)]].append(step)
    return turns
