from datetime import timedelta
from decimal import Decimal

import pytest

from pipeline.planning.estimate import daily_usd, first_reading_usd, posts_a_day

POST, PROFILE = Decimal("0.005"), Decimal("0.010")


@pytest.mark.parametrize(
    ("posts", "usd"), [("0", "0.002"), ("0.1", "0.002"), ("4", "0.06"), ("50", "0.75"), ("100", "1.00")]
)
def test_an_account_costs_three_openings_a_post_within_limits(posts: str, usd: str) -> None:
    assert daily_usd(Decimal(posts), POST) == Decimal(usd)


def test_the_rate_is_that_of_the_whole_life() -> None:
    assert posts_a_day(730, timedelta(days=365)) == 2
    assert posts_a_day(3, timedelta(minutes=1)) == 3


@pytest.mark.parametrize(("posts", "usd"), [(0, "0.010"), (20, "0.110"), (5_000, "0.510")])
def test_a_first_reading_costs_the_newest_posts_and_a_profile(posts: int, usd: str) -> None:
    assert first_reading_usd(posts, 100, POST, PROFILE) == Decimal(usd)
