import numpy as np
import pytest

from pipeline.planning.columns import DAY_S
from pipeline.planning.posting_rate import LEAST, expected_unseen, posting_rates

NOW_S = 20_000 * DAY_S


def rate(ages_days: np.ndarray, asked_days_ago: float = 0) -> float:
    account = np.zeros(len(ages_days), np.int64)
    return float(posting_rates(account, NOW_S - ages_days * DAY_S, np.array([NOW_S - asked_days_ago * DAY_S]))[0])


def ages(per_day: float, posts: int, seed: int) -> np.ndarray:
    return np.cumsum(np.random.default_rng(seed).exponential(1 / per_day, posts))


@pytest.mark.parametrize("per_day", [0.14, 0.5, 2, 5, 50])
@pytest.mark.parametrize("posts", [20, 100])
def test_the_mean_over_accounts_is_the_true_rate(per_day: float, posts: int) -> None:
    rates = [rate(ages(per_day, posts, seed)) for seed in range(300)]
    assert np.mean(rates) == pytest.approx(per_day, rel=0.15)


def test_an_account_with_20_stored_posts_looks_as_one_with_100() -> None:
    every_half_hour = np.arange(1, 101) / 48
    assert rate(every_half_hour[:20]) == pytest.approx(rate(every_half_hour), rel=0.05)


def test_a_dead_account_is_expected_to_post_hardly_ever() -> None:
    assert rate(60 + ages(0.5, 100, 1)) == pytest.approx(LEAST, abs=0.01)


def test_twenty_posts_in_five_minutes_are_no_rate() -> None:
    assert rate(np.linspace(0.001, 0.004, 20)) < 100


def test_a_starved_account_does_not_look_silent() -> None:
    posts = ages(5, 100, 1)
    assert rate(posts + 30, asked_days_ago=30) == pytest.approx(rate(posts))


def test_accounts_without_posts_are_expected_to_post_hardly_ever() -> None:
    none = np.array([])
    assert posting_rates(none.astype(np.int64), none, np.array([NOW_S])).tolist() == [LEAST]


def test_each_account_has_its_own_rate() -> None:
    account = np.repeat([0, 2], 50)
    created = NOW_S - np.concatenate([np.arange(1, 51) / 10, np.arange(1, 51)]) * DAY_S
    rates = posting_rates(account, created, np.full(3, NOW_S))
    assert rates.tolist() == pytest.approx([10, LEAST, 1], rel=0.1)


def test_unseen_posts_are_those_since_the_account_was_last_asked() -> None:
    unseen = expected_unseen(np.array([4.0, 4.0]), np.array([NOW_S - 1.5 * DAY_S, NOW_S + 9]), NOW_S)
    assert unseen.tolist() == [6, 0]
