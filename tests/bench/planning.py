"""The time for the plan of a day, for 10,000 accounts with 100 stored posts each."""

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from pipeline.planning.columns import DAY_S, Outlooks, StoredPosts
from pipeline.planning.day_plan import plan_day
from pipeline.planning.posting_rate import posting_rates

ACCOUNTS, POSTS = 10_000, 100
CHATS = {"one chat": 1, "1,000 chats": 1000}
NOW_S = 20_000 * DAY_S
ALLOWED_S = 10
POSTS_PER_ACCOUNT = 12
"""What the day's money pays: $0.06 an account."""


def run() -> Iterator[dict[str, Any]]:
    for name, chats in CHATS.items():
        posts, outlooks = fleet(chats)
        began = time.process_time()
        plan_day(posts, outlooks, budget_posts=POSTS_PER_ACCOUNT * ACCOUNTS, now_s=NOW_S, window=POSTS)
        took = round(time.process_time() - began, 2)
        yield {"bench": f"plan of the day, {name}", "unit": "s CPU", "ours": took, "peers": {"allowed": ALLOWED_S}}


def fleet(chats: int) -> tuple[StoredPosts, Outlooks]:
    """Accounts of all kinds, each of which two chats track."""
    chance = np.random.default_rng(1)
    account = np.repeat(np.arange(ACCOUNTS), POSTS)
    apart = chance.exponential(1, (ACCOUNTS, POSTS)) / chance.lognormal(0, 2, (ACCOUNTS, 1))
    created = NOW_S - np.cumsum(apart, axis=1).ravel() * DAY_S
    read = np.maximum(created, NOW_S - chance.exponential(4 * DAY_S, len(account)))
    count = np.floor(chance.lognormal(4, 1.5, len(account)))
    rate = posting_rates(account, created, np.full(ACCOUNTS, NOW_S))
    tracking = [tuple({index % chats, index * 7 % chats}) for index in range(ACCOUNTS)]
    return StoredPosts(account, created, read, count), Outlooks(rate, rate * 0.3, tracking)
