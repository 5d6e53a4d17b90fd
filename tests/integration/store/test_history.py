"""What posts gained within a span: after gaps, from first fetches on, and as rows are rolled up."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from sqlalchemy import func, insert, select

from pipeline.records import (
    ChartData,
    ChartRow,
    ChartSpec,
    Comparison,
    Counts,
    FetchResult,
    Metric,
    Mode,
    Post,
    Span,
    View,
)
from pipeline.steps.chart_data import inputs
from pipeline.steps.snapshot import snapshot
from pipeline.store import Store, accounts, chats, comparisons, subscriptions
from pipeline.store.tables import Account, Gain, Subscription
from pipeline.store.tables import Comparison as ComparisonRow

NOW = datetime(2026, 11, 23, 15, 20, tzinfo=UTC)
OLD = NOW - timedelta(days=30)
SECOND, MINUTE, HOUR, DAY = (timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days"))


@pytest.fixture(autouse=True)
def account(store: Store) -> None:
    with store.write_session() as db:
        db.execute(insert(Account), [{"id": 1, "network": "x", "remote_id": "1", "handle": "a", "stale": False}])


def post(reposts: int | None, post_id: str = "1", made: datetime = OLD, **counts: int) -> Post:
    return Post(post_id, made, Counts(reposts=reposts, **counts))


def save_fetch(store: Store, ago: timedelta, *posts: Post, complete: bool = True) -> datetime:
    """Store a fetch of the account's posts; returns its time."""
    with store.write_session() as db:
        accounts.save_fetch_results(db, [FetchResult(1, NOW - ago, posts, complete=complete)])
    return NOW - ago


def save_fetches(store: Store, since: timedelta, until: timedelta, *posts: Post, every: timedelta = MINUTE) -> None:
    """Store a fetch of the same posts at each interval from `since` to `until` ago."""
    for number in count():
        if since - number * every < until:
            break
        save_fetch(store, since - number * every, *posts)


def load_chart(
    store: Store, span: Span = Span.HOUR, *, metric: Metric = Metric.REPOSTS, now: datetime = NOW, posts: int = 100
) -> ChartData:
    spec = ChartSpec(metric, View.GROWTH, posts, span=span)
    with store.write_session() as db:
        return snapshot(db, comparisons.get_or_create(db, Comparison((1,), spec)), now).data


def row(
    store: Store, span: Span = Span.HOUR, *, metric: Metric = Metric.REPOSTS, now: datetime = NOW, posts: int = 100
) -> ChartRow:
    return load_chart(store, span, metric=metric, now=now, posts=posts).rows[0]


def test_an_old_post_gains_from_what_it_had_when_the_span_began(store: Store) -> None:
    save_fetches(store, 90 * MINUTE, 41 * MINUTE, post(10))
    first = save_fetch(store, 40 * MINUTE, post(12))
    save_fetches(store, 39 * MINUTE, 6 * MINUTE, post(12))
    second = save_fetch(store, 5 * MINUTE, post(11))
    chart = row(store, now=NOW - 5 * MINUTE)
    assert (chart.gains, chart.total, chart.since) == (((first, 2), (second, 1)), 1, None)


def test_what_came_while_nobody_looked_is_told_by_the_span_that_holds_all_of_that_time_alone(store: Store) -> None:
    """Five days off: 500 came in them, and 3 in the minutes since."""
    save_fetches(store, 6 * DAY, 5 * DAY, post(100), every=HOUR)
    resumed = save_fetch(store, 20 * MINUTE, post(600))
    later = save_fetch(store, 19 * MINUTE, post(603))
    assert [(row(store, span).total, row(store, span).since) for span in (Span.HOUR, Span.DAY)] == [(3, resumed)] * 2
    assert row(store).gains == ((later, 3),)
    week = row(store, Span.WEEK)
    assert (week.total, week.since) == (503, NOW - 6 * DAY)
    assert ((NOW - 5 * DAY, resumed)) in week.gaps


