"""The day's list, made once, just after 00:00 UTC: what is opened today, and who is asked for new posts."""

from dataclasses import dataclass

import numpy as np

from pipeline.planning.columns import Flags, Floats, Ints, Outlooks, StoredPosts
from pipeline.planning.day import Day, start_day
from pipeline.planning.shares import buy
from pipeline.planning.value import birth_values, missing_errors, post_errors, post_values, unseen_values

WORTH = 5e-5
"""What a chat's own share is spent on is worth at least this, the price at $0.20 an account and day; the rest of its
share goes to the common list."""
ALL_BIRTHS_SHARE, SOME_BIRTHS_SHARE = 0.83, 0.3
"""New posts of all accounts come before everything else if those of a day take at most the first share of the money;
if they take more, those of the accounts that post least do, as far as they take the second with what is unseen."""
MARGIN_POSTS = 3
"""How many new posts of all accounts together are kept back beside what is expected."""
LONGEST_WAIT_DAYS = 13
"""An account that was not asked for its new posts for so long comes first, so that none is starved."""
LARGEST_PART = 0.5
"""No account's unseen posts take more of the day's money: its newest ones are read then."""
FIRST = 1e6
"""Added to the value of what comes before everything else."""


@dataclass(frozen=True, slots=True)
class DayPlan:
    """What the day's money buys.

    open: whether a post is opened today, in the order of the posts. By account: catches_up: it is asked once, now, for
    what it posted since it was last asked; finds: it is asked all day; births: new posts that its answers will probably
    bring today, whose money is kept back (unseen, those of today, or what of them could be paid); error: the expected
    error of its chart, mean over the day, as a share.
    """

    open: Flags
    catches_up: Flags
    finds: Flags
    births: Floats
    error: Floats


@dataclass(frozen=True, slots=True)
class _Candidates:
    """What can be bought, one a row, `cost` posts each: each post, each account's unseen posts, each one's births.

    whole: whether a part of it is of no use.
    """

    account: Ints
    value: Floats
    cost: Floats
    whole: Flags


def plan_day(posts: StoredPosts, outlooks: Outlooks, *, budget_posts: float, now_s: float, window: int) -> DayPlan:
    """Sort by value an opening, spend down the list, stop.

    budget_posts: how many posts the day's money pays. window: how many of its newest posts an account's chart shows.
    New posts come first (_found_first), then all by value. Each chat is sure of its share of the money (shares.py).
    """
    return spend_day(start_day(posts, outlooks, now_s=now_s, window=window), budget_posts)


def spend_day(day: Day, budget_posts: float) -> DayPlan:
    """The same for a day whose posts' growth is known or estimated already."""
    outlooks, accounts = day.outlooks, len(day.outlooks.rate)
    paid = _pay(_candidates(day, budget_posts), outlooks, budget_posts)
    opened, unseen, today = np.split(paid, [len(day.posts.account), len(day.posts.account) + accounts])
    missing = np.minimum(outlooks.unseen, day.window) - unseen + (outlooks.rate - today) / 2
    caught_up = (outlooks.unseen == 0) | (unseen > 0)
    today *= caught_up
    errors = np.where(opened > 0, 0, post_errors(day))
    return DayPlan(
        open=opened > 0,
        catches_up=caught_up,
        finds=today > 0,
        births=unseen + today,
        error=np.bincount(day.posts.account, errors, accounts) + missing_errors(day, missing),
    )


def _candidates(day: Day, budget_posts: float) -> _Candidates:
    accounts = np.arange(len(day.outlooks.rate))
    of_posts, of_births = post_values(day), birth_values(day)
    unseen = np.minimum(day.outlooks.unseen, min(day.window, LARGEST_PART * budget_posts))
    births = expected_births(day.outlooks.rate)
    first = _found_first(day.outlooks.rate, unseen, births, budget_posts)
    starved = day.outlooks.unseen >= LONGEST_WAIT_DAYS * day.outlooks.rate
    return _Candidates(
        account=np.concatenate([day.posts.account, accounts, accounts]),
        value=np.concatenate([of_posts, unseen_values(day) + FIRST * (first | starved), of_births + FIRST * first]),
        cost=np.concatenate([(of_posts > 0).astype(np.float64), unseen, births]),
        whole=np.repeat([True, False], [len(of_posts) + len(accounts), len(accounts)]),
    )


def expected_births(rate: Floats) -> Floats:
    """The posts of a day of each account, with its part of the common margin: rate x (1 + 3 / sum of all rates)."""
    return rate * (1 + MARGIN_POSTS / max(float(rate.sum()), 1e-9))


def _found_first(rate: Floats, unseen: Floats, births: Floats, money: float) -> Flags:
    """The accounts whose new posts come before everything else: all, or those that post least.

    All by today's posts alone: what is unseen is caught up once, and must not keep a fleet from being found for good.
    """
    if births.sum() <= ALL_BIRTHS_SHARE * money:
        return np.ones(len(rate), dtype=np.bool_)
    order = np.argsort(rate, kind="stable")
    first = np.empty(len(rate), dtype=np.bool_)
    first[order] = np.cumsum((unseen + births)[order]) <= SOME_BIRTHS_SHARE * money
    return first


def _pay(candidates: _Candidates, outlooks: Outlooks, money: float) -> Floats:
    """How many posts are paid of each candidate."""
    order = np.argsort(-candidates.value, kind="stable")
    account, cost, value = candidates.account[order], candidates.cost[order], candidates.value[order]
    paid = np.empty(len(order))
    paid[order] = buy(account, cost, value >= WORTH, outlooks.chats, money, candidates.whole[order])
    return paid
