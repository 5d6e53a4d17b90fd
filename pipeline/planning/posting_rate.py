"""How often an account posts, from the times of its posts alone.

Never from what was opened: an account without money would look silent, and never get any.
"""

import numpy as np

from pipeline.planning.columns import DAY_S, Floats, Ints

MEMORY_DAYS = 10.0
"""A post's weight falls to 1/e in so many days."""
LEAST_DAYS = 0.25
"""Posts that cover less time are taken to cover this much, since a few posts in a row are no rate."""
LEAST = 0.02
"""Posts a day that are expected of a silent account."""


def posting_rates(account: Ints, created_s: Floats, asked_s: Floats) -> Floats:
    """Posts a day of each account.

    sum of exp(-age / memory) over its posts but the oldest / (memory x (1 - exp(-age of the oldest / memory))): recent
    posts weigh more, and only the time that the stored posts cover counts. account, created_s: of its stored posts.
    asked_s: by account, the moment up to which its posts are known; ages are measured from it.
    """
    age = np.maximum(asked_s[account] - created_s, 0) / DAY_S
    weight = np.bincount(account, np.exp(-age / MEMORY_DAYS), len(asked_s))
    oldest = np.full(len(asked_s), LEAST_DAYS)
    np.maximum.at(oldest, account, age)
    known = np.exp(-oldest / MEMORY_DAYS)
    rates: Floats = np.maximum((weight - known) / (MEMORY_DAYS * (1 - known)), LEAST)
    return rates


def expected_unseen(rates: Floats, asked_s: Floats, now_s: float) -> Floats:
    """How many posts each account probably made since it was last asked for all of them: posts a day x days."""
    return rates * np.maximum(now_s - asked_s, 0) / DAY_S
