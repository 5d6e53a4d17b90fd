"""What opening a post today, or finding an account's new posts today, does for the charts."""

import numpy as np

from pipeline.planning.account_figures import ERROR_FLOOR, Quantile
from pipeline.planning.columns import DAY_S, Floats
from pipeline.planning.day import Day, growth_by
from pipeline.planning.days_saved import days_saved

TOTAL_WEIGHT, MEDIAN_WEIGHT, QUARTILE_WEIGHT = 0.7, 0.4, 0.11
"""Tuned by simulation."""
SWEEP_WORTH, SWEEP_DAYS, SWEPT_FROM_DAYS = 5e-4, 13.5, 8.5
"""A post unread for SWEEP_DAYS is worth an opening at this price, which is that of about $0.10 an account and day."""
MISSED_DAYS = 7.0
"""An unseen post is missing for so many days if it is not read today, unless newer ones take its place."""
BIRTH_DAYS = 0.5
"""A day's new posts are missing for half of the day on average."""
STANDS_IN = 0.75
"""n posts are missed as n^.75 are, since older ones of the same account stand in for them. Fitted by simulation."""


def post_values(day: Day) -> Floats:
    """The value of opening each post today: error of its account's chart that it saves, in shares x days.

    stay x (.7 x grown x min(days saved, days left) / total
            + (.4 x shift of the median / median + .11 x shift of each quartile / it) x (days + 1) / 2),
    and at least sweep_values. A post that grows evenly by g a day and is read every k-th day costs (k-1)^2 / 2k x g a
    day in error and 1 / k openings a day; a shift that is there from one day on lasts (days + 1) / 2 on average.
    """
    saved = np.minimum(days_saved(day.posts.read_s - day.posts.created_s, day.days), day.left)
    of_quantiles = MEDIAN_WEIGHT * _shift(day, day.figures.middle, day.grown) + QUARTILE_WEIGHT * (
        _shift(day, day.figures.first_quartile, day.grown) + _shift(day, day.figures.third_quartile, day.grown)
    )
    value = TOTAL_WEIGHT * _of_total(day, day.grown) * saved + of_quantiles * (day.days + 1) / 2
    return np.maximum(day.stay * value, np.where(day.left > 0, sweep_values(day), 0))


def sweep_values(day: Day) -> Floats:
    """The value of seeing whether a post unread for long still exists: worth x (days unread / 13.5)^2, from day 8.5 on.

    Networks' terms want deletions to be seen, and a post that rises again or is deleted cannot be foreseen.
    """
    unread = (day.now_s - day.posts.read_s) / DAY_S
    return np.where(unread >= SWEPT_FROM_DAYS, SWEEP_WORTH * (unread / SWEEP_DAYS) ** 2, 0)


def post_errors(day: Day) -> Floats:
    """The error of its account's chart, mean over the coming day, that each post makes when it is not opened.

    stay x (growth by noon / total + shift of the median / median) / 2.
    """
    grown = growth_by(day.posts, day.figures, day.now_s + DAY_S / 2)
    return day.stay * (_of_total(day, grown) + _shift(day, day.figures.middle, grown)) / 2


def unseen_values(day: Day) -> Floats:
    """The value of reading one of each account's unseen posts today: its miss for 7 days, or as long as it is shown."""
    return miss(day) * np.clip(day.window / np.maximum(day.outlooks.rate, 1e-9), 1, MISSED_DAYS)


def birth_values(day: Day) -> Floats:
    """The value of finding one of each account's new posts at once instead of tomorrow.

    Half a day of its part in the error of all that the account makes in a day: miss x posts a day^-.25 / 2.
    """
    return BIRTH_DAYS * miss(day) * np.maximum(day.outlooks.rate, 1) ** (STANDS_IN - 1)


def miss(day: Day) -> Floats:
    """The error of each account's chart while one post is missing: the mean of the total's and the median's.

    In the total a usual post is missing: median / total. The median is off by half a gap.
    """
    figures = day.figures
    of_total = np.maximum(figures.median, 1) / np.maximum(figures.total, ERROR_FLOOR)
    of_median = figures.middle.gap / (2 * np.maximum(figures.median, ERROR_FLOOR))
    missed: Floats = (np.where(day.size > 0, of_total, 1) + of_median) / 2
    return missed


def missing_errors(day: Day, missing: Floats) -> Floats:
    """The error of each account's chart while so many of its posts are missing: miss x missing^.75."""
    error: Floats = miss(day) * np.maximum(missing, 0) ** STANDS_IN
    return error


def _of_total(day: Day, grown: Floats) -> Floats:
    share: Floats = grown / np.maximum(day.figures.total, ERROR_FLOOR)[day.posts.account]
    return share


def _shift(day: Day, quantile: Quantile, grown: Floats) -> Floats:
    """How far a post's growth moves a quantile of its account, as a share of it.

    Half a gap if it crosses the quantile, whose chance is min(1, grown / (quantile - count)); and one that is within a
    gap of it moves it by half of its own growth.
    """
    value, gap = quantile.value[day.posts.account], quantile.gap[day.posts.account]
    missing = value - day.posts.count
    crossing = np.where(missing > 0, np.minimum(1, grown / np.maximum(missing, 1)), 0) * gap
    moving = np.where(np.abs(missing) <= np.maximum(gap, 0.5), np.minimum(grown, np.maximum(gap, 1)), 0)
    shift: Floats = np.maximum(crossing, moving) / (2 * np.maximum(value, ERROR_FLOOR))
    return shift