def test_an_account_not_read_for_days_is_not_known(store: Store) -> None:
    save_fetches(store, 5 * DAY, 4 * DAY, post(100), every=10 * MINUTE)
    with store.write_session() as db:
        accounts.mark_stale(db, accounts.list_ids(db))
    assert [row(store, span).total for span in (Span.HOUR, Span.DAY)] == [None, None]
    assert row(store, Span.WEEK).total is None, "that nothing was gained is not known of the last four days"


def test_what_an_account_gained_until_it_was_read_last_is_told_with_that_time(store: Store) -> None:
    save_fetches(store, 90 * MINUTE, 41 * MINUTE, post(100))
    last = save_fetch(store, 40 * MINUTE, post(107))
    with store.write_session() as db:
        accounts.mark_stale(db, accounts.list_ids(db))
    chart = row(store)
    assert (chart.total, chart.until, chart.note) == (7, last, "as of 23 Nov 14:40 UTC")


@pytest.mark.parametrize("span", Span)
def test_a_minute_after_it_is_tracked_an_account_has_gained_what_came_in_that_minute(store: Store, span: Span) -> None:
    """One post is from within each span, and has 2,540 already."""
    young, born = post(2540, "2", NOW - 10 * MINUTE), post(4, "3", NOW - 30 * SECOND)
    first = save_fetch(store, MINUTE, post(70_000), young)
    assert (row(store, span, now=first).total, row(store, span, now=first).since) == (None, first)
    save_fetch(store, 40 * SECOND, post(70_001), young)
    save_fetch(store, 10 * SECOND, post(70_001), young._replace(counts=Counts(reposts=2541)), born)
    chart = row(store, span)
    assert (chart.total, chart.since) == (2 + 4, first)


def test_that_nothing_was_gained_is_told_of_the_time_that_was_watched(store: Store) -> None:
    first = save_fetch(store, 2 * HOUR, post(7))
    save_fetches(store, 2 * HOUR - MINUTE, timedelta(0), post(7))
    assert [(row(store, span).total, row(store, span).since) for span in Span] == [(0, None), (0, first), (0, first)]


def test_a_post_made_while_the_account_is_watched_began_at_nothing(store: Store) -> None:
    save_fetches(store, 90 * MINUTE, 31 * MINUTE, post(500))
    at = save_fetch(store, 29 * MINUTE, post(500), post(7, "2", NOW - 30 * MINUTE))
    assert (row(store, now=at).gains, row(store, now=at).since) == (((at, 7),), None)


def test_a_post_made_before_counts_from_its_first_reading_and_so_does_the_account(store: Store) -> None:
    """As when POSTS_PER_ACCOUNT is raised."""
    save_fetches(store, 90 * MINUTE, 31 * MINUTE, post(500))
    raised = save_fetch(store, 29 * MINUTE, post(501), post(7000, "0"))
    save_fetch(store, 28 * MINUTE, post(503), post(7001, "0"))
    assert (row(store).total, row(store).since) == (3, raised)
    assert (row(store, posts=1).total, row(store, posts=1).since) == (2 + 1, None), "the newest alone was known"


def test_of_many_posts_an_old_one_may_come_into_view_and_takes_nothing_from_the_others(store: Store) -> None:
    many = [post(5, f"{number}", OLD + number * MINUTE) for number in range(30)]
    save_fetches(store, 90 * MINUTE, 31 * MINUTE, *many)
    save_fetch(store, 29 * MINUTE, *many[:-1], post(9000, "older", OLD - DAY))
    save_fetch(store, 28 * MINUTE, post(6, "0"), *many[1:-1], post(9001, "older", OLD - DAY))
    assert (row(store).total, row(store).since) == (2, None)


def test_a_deleted_post_is_nobodys_loss_and_what_it_had_gained_is_no_longer_counted(store: Store) -> None:
    save_fetches(store, 90 * MINUTE, 31 * MINUTE, post(500), post(7, "2"))
    save_fetch(store, 30 * MINUTE, post(503), post(47, "2"))
    assert row(store).total == 43
    save_fetch(store, 20 * MINUTE, post(504))
    assert row(store).total == 4


