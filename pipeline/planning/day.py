"""What is known when a day begins: the posts, the accounts and the figures that their charts show."""

from dataclasses import dataclass

import numpy as np

from pipeline.planning.account_figures import AccountFigures, account_figures
from pipeline.planning.columns import DAY_S, Floats, Ints, Outlooks, StoredPosts
from pipeline.planning.growth_law import expected_growth


@dataclass(frozen=True, slots=True)
class Day:
    """A day that begins at now_s.

    By account: figures; size: how many posts its chart shows. By post: left: for how many more days the chart shows
    it; days: days_unread; grown: growth_by tonight.
    """

    now_s: float
    window: int
    posts: StoredPosts
    outlooks: Outlooks
    figures: AccountFigures
    size: Ints
    left: Floats
    days: Floats
    grown: Floats

    @property
    def stay(self) -> Floats:
        """The share of the day for which each post is shown."""
        return np.minimum(self.left, 1)


def start_day(posts: StoredPosts, outlooks: Outlooks, *, now_s: float, window: int) -> Day:
    """The day that begins at `now_s`, where each chart shows the newest `window` posts of an account."""
    accounts = len(outlooks.rate)
    starts = np.searchsorted(posts.account, np.arange(accounts + 1))
    newer = np.arange(len(posts.account)) - starts[posts.account]
    left = days_left(newer + outlooks.unseen[posts.account], outlooks.rate[posts.account], window)
    shown = newer < window
    figures = account_figures(posts.account[shown], posts.count[shown], accounts)
    size = np.bincount(posts.account[shown], minlength=accounts)
    days, grown = days_unread(posts.read_s, now_s), growth_by(posts, figures, now_s + DAY_S)
    return Day(now_s, window, posts, outlooks, figures, size, left, days, grown)


def days_left(newer: Floats, rate: Floats, window: int) -> Floats:
    """For how many more days a post is among the newest `window`: (window - newer posts) / posts a day."""
    return np.maximum(window - newer, 0) / np.maximum(rate, 1e-9)


def days_unread(read_s: Floats, now_s: float) -> Floats:
    """Whole days since a post was last open, of which the coming one is the last: 1 if it was open yesterday."""
    return np.maximum(np.floor((now_s - read_s) / DAY_S), 0) + 1


def growth_by(posts: StoredPosts, figures: AccountFigures, then_s: float) -> Floats:
    """By how much each post's count will probably have changed at a time since it was read."""
    read_age, age = posts.read_s - posts.created_s, then_s - posts.created_s
    return expected_growth(posts.count, read_age, np.maximum(age, read_age), figures.median[posts.account])
