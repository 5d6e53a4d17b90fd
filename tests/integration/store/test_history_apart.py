"""What posts gained that are read apart from the others of their account: each between its own readings."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, insert, select, update

from pipeline.records import ChartRow, ChartSpec, Comparison, Counts, Post, Span, View
from pipeline.steps.snapshot import snapshot
from pipeline.store import Store, comparisons, posts
from pipeline.store.posts import FetchedApart
from pipeline.store.tables import Account, Gain

pytestmark = pytest.mark.parametrize("address", ["sqlite"], indirect=True)
"""What may differ on PostgreSQL is tried by the tests of each module of the store, on both."""

NOW = datetime(2026, 11, 23, 15, 20, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MANY = 45
"""So many old posts: two of them may become known late without a note."""


@pytest.fixture(autouse=True)
def account(store: Store) -> None:
    with store.write_session() as db:
        db.execute(insert(Account), [{"id": 1, "network": "x", "remote_id": "1", "handle": "a", "stale": False}])


def post(number: int, reposts: int, made: timedelta = 30 * DAY) -> Post:
    return Post(str(number), NOW - made + number * MINUTE, Counts(reposts=reposts))


def read(store: Store, ago: timedelta, *found: Post, finds: bool = True) -> datetime:
    """The account is asked for new posts, and these posts were read; returns when."""
    at = NOW - ago
    with store.write_session() as db:
        before = db.get_one(Account, 1).fetched_at
        posts.save_apart(db, [FetchedApart(1, at, found, found=finds, found_before=before)])
        if finds:
            db.execute(update(Account).values(fetched_at=at))
    return at


def watch(store: Store, since: timedelta, until: timedelta, every: timedelta) -> None:
    """The account is asked for new posts all the time, and has none."""
    while since >= until:
        read(store, since)
        since -= every


def row(store: Store, span: Span) -> ChartRow:
    with store.write_session() as db:
        spec = ChartSpec(view=View.GROWTH, span=span)
        return snapshot(db, comparisons.get_or_create(db, Comparison((1,), spec)), NOW).data.rows[0]


def test_a_post_read_again_after_days_gained_in_them_and_nothing_in_the_hour(store: Store) -> None:
    read(store, 3 * DAY, post(1, 10), post(2, 5))
    watch(store, 3 * DAY - HOUR, HOUR, HOUR)
    watch(store, 59 * MINUTE, 31 * MINUTE, MINUTE)
    opened = read(store, 30 * MINUTE, post(1, 110), post(2, 5))
    watch(store, 29 * MINUTE, 21 * MINUTE, MINUTE)
    later = read(store, 20 * MINUTE, post(1, 113))
    watch(store, 19 * MINUTE, MINUTE, MINUTE)
    week, day, hour = (row(store, span) for span in (Span.WEEK, Span.DAY, Span.HOUR))
    assert (week.total, week.since, week.gains) == (103, NOW - 3 * DAY, ((opened, 100), (later, 103)))
    assert (day.total, day.since, day.gains) == (3, opened, ((later, 3),))
    assert (hour.total, hour.since, hour.gains) == (3, opened, ((later, 3),))
    assert (week.gaps, hour.gaps) == ((), ()), "the account was asked all the time"


def test_a_post_read_again_unchanged_is_known_all_the_time(store: Store) -> None:
    read(store, 3 * DAY, post(1, 10))
    watch(store, 2 * HOUR, 31 * MINUTE, MINUTE)
    read(store, 30 * MINUTE, post(1, 10))
    watch(store, 29 * MINUTE, MINUTE, MINUTE)
    assert (row(store, Span.HOUR).total, row(store, Span.HOUR).since) == (0, None)


def test_of_many_posts_one_in_twenty_may_be_read_again_late(store: Store) -> None:
    many = [post(number, 10) for number in range(MANY)]
    read(store, 3 * DAY, *many)
    watch(store, 2 * HOUR, 41 * MINUTE, MINUTE)
    read(store, 40 * MINUTE, post(1, 500), post(2, 500))
    gained = read(store, 39 * MINUTE + MINUTE / 2, post(1, 507), finds=False)
    watch(store, 39 * MINUTE, 31 * MINUTE, MINUTE)
    assert (row(store, Span.HOUR).gains, row(store, Span.HOUR).since) == (((gained, 7),), None)
    third = read(store, 30 * MINUTE, post(3, 500), post(1, 508))
    watch(store, 29 * MINUTE, MINUTE, MINUTE)
    assert (row(store, Span.HOUR).gains, row(store, Span.HOUR).since) == (((gained, 7), (third, 8)), NOW - 40 * MINUTE)


def test_a_new_post_began_at_nothing_however_late_it_is_read(store: Store) -> None:
    read(store, 2 * DAY, post(1, 10))
    watch(store, 2 * HOUR, 50 * MINUTE, MINUTE)
    born = post(0, 40, made=45 * MINUTE)
    at = read(store, 20 * MINUTE, born)
    watch(store, 19 * MINUTE, MINUTE, MINUTE)
    hour = row(store, Span.HOUR)
    assert (hour.total, hour.since, hour.gaps) == (40, None, ((NOW - 50 * MINUTE, at),)), "the account was not asked"


def test_older_posts_that_come_into_view_have_gained_nothing_yet(store: Store) -> None:
    read(store, 3 * HOUR, post(5, 10))
    watch(store, 3 * HOUR - MINUTE, 31 * MINUTE, MINUTE)
    page = read(store, 30 * MINUTE, post(1, 900), post(2, 800), finds=False)
    later = read(store, 29 * MINUTE, post(1, 903))
    watch(store, 28 * MINUTE, 2 * MINUTE, MINUTE)
    hour = row(store, Span.HOUR)
    assert (hour.since, hour.gains) == (page, ((later, 3),))
    known = read(store, MINUTE, post(5, 12))
    assert (row(store, Span.HOUR).since, row(store, Span.HOUR).total) == (known, None), "of three hours"


def test_old_posts_read_each_half_hour_leave_few_rows_and_no_figure_changes(store: Store) -> None:
    for number in range(2 * 30):
        ago = 30 * HOUR - number * HOUR / 2
        read(store, ago, *(post(each, 10 * number + each) for each in range(3)))
        watch(store, ago - MINUTE, ago - 29 * MINUTE, MINUTE)
    with store.read_session() as db:
        rows = dict(db.execute(select(Gain.grain_s, func.count()).group_by(Gain.grain_s)).all())
    assert rows[60] <= 2 * 3
    assert rows[600] <= 2 * 26
    assert rows[3600] <= 31
    assert [row(store, span).total for span in (Span.DAY, Span.WEEK)] == [3 * 10 * 47, 3 * 10 * 59]
    assert [row(store, span).gaps for span in Span] == [()] * 3
