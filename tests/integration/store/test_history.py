"""What posts gained within a span, from the history of their counts."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert

from pipeline.records import Comparison, Counts, Metric, Post, Reading, Span
from pipeline.store import Store, accounts, comparisons, history
from pipeline.store.tables import Account

NOW = datetime(2026, 11, 23, 15, 20, tzinfo=UTC)
OLD = NOW - timedelta(days=30)


@pytest.fixture
def comparison_id(store: Store) -> int:
    with store.writing() as db:
        db.execute(insert(Account), [{"id": 1, "network": "x", "remote_id": "1", "handle": "a", "stale": False}])
        return comparisons.find_or_add(db, Comparison((1,))).id


def read(store: Store, minutes_ago: float, *posts: Post) -> datetime:
    """A reading of the account's posts; returns its time."""
    at = NOW - timedelta(minutes=minutes_ago)
    with store.writing() as db:
        accounts.save(db, [Reading(1, at, posts, complete=True)])
    return at


def courses(store: Store, comparison_id: int, span: Span, metric: Metric = Metric.REPOSTS) -> dict[int, history.Course]:
    with store.reading() as db:
        return history.courses(db, comparison_id, 100, metric, span, NOW)


def test_an_old_post_gains_from_what_it_had_when_the_span_began(store: Store, comparison_id: int) -> None:
    read(store, 90, Post("1", OLD, Counts(reposts=10)))
    first = read(store, 40, Post("1", OLD, Counts(reposts=12)))
    second = read(store, 5, Post("1", OLD, Counts(reposts=11)))
    assert courses(store, comparison_id, Span.HOUR) == {1: [(first, 2), (second, 1)]}


def test_a_post_first_read_within_the_span_gains_from_then_unless_it_is_as_young(
    store: Store, comparison_id: int
) -> None:
    young = NOW - timedelta(minutes=30)
    first = read(store, 40, Post("1", OLD, Counts(reposts=500)))
    second = read(store, 20, Post("1", OLD, Counts(reposts=501)), Post("2", young, Counts(reposts=7)))
    assert courses(store, comparison_id, Span.HOUR)[1] in (
        [(first, 0), (second, 1), (second, 8)],
        [(first, 0), (second, 7), (second, 8)],
    )


def test_engagement_is_all_but_views_and_not_known_where_a_part_of_it_is_not(store: Store, comparison_id: int) -> None:
    made = NOW - timedelta(minutes=11)
    at = read(
        store, 10, Post("1", made, Counts(1, 2, 0, 0, 0, views=1000)), Post("2", made, Counts(reposts=5, likes=5))
    )
    assert courses(store, comparison_id, Span.HOUR, Metric.ENGAGEMENT) == {1: [(at, 3)]}


@pytest.mark.parametrize(("span", "kept"), [(Span.HOUR, 30), (Span.DAY, 3), (Span.WEEK, 2)])
def test_a_course_is_thinned_to_what_a_chart_can_show(store: Store, comparison_id: int, span: Span, kept: int) -> None:
    for minutes_ago in range(30, 0, -1):
        for seconds in (0, 20, 40):
            count = 1000 - 3 * minutes_ago + seconds // 20
            read(store, minutes_ago - seconds / 60, Post("1", OLD, Counts(reposts=count)))
    [course] = courses(store, comparison_id, span).values()
    assert len(course) == kept
    assert course[-1] == (NOW - timedelta(seconds=20), 999 - 910)
