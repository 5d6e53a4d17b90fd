"""The accounts' lines, which can be told apart where they cross and where they coincide."""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from itertools import pairwise

from pipeline.chart.paint.marks import GAP, SOLID, Dash, Point
from pipeline.chart.paint.page import Page
from pipeline.chart.parts.metrics import HALO, STROKE

DASHES: tuple[Dash, ...] = (SOLID, (3, 1), (1, 0.6), (4, 1, 1, 1), (5, 1), (2, 1))
"""For lines of one colour: those of stale accounts, or of the first account and the eleventh."""
STEPS_ON_TOP = 4
"""Where lines coincide, each of them is on top for so many steps."""


def draw_lines(page: Page, paths: Sequence[tuple[str, Sequence[Point]]], stroke: float = STROKE) -> None:
    """Draw the paths, each in its colour, the first one on top.

    A halo keeps them apart where they cross. Where they coincide, they alternate on top.
    """
    for number, (colour, path) in reversed(list(enumerate(paths))):
        dash = DASHES[sum(other == colour for other, _ in paths[:number]) % len(DASHES)]
        page.line(path, page.colours.paper, stroke + 2 * HALO)
        page.line(path, colour, stroke, dash)
    for (colour, path), steps in zip(paths, on_top([path for _, path in paths]), strict=True):
        if steps:
            page.line(_steps_of(path, steps), colour, stroke)


def on_top(lines: Sequence[Sequence[Hashable]]) -> list[list[int]]:
    """For each line the indices of the steps at which it is on top of lines that take the same step.

    A step leads from one corner of a line to the next.
    """
    same: dict[tuple[int, Hashable, Hashable], list[int]] = defaultdict(list)
    for number, line in enumerate(lines):
        for step, (start, end) in enumerate(pairwise(line)):
            same[step, start, end].append(number)
    chosen: list[list[int]] = [[] for _ in lines]
    for (step, _, _), group in same.items():
        if len(group) > 1:
            chosen[group[step // STEPS_ON_TOP % len(group)]].append(step)
    return [sorted(steps) for steps in chosen]


def _steps_of(path: Sequence[Point], steps: Sequence[int]) -> list[Point]:
    """These steps of the path, interrupted where one does not follow the other."""
    points: list[Point] = []
    for step in steps:
        start, end = path[step], path[step + 1]
        points += [end] if points and points[-1] == start else [GAP, start, end]
    return points
