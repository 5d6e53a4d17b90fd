"""An account of X whose counts only grow, so that no chart equals an earlier one."""

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from pipeline.chart.number_format import short
from pipeline.records import Metric, View
from tests.chaos.chat_model import ExpectedSubscription
from tests.e2e.chat import Sandbox

ENGAGEMENT_METRICS = 5
"""Engagement is the sum of so many metrics."""
numbers = itertools.count(1)
figures = itertools.count(1_001)


@dataclass(eq=False)
class GrowingAccount:
    """An account of X.

    counts: by post id, the newest first; all metrics of a post have the same count.
    hidden: the state in which X does not show it.
    """

    sandbox: Sandbox
    handle: str = field(default_factory=lambda: f"any_{next(numbers)}")
    counts: dict[int, int] = field(default_factory=dict)
    hidden: str | None = None

    def __post_init__(self) -> None:
        first = 3_000_000_000 + 10 * next(numbers)
        self.counts = {first + index: 10 + index for index in range(5, 0, -1)}
        self.counts[first + 5] = next(figures)
        now = datetime.now(UTC)  # young posts are read most often
        posts = [
            {"post_id": post_id, "created_at": (now - timedelta(minutes=age)).isoformat(), **_all(count)}
            for age, (post_id, count) in enumerate(self.counts.items())
        ]
        self.sandbox.post("x/accounts", accounts=[{"username": self.handle, "posts": posts}])

    def raise_count(self) -> None:
        """Raise the newest post's counts above those of all posts until now, deleted ones too."""
        post_id = next(iter(self.counts))
        self.counts[post_id] = next(figures)
        self.sandbox.post(f"x/posts/{post_id}", **_all(self.counts[post_id]))

    def delete_post(self) -> None:
        post_id = next(iter(self.counts))
        del self.counts[post_id]
        self.sandbox.delete(f"x/posts/{post_id}")

    def hide(self, state: str) -> None:
        self.hidden = state
        self.sandbox.post("x/accounts", accounts=[{"username": self.handle, "state": state}])

    def is_shown_in(self, subscription: ExpectedSubscription, caption: str) -> bool:
        """Whether a chart's caption has the account's newest figure, or says that it is hidden."""
        line = next((line for line in caption.splitlines() if f"@{self.handle}" in line.split()), "")
        if self.hidden:
            return self.hidden[:5] in line  # the Spanish word begins alike
        counts = self.counts.values()
        figure = sum(counts) if subscription.spec.view is View.RACE else max(counts)
        figure *= ENGAGEMENT_METRICS if subscription.spec.metric is Metric.ENGAGEMENT else 1
        return short(figure, subscription.spec.language) in line.split()


def _all(count: int) -> dict[str, int]:
    return dict.fromkeys(("retweets", "likes", "replies", "quotes", "bookmarks", "views"), count)