def test_a_count_that_becomes_known_has_gained_nothing_and_what_it_was_meanwhile_is_not_told(store: Store) -> None:
    save_fetches(store, 90 * MINUTE, 41 * MINUTE, post(None, likes=5), post(30, "2", likes=5))
    missing = save_fetch(store, 40 * MINUTE, post(900, likes=6), post(None, "2", likes=5))
    assert (row(store, now=missing).total, row(store, now=missing).since) == (None, missing)
    again = save_fetch(store, 30 * MINUTE, post(901, likes=6), post(80, "2", likes=5))
    save_fetch(store, 29 * MINUTE, post(902, likes=6), post(81, "2", likes=5))
    assert (row(store).total, row(store).since) == (2, again)
    assert (row(store, metric=Metric.LIKES).total, row(store, metric=Metric.LIKES).since) == (1, None)


def test_posts_that_an_unfinished_reading_did_not_reach_gained_unseen(store: Store) -> None:
    newer = post(5, "2", OLD + DAY)
    save_fetches(store, 90 * MINUTE, 61 * MINUTE, newer, post(500))
    for ago in range(60, 20, -1):
        save_fetch(store, ago * MINUTE, newer, complete=False)
    again = save_fetch(store, 20 * MINUTE, newer, post(900))
    save_fetch(store, 19 * MINUTE, newer, post(902))
    assert (row(store).total, row(store).since) == (2, again)


def test_engagement_is_all_but_views_and_not_known_where_a_part_of_it_is_not(store: Store) -> None:
    save_fetches(store, 90 * MINUTE, 11 * MINUTE, Post("1", OLD, Counts(5, 5, 5, 5, 5, 5)))
    made = NOW - 10.5 * MINUTE
    whole, part = Post("2", made, Counts(1, 2, 0, 0, 0, views=1000)), Post("3", made, Counts(reposts=5, likes=5))
    at = save_fetch(store, 10 * MINUTE, Post("1", OLD, Counts(5, 5, 5, 5, 5, 9)), whole, part)
    assert row(store, metric=Metric.ENGAGEMENT).gains == ((at, 3),)
    assert row(store).gains == ((at, 6),)


