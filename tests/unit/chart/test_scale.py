from itertools import pairwise

import pytest

from pipeline.chart.parts.scale import ENDS, HALF_DECADES, ROUND, Scale, Steps, scale_of
from pipeline.records import Layout, Normalization

LINEAR = 0.35


def counts(high: float, low: float = 0) -> Scale:
    return Scale(low, high, LINEAR)


def rates(high: float) -> Scale:
    return scale_of(Layout(0, high, ()), Normalization.RATE, LINEAR)


def test_accounts_of_a_hundred_followers_and_of_millions_are_apart_on_one_axis() -> None:
    axis = scale_of(Layout(0, 300, ()), Normalization.FOLLOWERS, LINEAR)
    shares = [axis.share(value) for value in (0, 0.01, 0.1, 1, 10, 100)]
    assert all(later - earlier > 0.05 for earlier, later in pairwise(shares))


@pytest.mark.parametrize(
    ("steps", "value", "above", "below"),
    [
        (HALF_DECADES, 1, 1, 1),
        (HALF_DECADES, 2, 3, 1),
        (HALF_DECADES, 31, 100, 30),
        (HALF_DECADES, 1000, 1000, 1000),
        (HALF_DECADES, 0.3, 0.3, 0.3),
        (HALF_DECADES, 0.04, 0.1, 0.03),
        (ROUND, 0.0011, 0.002, 0.001),
        (ROUND, 21, 50, 20),
        (ROUND, 10**15 + 1, 2 * 10**15, 10**15),
        (ENDS, 0.0011, 0.0012, 0.001),
        (ENDS, 1, 1, 1),
        (ENDS, 208, 250, 200),
        (ENDS, 8 * 10**15 + 1, 10**16, 8 * 10**15),
    ],
)
def test_steps_are_round_numbers(steps: Steps, value: float, above: float, below: float) -> None:
    assert steps.value(steps.above(value)) == above
    assert steps.value(steps.below(value)) == below


@pytest.mark.parametrize(
    ("high", "ticks"),
    [
        (10, [0, 1, 10]),
        (30, [0, 1, 10, 30]),
        (1000, [0, 1, 10, 100, 1000]),
        (3_000_000, [0, 1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 3_000_000]),
    ],
)
def test_the_axis_shows_zero_and_is_labelled_to_its_end(high: int, ticks: list[int]) -> None:
    assert counts(high).ticks() == ticks


def test_an_axis_that_starts_above_zero_is_labelled_from_there() -> None:
    assert counts(10_000, low=300).ticks() == [300, 1000, 10_000]


def test_rates_far_below_one_have_their_own_decades() -> None:
    assert rates(3).ticks() == [0, 0.01, 0.1, 1, 3]
    assert rates(10).ticks() == [0, 0.1, 1, 10]
    assert rates(3000).ticks() == counts(3000).ticks()


def test_the_axis_is_linear_to_one_and_logarithmic_beyond() -> None:
    shares = [counts(100).share(value) for value in (0, 0.5, 1, 10, 100)]
    assert shares == pytest.approx([0, 0.175 / 2.35, 0.35 / 2.35, 1.35 / 2.35, 1])


def test_low_and_high_are_drawn_at_the_ends() -> None:
    place = counts(10_000, low=300).to_px(98, 1182)
    assert [place(300), place(10_000)] == pytest.approx([98, 1182])


def test_labels_that_would_touch_are_left_out_but_never_the_ends() -> None:
    scale = counts(3_000_000)
    assert scale.labels(lambda value: (scale.share(value) * 100, 20)) == [0, 1000, 100_000, 3_000_000]
