"""The day's money is divided fairly between chats."""

from collections.abc import Sequence

import numpy as np

from pipeline.planning.columns import Flags, Floats, Ints

SMALLEST = 1e-9
"""Money below this many posts is a rounding error."""


def buy(  # noqa: PLR0913, PLR0917
    account: Ints, cost: Floats, wanted: Flags, chats: Sequence[Sequence[int]], money: float, whole: Flags
) -> Floats:
    """How much is paid for each candidate, the best of which comes first: its cost, a part of it, or 0.

    Two passes. In the first each chat has an equal share of the money for the candidates that are `wanted` of the
    accounts that it tracks; the chats that track an account divide its cost, as far as they have money left. In the
    second what is left buys down the list, whose account it may be. Where the money does not pay a candidate, it pays a
    part, if that is at least one post; or nothing of one that is `whole`, and the next ones instead.
    """
    sharing = {chat for members in chats for chat in members}
    paid = _buy_shares(account, cost, wanted, chats, money, whole) if len(sharing) > 1 else np.zeros(len(cost))
    return paid + _buy_down(cost - paid, money - paid.sum(), whole & (paid == 0))


def _buy_down(cost: Floats, money: float, whole: Flags) -> Floats:
    """Pay down the list until the money ends."""
    while True:
        before = np.concatenate([[0.0], np.cumsum(cost)[:-1]])
        paid = np.clip(money - before, 0, cost)
        in_part = np.flatnonzero(whole & (paid > 0) & (paid < cost - SMALLEST))
        if not len(in_part):
            return np.where((paid >= cost - SMALLEST) | (paid >= 1), paid, 0)
        first = in_part[0]
        too_dear = whole & (cost > paid[first])
        too_dear[:first] = False
        cost = np.where(too_dear, 0, cost)


def _buy_shares(  # noqa: PLR0913, PLR0917
    account: Ints, cost: Floats, wanted: Flags, chats: Sequence[Sequence[int]], money: float, whole: Flags
) -> Floats:
    sharing = {chat for members in chats for chat in members}
    left = dict.fromkeys(sharing, money / len(sharing))
    payers = [[chat for chat in members if left[chat] > 0] for members in chats]
    paid = np.zeros(len(cost))
    worth = np.flatnonzero(wanted & (cost > 0))
    columns = worth.tolist(), account[worth].tolist(), cost[worth].tolist(), whole[worth].tolist()
    for row, index, price, is_whole in zip(*columns, strict=True):
        if payers[index]:
            paid[row] = _pay(payers[index], left, price, is_whole=is_whole)
    return paid


def _pay(payers: list[int], left: dict[int, float], price: float, *, is_whole: bool) -> float:
    """Take a price from chats in equal parts, from one that has less all it has; returns what they paid, or 0."""
    paid = min(price, sum(left[chat] for chat in payers))
    if paid < price - SMALLEST and (is_whole or paid < 1):
        return 0.0
    owed, others = paid, len(payers)
    for chat in sorted(payers, key=left.__getitem__):
        part = min(left[chat], owed / others)
        left[chat] -= part
        owed, others = owed - part, others - 1
    payers[:] = [chat for chat in payers if left[chat] > SMALLEST]
    return paid
