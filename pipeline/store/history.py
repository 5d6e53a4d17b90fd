"""How counts came about: what a comparison's posts gained within a span, thinned to what a chart can show."""

from collections import defaultdict
from datetime import datetime

from sqlalchemy import ColumnElement, String, Subquery, and_, cast, delete, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from pipeline.records import Counts, Metric, Span
from pipeline.store.comparisons import newest
from pipeline.store.tables import History, Post

GRAIN = {Span.HOUR: len("2026-11-23 15:20"), Span.DAY: len("2026-11-23 15:2"), Span.WEEK: len("2026-11-23 15")}
"""Of each post the last counts of a minute, of ten, or of an hour: so much of the time's text tells them apart."""

Course = list[tuple[datetime, int]]
Row = tuple[int, str, datetime, datetime, Counts]
"""Account, post, when it was posted, when it had these counts, and the counts."""


def courses(  # noqa: PLR0913, PLR0917 what is asked of a comparison
    session: Session, comparison_id: int, count: int, metric: Metric, span: Span, now: datetime
) -> dict[int, Course]:
    """What each account's newest posts had gained by each moment of the span, oldest first, by the account's id.

    A post made within the span began at nothing, an older one at what it had as the span began or as it was first read.
    """
    since = now - span.length
    posts = newest(comparison_id, count)
    first = _counts(session, posts, func.min(History.at))
    before = _counts(session, posts, func.max(History.at), History.at < since)
    moment = func.substr(cast(History.at, String), 1, GRAIN[span])
    within = _counts(session, posts, func.max(History.at), History.at >= since, each=moment)

    had = {row[:2]: 0 if row[2] >= since else metric.of(row[4]) for row in first}
    had |= {row[:2]: metric.of(row[4]) for row in before}
    found: dict[int, Course] = defaultdict(list)
    for account_id, post_id, _, at, counts in within:
        value = metric.of(counts)
        if value is None:
            continue
        base = had[account_id, post_id]
        gained = 0 if base is None else value - base
        had[account_id, post_id] = value
        course = found[account_id]
        course.append((at, gained + (course[-1][1] if course else 0)))
    return dict(found)


def thin(session: Session, account_id: int, before: datetime) -> None:
    """Of what the account's posts had before this moment keep each one's last counts, and nothing of posts long gone.

    No chart looks further back, and those last counts are what it measures the gains from.
    """
    later = aliased(History)
    followed = exists().where(
        later.account_id == History.account_id,
        later.post_id == History.post_id,
        later.at > History.at,
        later.at < before,
    )
    stored = exists().where(Post.account_id == History.account_id, Post.post_id == History.post_id)
    session.execute(
        delete(History)
        .where(History.account_id == account_id, History.at < before, or_(followed, ~stored))
        .execution_options(synchronize_session=False)
    )


def _counts(
    session: Session,
    posts: Subquery,
    when: ColumnElement[datetime],
    among: ColumnElement[bool] | None = None,
    each: ColumnElement[str] | None = None,
) -> list[Row]:
    """The counts that each of the posts had at one moment, or at one of each kind of moment, in the order of time."""
    of_post = and_(History.account_id == posts.c.account_id, History.post_id == posts.c.post_id)
    chosen = select(History.account_id, History.post_id, posts.c.created_at, when.label("at")).join(posts, of_post)
    chosen = chosen if among is None else chosen.where(among)
    chosen = chosen.group_by(History.account_id, History.post_id, posts.c.created_at, *([] if each is None else [each]))
    moments = chosen.subquery()
    there = and_(
        History.account_id == moments.c.account_id,
        History.post_id == moments.c.post_id,
        History.at == moments.c["at"],
    )
    counts = (getattr(History, name) for name in Counts._fields)
    rows = session.execute(select(moments, *counts).join(History, there).order_by(moments.c["at"]))
    return [(row[0], row[1], row[2], row[3], Counts(*row[4:])) for row in rows]
