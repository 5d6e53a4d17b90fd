"""The day's money is divided fairly between chats."""

from collections.abc import Sequence

import numpy as np

from pipeline.planning.columns import Flags, Floats, Ints

SMALLEST = 1e-9
"""Money below this many posts is a rounding error."""


def buy(account: Ints, cost: Floats, wanted: Flags, chats: Sequence[Sequence[int]], money: float) -> Floats:
    """How much is paid for each candidate, the best of which comes first: its cost, a part of it, or 0.

    Two passes. In the first each chat has an equal share of the money for the candidates that are `wanted` of the
    accounts that it tracks; the chats that track an account divide its cost, as far as they have money left. In the
    second what is left buys down the list, whose account it may be. The last candidate that is bought may be paid in
    part, if that is at least one post.
    """
    sharing = {chat for members in chats for chat in members}
    paid = _buy_shares(account, cost, wanted, chats, money) if len(sharing) > 1 else np.zeros(len(cost))
    return paid + _buy_down(cost - paid, money - paid.sum())


def _buy_down(cost: Floats, money: float) -> Floats:
    """Pay down the list until the money ends."""
    before = np.concatenate([[0.0], np.cumsum(cost)[:-1]])
    paid = np.clip(money - before, 0, cost)
    return np.where((paid >= cost - SMALLEST) | (paid >= 1), paid, 0)


def _buy_shares(account: Ints, cost: Floats, wanted: Flags, chats: Sequence[Sequence[int]], money: float) -> Floats:
    sharing = {chat for members in chats for chat in members}
    left = dict.fromkeys(sharing, money / len(sharing))
    payers = [[chat for chat in members if left[chat] > 0] for members in chats]
    paid = np.zeros(len(cost))
    worth = np.flatnonzero(wanted & (cost > 0))
    for row, index, price in zip(worth.tolist(), account[worth].tolist(), cost[worth].tolist(), strict=True):
        if payers[index]:
            paid[row] = _pay(payers[index], left, price)
    return paid


def _pay(payers: list[int], left: dict[int, float], price: float) -> float:
    """Take a price from chats in equal parts, from one that has less all it has; returns what they paid, or 0."""
    paid = min(price, sum(left[chat] for chat in payers))
    if paid < price - SMALLEST and paid < 1:
        return 0.0
    owed, others = paid, len(payers)
    for chat in sorted(payers, key=left.__getitem__):
        part = min(left[chat], owed / others)
        left[chat] -= part
        owed, others = owed - part, others - 1
    payers[:] = [chat for chat in payers if left[chat] > SMALLEST]
    return paid
