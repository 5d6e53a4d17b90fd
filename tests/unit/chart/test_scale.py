import pytest

from pipeline.chart.scale import fit

LINEAR = 0.35


@pytest.mark.parametrize(
    ("greatest", "ticks"),
    [
        (0, [0, 1, 10]),
        (10, [0, 1, 10]),
        (11, [0, 1, 10, 30]),
        (300, [0, 1, 10, 100, 300]),
        (317, [0, 1, 10, 100, 1000]),
        (3_000_000, [0, 1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 3_000_000]),
    ],
)
def test_the_axis_shows_zero_and_is_labelled_to_its_end(greatest: int, ticks: list[int]) -> None:
    assert fit([0, greatest], LINEAR).ticks() == ticks


def test_small_changes_leave_the_axis_as_it_is() -> None:
    assert len({fit([value], LINEAR) for value in range(31, 100)}) == 1


def test_counts_far_from_zero_do_not_leave_half_of_the_axis_empty() -> None:
    assert fit([724, 88_000], LINEAR).ticks() == [100, 1000, 10_000, 100_000]
    assert fit([99, 88_000], LINEAR).ticks()[0] == 0


def test_the_axis_is_linear_to_one_and_logarithmic_beyond() -> None:
    scale = fit([0, 100], LINEAR)
    shares = [scale.share(value) for value in (0, 0.5, 1, 10, 100)]
    assert shares == pytest.approx([0, 0.175 / 2.35, 0.35 / 2.35, 1.35 / 2.35, 1])


def test_labels_that_would_touch_are_left_out_but_never_the_ends() -> None:
    scale = fit([0, 3_000_000], LINEAR)
    assert scale.labels(lambda value: (scale.share(value) * 100, 20)) == [0, 1000, 100_000, 3_000_000]
