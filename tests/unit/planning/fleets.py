"""Fleets of accounts for the tests of planning."""

import numpy as np
from hypothesis import strategies as st

from pipeline.planning.columns import DAY_S, Outlooks, StoredPosts

NOW_S = 20_000 * DAY_S
WINDOW = 20


def fleet(seed: int, accounts: int, chats: int = 1) -> tuple[StoredPosts, Outlooks]:
    """Accounts with 0 to WINDOW posts each, of any age and size, tracked by one or more of the chats."""
    chance = np.random.default_rng(seed)
    sizes = chance.integers(0, WINDOW + 1, accounts)
    account = np.repeat(np.arange(accounts), sizes)
    age = np.concatenate([np.cumsum(chance.exponential(chance.lognormal(0, 2), size)) for size in sizes])
    created = NOW_S - age * DAY_S
    read = NOW_S - chance.uniform(0, np.minimum(age, 20)) * DAY_S
    count = np.floor(chance.lognormal(3, 2, len(account)))
    rate = chance.lognormal(0, 2, accounts)
    unseen = np.where(chance.random(accounts) < 0.5, 0, rate * chance.random(accounts) * 3)
    tracking = [sorted(set(chance.integers(0, chats, 1 + chance.integers(0, chats)).tolist())) for _ in sizes]
    return StoredPosts(account, created, read, count), Outlooks(rate, unseen, tracking)


fleets = st.builds(fleet, st.integers(0, 10**6), st.integers(1, 12), st.integers(1, 4))
"""With up to 12 accounts and 4 chats."""
