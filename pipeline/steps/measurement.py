"""How the posts of an account are measured: the figure of each post, and that of all of them together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipeline.records import ChartSpec, Metric, Normalization, Post

DAY = timedelta(days=1)
PER = 1000
"""Rates are per so many views or followers."""
Counted = Sequence[tuple[int, Post]]
"""Posts with their count of a metric, newest first."""


def compared(posts: Sequence[Post], spec: ChartSpec) -> Sequence[Post]:
    """Those of an account's posts that a chart compares, newest first.

    A post of which it is not known whether it is a reply counts as none.
    """
    wanted = posts if spec.replies else [post for post in posts if not post.is_reply]
    return wanted[: spec.count]


def left_out(posts: Sequence[Post], spec: ChartSpec) -> int:
    """How many of the newest posts are replies that a chart leaves out; see ChartRow."""
    return 0 if spec.replies else sum(bool(post.is_reply) for post in posts[: spec.count])


@dataclass(frozen=True, slots=True)
class Measurement:
    """How a comparison measures the posts of one of its accounts.

    parts: the counts whose sum is the metric. followers: how many the account has; None where that is not known.
    """

    spec: ChartSpec
    parts: tuple[Metric, ...]
    followers: int | None = None

    @property
    def needed(self) -> tuple[Metric, ...]:
        """The counts that a post's figure is made of."""
        return (*self.parts, *([Metric.VIEWS] if self.spec.normalization is Normalization.RATE else []))

    def is_known(self, post: Post) -> bool:
        """Whether all counts that the post's figure is made of are known."""
        return post.counts.total(self.needed) is not None

    def counted(self, posts: Sequence[Post]) -> Counted:
        """The posts that have a figure: those whose metric is known, and what it is divided by is known and above 0."""
        if self.spec.normalization is Normalization.FOLLOWERS and not self.followers:
            return []
        if self.spec.normalization is Normalization.RATE:
            posts = [post for post in posts if post.counts.views]
        return [(count, post) for post in posts if (count := post.counts.total(self.parts)) is not None]

    def figure(self, count: int, post: Post) -> float:
        """A post's figure: its count, or its rate per 1,000 views or followers."""
        match self.spec.normalization:
            case Normalization.RATE:
                return PER * count / (post.counts.views or 1)
            case Normalization.FOLLOWERS:
                return PER * count / (self.followers or 1)
            case _:
                return count

    def total(self, counted: Counted, read_at: datetime) -> float | None:
        """The figure of all posts together: their sum, per 1,000 of their views or of the followers, or per day.

        The days run from the oldest of the posts until they were fetched, which for an account that cannot be fetched
        any more is long ago. Less than a day counts as one, since nobody knows what the rest of it will bring.
        """
        if not counted:
            return None
        total = sum(count for count, _ in counted)
        match self.spec.normalization:
            case Normalization.RATE:
                return PER * total / sum(post.counts.views or 0 for _, post in counted)
            case Normalization.FOLLOWERS:
                return PER * total / (self.followers or 1)
            case Normalization.DAILY:
                return total / max((read_at - counted[-1][1].created_at) / DAY, 1)
            case _:
                return total
