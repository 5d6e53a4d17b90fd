"""When figures were read: of which day a row is, what a rate is divided by, and until when a chart is unchanged."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from bot.chart_sender import current_caption
from pipeline.chart.caption import caption
from pipeline.chart.views import prepare
from pipeline.i18n import lazy_gettext, translator
from pipeline.records import (
    ChartData,
    ChartSpec,
    Comparison,
    Counts,
    FetchResult,
    Language,
    Mode,
    Normalization,
    Post,
    Profile,
    State,
    View,
)
from pipeline.steps.chart_data import inputs
from pipeline.steps.snapshot import snapshot
from pipeline.store import Store, accounts, chats, comparisons, subscriptions
from pipeline.store import posts as stored_posts
from pipeline.store.posts import FetchedApart
from pipeline.store.tables import Account, Subscription
from pipeline.store.tables import Comparison as ComparisonRow
from pipeline.store.tables import Post as PostRow
from tests.conftest import NETWORK
from tests.databases import migrate

NOW = datetime(2026, 11, 28, 14, 5, 20, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
DAILY = ChartSpec(view=View.RACE, normalization=Normalization.DAILY, count=5)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path}/tallybird.db")
    migrate(store)
    yield store
    store.close()


def posts(at: datetime, every: timedelta, *reposts: int) -> tuple[Post, ...]:
    """Newest first; the newest is an hour old."""
    return tuple(
        Post(str(len(reposts) - ago), at - HOUR - every * ago, Counts(reposts=value))
        for ago, value in enumerate(reposts)
    )


def read(store: Store, handle: str, at: datetime, found: Sequence[Post]) -> None:
    with store.write_session() as db:
        accounts.save_profiles(db, [Profile(handle, State.ACTIVE, f"id-{handle}")], NETWORK, at)
        account = accounts.find_by_remote_ids(db, [f"id-{handle}"], NETWORK)[0]
        chats.add(db, 1, at)
        chats.track(db, 1, [account.id], at)
        accounts.save_fetch_results(db, [FetchResult(account.id, at, tuple(found))])


def data(store: Store, spec: ChartSpec, now: datetime = NOW) -> ChartData:
    with store.write_session() as db:
        late = accounts.list_read_before(db, NETWORK, now - timedelta(minutes=2))
        accounts.mark_stale(db, [account_id for account_id, *_ in late])
        ids = tuple(each.id for each in accounts.list_tracked(db))
        row = comparisons.get_or_create(db, Comparison(tuple(sorted(ids)), spec))
        return snapshot(db, row, now).data


def test_what_came_a_day_is_divided_by_the_time_until_an_accounts_own_last_reading(store: Store) -> None:
    """500 a day stay 500 a day, however long ago they were read."""
    since = 5 * DAY
    read(store, "late", NOW - since, posts(NOW - since, DAY / 2, 500, 500, 500, 500, 500))
    read(store, "fresh", NOW, posts(NOW, DAY / 2, 500, 500, 500, 500, 500))
    late, fresh_row = data(store, DAILY).rows
    assert late.total == fresh_row.total == pytest.approx(2500 / (2 + 1 / 24))
    assert late.note == "as of 23 Nov 14:05 UTC"
    assert data(store, DAILY, NOW + 3 * DAY).rows[0].total == late.total


@pytest.mark.parametrize(("every", "notes"), [(HOUR / 2, ["all within 3 h"]), (DAY, [])])
def test_posts_of_less_than_a_day_are_not_made_to_more_and_the_chart_says_so(
    store: Store, every: timedelta, notes: list[str]
) -> None:
    read(store, "busy", NOW, posts(NOW, every, 10, 20, 30, 40, 50))
    found = data(store, DAILY)
    assert found.rows[0].total == (150 if notes else pytest.approx(150 / (4 + 1 / 24)))
    assert [part for part in caption(found).splitlines()[2].split(" · ") if "within" in part] == notes


def test_a_new_account_has_what_its_first_day_brought(store: Store) -> None:
    read(store, "new", NOW, posts(NOW, HOUR, 10, 20))
    found = data(store, DAILY)
    assert found.rows[0].total == 30
    assert "within" not in caption(found)


@pytest.mark.parametrize(
    ("ago", "language", "note"),
    [
        (HOUR, Language.ENGLISH, "as of 28 Nov 13:05 UTC"),
        (5 * DAY, Language.ENGLISH, "as of 23 Nov 14:05 UTC"),
        (5 * DAY, Language.SPANISH, "al 23 nov 14:05 UTC"),
        (400 * DAY, Language.ENGLISH, "as of 24 Oct 2025"),
        (400 * DAY, Language.SPANISH, "al 24 oct 2025"),
    ],
)
def test_a_reading_of_before_tells_its_day_and_one_of_another_year_its_year(
    store: Store, ago: timedelta, language: Language, note: str
) -> None:
    read(store, "late", NOW - ago, posts(NOW - ago, HOUR, 1))
    read(store, "fresh", NOW, posts(NOW, HOUR, 1))
    assert data(store, ChartSpec(language=language)).rows[0].note == note


@pytest.mark.parametrize(
    ("state", "ago", "note"),
    [
        (State.SUSPENDED, HOUR, "suspended, as of 28 Nov"),
        (State.PROTECTED, 5 * DAY, "protected, as of 23 Nov"),
        (State.MISSING, 400 * DAY, "gone, as of 2025"),
    ],
)
def test_the_figures_of_a_lost_account_have_their_day(store: Store, state: State, ago: timedelta, note: str) -> None:
    read(store, "lost", NOW - ago, posts(NOW - ago, HOUR, 1))
    read(store, "fresh", NOW, posts(NOW, HOUR, 1))
    with store.write_session() as db:
        accounts.save_fetch_results(db, [FetchResult(1, NOW, state=state)])
    assert data(store, ChartSpec()).rows[0].note == note


def test_a_post_is_young_if_it_was_when_it_was_read(store: Store) -> None:
    read(store, "late", NOW - 5 * DAY, posts(NOW - 5 * DAY, 30 * HOUR, 1, 2))
    read(store, "fresh", NOW, posts(NOW, 30 * HOUR, 1, 2))
    found = data(store, ChartSpec())
    assert [found.young(row) for row in found.rows] == [[True, False]] * 2


def test_the_same_read_again_gives_the_same_chart_until_a_post_is_grown_up(store: Store) -> None:
    found = posts(NOW, DAY, 7, 8, 9)
    read(store, "a", NOW, found)
    before = data(store, ChartSpec())
    read(store, "a", NOW + 22 * HOUR, found)
    assert inputs(data(store, ChartSpec(), NOW + 22 * HOUR)) == inputs(before)
    read(store, "a", NOW + 24 * HOUR, found)
    assert inputs(data(store, ChartSpec(), NOW + 24 * HOUR)) != inputs(before)


def test_a_rate_that_falls_by_less_than_is_shown_gives_the_same_chart(store: Store) -> None:
    found = posts(NOW, DAY, 5, 5, 5, 5)
    read(store, "a", NOW, found)
    before = data(store, DAILY)
    read(store, "a", NOW + timedelta(seconds=10), found)
    after = data(store, DAILY, NOW + timedelta(seconds=10))
    assert after.rows[0].total != before.rows[0].total
    assert inputs(after) == inputs(before)


def shown(store: Store, mode: Mode, now: datetime) -> str:
    """The caption with which the chart is shown to somebody who asks for it now."""
    with store.write_session() as db:
        row = db.get_one(ComparisonRow, 1)
        fields = {"all_tracked": False, "next_at": now, "min_version": row.rendered_version}
        subscription = Subscription(chat_id=1, comparison_id=1, mode=mode, **fields)
        subscriptions.add(db, subscription)
        due = next(each for each in subscriptions.list_due(db, now) if each.subscription_id == subscription.id)
        showing = subscriptions.get_delivery(db, due, now)
        subscriptions.remove(db, subscription.id)
    assert showing is not None
    return current_caption(showing)


@pytest.mark.parametrize(
    ("language", "first", "later"),
    [
        (
            Language.ENGLISH,
            "as of 28 Nov 2026 14:05 UTC",
            "unchanged since 28 Nov 2026 14:05 UTC, checked 28 Nov 2026 14:50 UTC",
        ),
        (
            Language.SPANISH,
            "datos al 28 nov 2026 14:05 UTC",
            "sin cambios desde el 28 nov 2026 14:05 UTC, comprobado el 28 nov 2026 14:50 UTC",
        ),
    ],
)
def test_a_chart_that_is_asked_for_later_says_that_it_was_read_again(
    store: Store, language: Language, first: str, later: str
) -> None:
    read(store, "a", NOW, posts(NOW, DAY, 1, 2, 3))
    found = data(store, ChartSpec(language=language))
    with store.write_session() as db:
        row = db.get_one(ComparisonRow, 1)
        row.chart_digest, row.caption, row.inputs_digest = "chart", caption(found), inputs(found)
        row.as_of = row.checked_at = found.as_of
        comparisons.mark_rendered(db, 1, row.requested_version)
    assert shown(store, Mode.ONCE, NOW).splitlines()[-1] == first
    later_at = NOW + timedelta(minutes=45)
    with store.write_session() as db:
        comparisons.mark_unchanged(db, 1, "other inputs", later_at, None)
    assert shown(store, Mode.ONCE, later_at).splitlines()[-1] == first
    with store.write_session() as db:
        comparisons.mark_unchanged(db, 1, inputs(found), later_at, None)
    asked = shown(store, Mode.ONCE, later_at)
    assert asked.splitlines()[-1] == later
    assert asked.splitlines()[:-1] == caption(found).splitlines()[:-1]


def test_what_is_unchanged_is_no_news_to_a_live_message(store: Store) -> None:
    read(store, "a", NOW, posts(NOW, DAY, 1, 2, 3))
    found = data(store, ChartSpec())
    with store.write_session() as db:
        row = db.get_one(ComparisonRow, 1)
        row.chart_digest, row.caption, row.inputs_digest = "chart", caption(found), inputs(found)
        fields = {"all_tracked": True, "next_at": NOW, "min_version": 0, "delivered_digest": "chart", "message_id": 5}
        subscriptions.add(db, Subscription(chat_id=1, comparison_id=1, mode=Mode.LIVE, **fields))
        comparisons.mark_unchanged(db, 1, inputs(found), NOW + HOUR, None)
        assert subscriptions.list_due(db, NOW + HOUR) == []


def read_apart(store: Store, ago: timedelta, found: Sequence[Post]) -> None:
    """These posts of the first account were read so long ago, apart from the others."""
    with store.write_session() as db:
        stored_posts.save_apart(db, [FetchedApart(1, NOW - ago, found)])


@pytest.mark.parametrize(
    ("ago", "text"),
    [
        (2 * DAY, ""),
        (2 * DAY + HOUR, "some old posts as of 26 Nov"),
        (14 * DAY, "some old posts as of 14 Nov"),
        (400 * DAY, "some old posts as of 2025"),
    ],
)
def test_a_chart_tells_the_day_of_posts_that_were_read_long_before_the_others(
    store: Store, ago: timedelta, text: str
) -> None:
    read(store, "a", NOW, [])
    read(store, "b", NOW, posts(NOW, DAY, 1, 2))
    new, old = posts(NOW, 500 * DAY, 3, 4)
    read_apart(store, ago, [old])
    read_apart(store, timedelta(0), [new])
    found = data(store, ChartSpec())
    assert (found.as_of, [row.note for row in found.rows]) == (NOW, [None, None]), "no row is out of date"
    assert [line for line in caption(found).splitlines() if "old posts" in line] == ([text] if text else [])


def test_the_day_of_old_posts_changes_a_chart_once_a_day_at_most_and_by_itself(store: Store) -> None:
    read(store, "a", NOW, [])
    [post] = posts(NOW - 9 * DAY, HOUR, 3)
    read_apart(store, HOUR, [post])
    fresh = data(store, ChartSpec())
    later = NOW - HOUR + 2 * DAY + HOUR
    assert fresh.expires_at == later
    read(store, "a", later, [post])
    with store.write_session() as db:
        db.execute(update(PostRow).values(read_at=NOW - HOUR))
    aged = data(store, ChartSpec(), later)
    assert (aged.expires_at, inputs(aged) == inputs(fresh)) == (None, False)
    with store.write_session() as db:
        db.execute(update(PostRow).values(read_at=NOW - 2 * HOUR))
    assert inputs(data(store, ChartSpec(), later)) == inputs(aged)


def test_a_caption_has_room_for_the_longer_last_line(store: Store) -> None:
    for number in range(60):
        read(store, f"account_{number:06}", NOW, posts(NOW, DAY, number))
    for language in Language:
        found = data(store, ChartSpec(language=language))
        longest = translator(language).read_at(found.as_of, found.as_of + timedelta(minutes=45))
        whole = caption(found).replace(translator(language).read_at(found.as_of), longest)
        assert len(whole.replace("`", "").encode("utf-16-le")) // 2 <= 1024


def test_a_moment_of_another_year_has_its_year() -> None:
    this_year = datetime.now(UTC).replace(month=1, day=4, hour=5, minute=6, second=7)
    gettext = translator(Language.ENGLISH).gettext
    for moment, day in ((this_year, "4 Jan"), (this_year.replace(year=2019), "4 Jan 2019")):
        assert gettext(lazy_gettext("{at:moment}", at=moment)) == f"{day} 05:06 UTC"
        assert gettext(lazy_gettext("{at:second}", at=moment)) == f"{day} 05:06:07 UTC"


def test_a_dead_account_does_not_make_the_chart_older_than_it_is(store: Store) -> None:
    read(store, "late", NOW - DAY, posts(NOW, HOUR, 1))
    read(store, "fresh", NOW, posts(NOW, HOUR, 1))
    assert data(store, ChartSpec()).as_of == NOW
    with store.read_session() as db:
        assert [account.stale for account in db.query(Account).order_by(Account.id)] == [True, False]
    assert replace(data(store, ChartSpec()).rows[1], read_at=None).note is None


def test_an_account_whose_older_posts_are_still_to_be_read_says_so_and_nobody_leads_until_then(store: Store) -> None:
    read(store, "half", NOW, posts(NOW, HOUR, *range(20)))
    read(store, "whole", NOW, posts(NOW, HOUR, *range(30, 60)))
    with store.write_session() as db:
        db.execute(update(Account).where(Account.handle == "half").values(until_id="1"))
    for view in (View.SPREAD, View.POSTS, View.RACE):
        found = data(store, ChartSpec(view=view))
        assert [row.note for row in found.rows] == ["still being read", None]
        assert ("@half · still being read" in caption(found), prepare(found).finding) == (True, None)
        assert [row.note for row in data(store, ChartSpec(view=view, count=20)).rows] == [None, None]
    with store.write_session() as db:
        db.execute(update(Account).values(until_id=None))
    assert [row.note for row in data(store, ChartSpec()).rows] == [None, None]
