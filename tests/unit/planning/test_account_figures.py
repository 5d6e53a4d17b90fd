import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.planning.account_figures import account_figures

counts = st.lists(st.lists(st.integers(0, 1000), max_size=30), min_size=1, max_size=8)


@settings(deadline=None)
@given(counts)
def test_figures_are_those_of_each_account_alone(by_account: list[list[int]]) -> None:
    account = np.repeat(np.arange(len(by_account)), [len(each) for each in by_account])
    flat = np.array([count for each in by_account for count in each], np.float64)
    figures = account_figures(account, flat, len(by_account))
    for index, each in enumerate(by_account):
        expected = np.quantile(each, [0.25, 0.5, 0.75]) if each else np.zeros(3)
        found = [figures.first_quartile.value, figures.median, figures.third_quartile.value]
        assert np.allclose([quantile[index] for quantile in found], expected)
        assert figures.total[index] == sum(each)


def test_the_gap_is_the_distance_between_posts_around_a_quantile() -> None:
    figures = account_figures(np.zeros(101, np.int64), np.arange(0, 303, 3, dtype=np.float64), 1)
    assert figures.middle.gap.tolist() == [3]
