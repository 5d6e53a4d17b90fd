"""Who passes whom in a live chart, chart by chart."""

from datetime import UTC, datetime, timedelta

import pytest

from pipeline.steps.overtakes import HELD_FOR, Overtake, Standing, compare

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
A, B, C = 1, 2, 3
Figures = dict[int, float]


def told(*charts: Figures, every: timedelta = MINUTE) -> list[Overtake]:
    """What is told while these charts follow each other."""
    standing: Standing | None = None
    found: list[Overtake] = []
    for number, figures in enumerate(charts):
        standing, overtakes = compare(standing, figures, NOON + number * every)
        found += overtakes
    return found


@pytest.mark.parametrize(
    ("charts", "overtakes"),
    [
        ([{A: 100, B: 90}, {A: 100, B: 105}, {A: 100, B: 111}, {A: 100, B: 112}], [(B, A)]),
        ([{A: 100, B: 90}, {A: 100, B: 105}, {A: 108, B: 105}, {A: 104, B: 112}], []),
        ([{A: 100, B: 90}, {A: 101, B: 150}, {A: 170, B: 150}], [(B, A), (A, B)]),
        ([{A: 100, B: 90, C: 80}, {A: 100, B: 90, C: 130}], [(C, A)]),
        ([{A: 100, B: 90, C: 80}, {A: 100, B: 90, C: 100}], [(C, B)]),
    ],
    ids=["rises", "seesaw within the margin", "back again", "passes two", "passes one of two"],
)
def test_an_overtake_is_told_once_it_is_by_more_than_the_margin(
    charts: list[Figures], overtakes: list[tuple[int, int]]
) -> None:
    assert told(*charts) == overtakes


@pytest.mark.parametrize(
    "charts",
    [
        [{A: 100, B: 90}, {A: 40, B: 91}, {A: 40, B: 92}],
        [{A: 100}, {A: 100, B: 900}, {A: 101, B: 901}],
        [{A: 100, B: 90}, {A: 100}, {A: 100, B: 900}, {A: 100, B: 901}],
        [{A: 0, B: 0}, {A: 0, B: 1}],
        [{A: 100, B: 90}, {A: 80, B: 90}],
    ],
    ids=["a post of the other was deleted", "first reading", "late reading", "nothing to pass", "nobody rose"],
)
def test_what_is_no_overtake_is_not_told(charts: list[Figures]) -> None:
    assert told(*charts) == []


def test_what_happened_long_ago_is_not_told() -> None:
    assert told({A: 100, B: 90}, {A: 100, B: 200}, every=HELD_FOR + MINUTE) == []
