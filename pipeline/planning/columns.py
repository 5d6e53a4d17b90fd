"""What the planner knows of all posts and accounts of a network, as columns."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DAY_S = 86_400.0
HOUR_S = 3_600.0
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class StoredPosts:
    """The stored posts of all accounts, grouped by account in rising order, the newest post of each first.

    account: its index in Outlooks. created_s, read_s: Unix time in seconds at which it was made, and at which its count
    was last read. count: the metric that the charts show.
    """

    account: Ints
    created_s: Floats
    read_s: Floats
    count: Floats


@dataclass(frozen=True, slots=True)
class Outlooks:
    """What is known of each account, by its index.

    rate: posts a day. unseen: how many posts it probably made since it was last asked for all of them. chats: the ids
    of the chats that track it; an account without any is bought from the common money alone.
    """

    rate: Floats
    unseen: Floats
    chats: Sequence[Sequence[int]]
