"""Whether a post breaks out: whether its count is far above what its account's posts usually have at its age.

The counts of an account's posts are about lognormal. The shares of their counts that posts reach by an age follow
growth_law, with half-lives that are about lognormal too. So the logarithm of a count at an age is about normal, with
the mean ln(median) + ln(F(age)) and the variance spread^2 + (HALF_LIFE_SPREAD x (1 - F(age)))^2, since
d ln F / d ln half-life = -(1 - F). A post breaks out where its count is above the quantile of this distribution that
FALSE_A_MONTH of the account's posts a month pass by chance, and at least LEAST_TIMES the usual count at its age.

An account of which the chat was alerted has to pass FURTHER_FALSE_A_MONTH for a MONTH, so that the accounts that post
much, or unevenly, make no second false alarm.

tests/simulate/breakouts.py measures this on simulated accounts, 25 days each. Of 336 accounts by each of three laws of
growth (--seed 1 2 3 4 5 6 7 8), one had 0.09 to 0.14 false alarms a month, and none had two. Of the posts that ended
with 30 times the median of their account, 132 of 177 were noticed, half of them within 14 to 32 minutes.
"""

from dataclasses import dataclass
from datetime import timedelta
from statistics import NormalDist

import numpy as np

from pipeline.planning.columns import DAY_S, HOUR_S, Floats
from pipeline.planning.growth_law import share_reached

FALSE_A_MONTH = 0.15
"""How many posts of an account may pass by chance in 30 days if each were tested once; each is tested at many ages."""
FURTHER_FALSE_A_MONTH = FALSE_A_MONTH / 50
"""The same in the MONTH after an alarm of the account."""
MONTH = timedelta(days=30)
LEAST_TIMES = 5.0
"""What is less many times the usual count is no news, however regular the account is."""
LEAST_COUNT = 50.0
SETTLED_S = 2 * DAY_S
"""From this age on a count tells what a post reaches: 96 % by growth_law."""
LEAST_SETTLED = 20
"""With fewer settled posts nobody knows what is usual."""
LEAST_SPREAD = 0.4
"""No account is taken to be more regular; tests/simulate/accounts.py has spreads of 0.4 to 1.6."""
HALF_LIFE_SPREAD = 0.9
"""Of the logarithms of half-lives, as tests/simulate/growth.py has it from repost cascades."""
YOUNGEST_S = HOUR_S / 6
"""A younger post is tested as one of this age: the first minutes tell little of its pace."""
QUARTILES, TENTH = 1.349, 1.2816
"""Between the quartiles, and from the median to the highest tenth, in standard deviations of a normal distribution."""


@dataclass(frozen=True, slots=True)
class Usual:
    """What an account's posts usually reach.

    count: the median. spread: the standard deviation of the logarithms. posts_per_day: how often it posts.
    """

    count: float
    spread: float
    posts_per_day: float

    def pace(self, age_s: Floats) -> Floats:
        """The usual count at an age."""
        usual: Floats = self.count * share_reached(np.maximum(age_s, YOUNGEST_S))
        return usual

    def breakout_count(self, age_s: Floats, false_a_month: float) -> Floats:
        """The least count at an age, in seconds, with which a post breaks out."""
        tested = max(MONTH.days * self.posts_per_day, 1)
        deviations = NormalDist().inv_cdf(1 - false_a_month / tested)
        share = share_reached(np.maximum(age_s, YOUNGEST_S))
        spread = np.hypot(self.spread, HALF_LIFE_SPREAD * (1 - share))
        times = np.maximum(LEAST_TIMES, np.exp(deviations * spread))
        return np.maximum(LEAST_COUNT, times * self.count * share)


def usual_of(counts: Floats, ages_s: Floats) -> Usual | None:
    """What is usual by an account's newest posts, from their counts and ages; None where too few are settled.

    The spread is that between the quartiles or that of the upper half, whichever is greater: few counts are normal.
    """
    is_settled = ages_s >= SETTLED_S
    if np.count_nonzero(is_settled) < LEAST_SETTLED:
        return None
    logs = np.log(counts[is_settled] + 1)
    low, middle, high, top = np.quantile(logs, (0.25, 0.5, 0.75, 0.9))
    spread = max((high - low) / QUARTILES, (top - middle) / TENTH, LEAST_SPREAD)
    covered_days = (ages_s.max() - ages_s.min()) / DAY_S
    return Usual(float(np.exp(middle)), float(spread), len(counts) / max(float(covered_days), 1.0))
