"""How often each account is asked for new posts, where the requests do not suffice to ask all at each tick."""

import numpy as np

from pipeline.planning.columns import Floats

SPARE = 0.1
"""The share of the requests that is kept for other questions."""
LEAST = 0.02
"""Posts a day below which an account is asked no more seldom."""


def intervals_s(rates: Floats, *, tick_s: float, requests_per_s: float) -> Floats:
    """Seconds between two questions to each account: max(tick, c / sqrt(posts a day)).

    This keeps the mean wait of a new post shortest for so many requests; c is such that all together take the allowed
    requests a second but for SPARE. rates: posts a day.
    """
    root = np.sqrt(np.maximum(rates, LEAST))
    return np.maximum(tick_s, _scale(root, tick_s, requests_per_s * (1 - SPARE)) / root)


def _scale(root: Floats, tick_s: float, requests_per_s: float) -> float:
    """The c at which the sum of 1 / max(tick, c / root) is the requests a second; 0 where each tick can ask all.

    The `fast` accounts that post most are asked each tick; the others share what is left: c = sum of their roots / what
    is left, for the smallest `fast` at which the next account is not asked more often than each tick.
    """
    if len(root) <= requests_per_s * tick_s:
        return 0.0
    ordered = np.sort(root)[::-1]
    rest = np.cumsum(ordered[::-1])[::-1]
    left = requests_per_s - np.arange(len(root)) / tick_s
    scale = np.where(left > 0, rest / np.maximum(left, 1e-300), np.inf)
    return float(scale[np.argmax(scale >= tick_s * ordered)])
