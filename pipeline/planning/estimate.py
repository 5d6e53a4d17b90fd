"""What an account will probably cost, told before it is tracked. No numpy: the bot imports this."""

from datetime import timedelta
from decimal import Decimal

OPENINGS = Decimal(3)
"""How often a post is opened in its life: by simulation, at a chart error of 1 %."""
LEAST_OPENINGS = Decimal("0.4")
"""Openings a day of an account that does not post."""
MOST_OPENINGS = Decimal(100)
"""Openings of old posts a day at most."""
DAY = timedelta(days=1)


def posts_a_day(post_count: int, age: timedelta) -> Decimal:
    """An account's mean posts a day: all of its posts / its age, at least a day."""
    return Decimal(post_count) / Decimal(max(age, DAY) / DAY)


def daily_usd(posts_per_day: Decimal, post_usd: Decimal) -> Decimal:
    """Dollars a day: three openings of each new post, at least 0.4 openings, at most 100 and one of each new post.

    At $0.005 a post: $0.015 x posts a day, at least $0.002, at most $0.50 + $0.005 x posts a day.
    """
    openings = max(OPENINGS * posts_per_day, LEAST_OPENINGS)
    return post_usd * min(openings, MOST_OPENINGS + posts_per_day)


def first_reading_usd(post_count: int, window: int, post_usd: Decimal, profile_usd: Decimal) -> Decimal:
    """Dollars for the first reading: the newest `window` posts, or as many as there are, and the profile."""
    return post_usd * min(window, post_count) + profile_usd