def test_a_series_has_no_more_steps_than_what_a_chart_can_show(store: Store) -> None:
    save_fetches(store, 8 * DAY, HOUR, post(0), every=HOUR)
    save_fetches(store, HOUR, 31 * MINUTE, post(900))
    for minutes_ago in range(30, 0, -1):
        for seconds in (0, 20, 40):
            save_fetch(store, minutes_ago * MINUTE - seconds * SECOND, post(1000 - 3 * minutes_ago + seconds // 20))
    gains = {span: row(store, span).gains for span in Span}
    assert {span: len(each) for span, each in gains.items()} == {Span.HOUR: 30, Span.DAY: 1 + 3, Span.WEEK: 2}
    last = {Span.HOUR: 99, Span.DAY: 999, Span.WEEK: 999}
    assert {span: each[-1] for span, each in gains.items()} == {
        span: (NOW - 20 * SECOND, gained) for span, gained in last.items()
    }


def test_as_they_age_rows_are_put_together_and_no_figure_changes(store: Store) -> None:
    """Three more a minute for 27 hours: rows of minutes for an hour, of ten for a day, and those of hours."""
    for number in [0, *range(4, 25 * 60, 5), *range(25 * 60, 27 * 60)]:
        save_fetch(store, 27 * HOUR - number * MINUTE, post(3 * number))
    with store.read_session() as db:
        rows = dict(db.execute(select(Gain.grain_s, func.count()).group_by(Gain.grain_s)).all())
    assert 60 <= rows[60] <= 60 + 2 * 10 + 2
    assert 24 * 6 <= rows[600] <= 25 * 6
    assert rows[3600] in {27, 28}
    now = NOW - MINUTE
    assert [row(store, span, now=now).total for span in Span] == [3 * 60, 3 * 24 * 60, 3 * (27 * 60 - 1)]
    assert row(store, Span.DAY, now=now).since is None


def test_rows_that_no_chart_looks_back_to_go(store: Store) -> None:
    for number in range(10 * 24):
        save_fetch(store, 10 * DAY - number * HOUR, post(number))
    with store.read_session() as db:
        assert (db.scalar(select(func.min(Gain.end_at))) or NOW) > NOW - 8 * DAY


def test_equal_readings_leave_the_chart_as_it_is_until_the_span_has_slid(store: Store) -> None:
    save_fetches(store, 3 * HOUR, 41 * MINUTE, post(10))
    save_fetch(store, 40 * MINUTE, post(12))
    first = inputs(load_chart(store, now=NOW - 40 * MINUTE))
    for ago in range(39, -20, -1):
        save_fetch(store, ago * MINUTE, post(12))
        data = load_chart(store, now=NOW - ago * MINUTE)
        assert (inputs(data), data.expires_at) == (first, NOW + 20 * MINUTE)
    save_fetch(store, -20 * MINUTE, post(12))
    data = load_chart(store, now=NOW + 20 * MINUTE)
    assert (data.rows[0].total, data.expires_at) == (0, None)


def test_a_watched_growth_that_time_has_changed_wants_a_new_chart_once(store: Store) -> None:
    with store.write_session() as db:
        chats.add(db, 1, NOW)
        comparison = comparisons.get_or_create(db, Comparison((1,), ChartSpec(view=View.GROWTH)))
        comparison.expires_at = NOW
        subscriptions.add(
            db,
            Subscription(
                chat_id=1, comparison_id=comparison.id, all_tracked=False, mode=Mode.LIVE, min_version=0, next_at=NOW
            ),
        )

    def wanted(now: datetime) -> int:
        with store.write_session() as db:
            comparisons.mark_expired(db, now)
        with store.read_session() as db:
            return db.scalars(select(ComparisonRow.requested_version)).one()

    assert [wanted(NOW - SECOND), wanted(NOW), wanted(NOW + SECOND), wanted(NOW + 59 * SECOND)] == [0, 1, 1, 1]


def test_the_best_post_is_of_those_made_within_the_span_with_its_address(store: Store) -> None:
    """With equal counts the newest one."""
    made = [(NOW - 30 * MINUTE, 5), (NOW - 40 * MINUTE, 9), (NOW - 50 * MINUTE, 9), (NOW - 2 * HOUR, 20), (OLD, 99)]
    posts = [post(reposts, str(9 - number), at) for number, (at, reposts) in enumerate(made)]
    save_fetches(store, 2 * MINUTE, 1 * MINUTE, post(None, "8", NOW - MINUTE), *posts)
    best = {span: row(store, span).best for span in (Span.HOUR, Span.DAY)}
    assert best == {
        Span.HOUR: ("https://x.com/i/status/8", 9, NOW - 40 * MINUTE),
        Span.DAY: ("https://x.com/i/status/6", 20, NOW - 2 * HOUR),
    }


def test_a_chart_is_old_once_its_best_new_post_is_older_than_the_span(store: Store) -> None:
    """Also where nothing is gained or read meanwhile."""
    save_fetches(store, 2 * MINUTE, 1 * MINUTE, post(7, "2", NOW - 30 * MINUTE), post(5, "1", NOW - 20 * MINUTE))
    first = load_chart(store)
    assert first.expires_at == NOW + 30 * MINUTE
    then = load_chart(store, now=first.expires_at)
    assert then.rows[0].best == ("https://x.com/i/status/1", 5, NOW - 20 * MINUTE)
    assert inputs(then) != inputs(first)


def test_without_a_post_within_the_span_there_is_no_best_one(store: Store) -> None:
    save_fetches(store, 2 * MINUTE, 1 * MINUTE, post(99))
    assert row(store, Span.WEEK).best is None
