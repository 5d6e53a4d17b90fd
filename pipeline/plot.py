"""The plot step: from stored posts to a drawn chart and its caption, unless the same was drawn before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from pydantic import TypeAdapter
from sqlalchemy.orm import Session

from pipeline.records import ChartData, ChartRow, Metric, Post, State
from pipeline.store import comparisons
from pipeline.store.tables import Account, Comparison

NOTES = {State.PROTECTED: "protected", State.SUSPENDED: "suspended", State.MISSING: "no such account any more"}


@dataclass(frozen=True, slots=True)
class Drawing:
    """A drawn chart: the digest of its PNG, its caption, and the digest of what went into it."""

    chart: str
    caption: str
    inputs: str


drawings = TypeAdapter(Drawing)
"""Packs a drawing to JSON bytes and back."""


def chart_data(session: Session, comparison: Comparison, now: datetime) -> ChartData:
    """What the comparison shows now."""
    accounts = comparisons.accounts_of(session, comparison.id)
    newest = comparisons.newest_posts(session, comparison.id, comparison.count)
    rows = (_row(account, newest[account.id], comparison.metric) for account in accounts)
    read = [account.fetched_at for account in accounts if account.fetched_at is not None]
    return ChartData(
        comparison.metric, comparison.view, comparison.theme, comparison.count, max(read, default=now), tuple(rows)
    )


def inputs(data: ChartData) -> str:
    """The digest of all that a chart shows but for its time."""
    return sha256(repr((data.metric, data.view, data.theme, data.count, data.rows)).encode()).hexdigest()


def _row(account: Account, posts: Sequence[Post], metric: Metric) -> ChartRow:
    counted = [(value, post.created_at) for post in posts if (value := getattr(post.counts, metric)) is not None]
    values, times = zip(*counted, strict=True) if counted else ((), ())
    return ChartRow(account.handle, values, times, _note(account, posts, metric, len(counted)))


def _note(account: Account, posts: Sequence[Post], metric: Metric, counted: int) -> str | None:
    if account.state is not State.ACTIVE:
        return NOTES[account.state]
    if account.fetched_at is None:
        return "not read yet"
    if not posts:
        return "no posts of its own"
    if not counted:
        return f"{metric.label} not known"
    return f"as of {account.fetched_at:%H:%M} UTC" if account.stale else None
