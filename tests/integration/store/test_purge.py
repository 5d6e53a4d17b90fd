"""The purge deletes what is long unused, and nothing else."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select, update
from sqlalchemy import text as sql

from pipeline.i18n import lazy_gettext
from pipeline.records import Comparison, Counts, FetchResult, Post
from pipeline.steps.purge import KEPT, MOST_POSTS, purge
from pipeline.store import Store, accounts, chats, comparisons, notices
from pipeline.store.migrate import migrate
from pipeline.store.tables import Account, Alert, Base, Chat, Gain, Notice, Subscription
from pipeline.store.tables import Comparison as ComparisonRow
from pipeline.store.tables import Post as PostRow
from tests.integration.store.conftest import NOON, add_accounts, fetch_result
from tests.integration.store.test_subscriptions import subscribe

DAY = timedelta(days=1)
LONG_AGO = NOON - KEPT - timedelta(days=2)


def count_rows(store: Store) -> dict[str, int]:
    tables = Base.metadata.sorted_tables
    with store.read_session() as db:
        counts = {table.name: db.scalar(select(func.count()).select_from(table)) or 0 for table in tables}
    return {name: count for name, count in counts.items() if count and name != "ledger"}


def deactivate(store: Store, chat_id: int, at: datetime) -> None:
    with store.write_session() as db:
        chats.deactivate(db, chat_id, "blocked", at)


def unused_since(store: Store, at: datetime) -> None:
    with store.write_session() as db:
        db.execute(update(ComparisonRow).values(used_at=at))
        db.execute(update(Account).values(profiled_on=at.date()))


def test_a_chat_set_aside_for_long_leaves_nothing_behind(store: Store) -> None:
    [account_id] = add_accounts(store, "nasa", now=LONG_AGO)
    subscribe(store, [account_id])
    with store.write_session() as db:
        accounts.save_fetch_results(db, [fetch_result(account_id, 3, 5, at=LONG_AGO)])
        notices.publish(db, "key", lazy_gettext("text"), LONG_AGO)
        notices.mark_sent(db, 1, 1)
    deactivate(store, 1, LONG_AGO)
    unused_since(store, LONG_AGO)
    purge(store, NOON)
    assert count_rows(store) == {}


def test_what_a_served_chat_was_alerted_of_long_ago_is_forgotten(store: Store) -> None:
    add_accounts(store, "nasa")
    with store.write_session() as db:
        for key, at in (("old", LONG_AGO), ("new", NOON - DAY)):
            db.add(Alert(chat_id=1, key=key, at=at))
    purge(store, NOON)
    with store.read_session() as db:
        assert db.scalars(select(Alert.key)).all() == ["new"]


def test_a_chat_set_aside_for_a_while_and_one_that_is_served_keep_everything(store: Store) -> None:
    ids = add_accounts(store, "nasa", now=LONG_AGO)
    add_accounts(store, "esa", chat_id=2, now=LONG_AGO)
    subscribe(store, ids)
    deactivate(store, 1, NOON - KEPT + timedelta(hours=1))
    unused_since(store, LONG_AGO)
    before = count_rows(store)
    purge(store, NOON)
    assert count_rows(store) == before


def test_a_chat_that_came_back_starts_its_time_anew(store: Store) -> None:
    add_accounts(store, "nasa")
    deactivate(store, 1, LONG_AGO)
    deactivate(store, 1, NOON)  # the time of the first counts
    with store.read_session() as db:
        assert db.get_one(Chat, 1).inactive_since == LONG_AGO
    with store.write_session() as db:
        chats.add(db, 1, NOON)
    purge(store, NOON)
    deactivate(store, 1, NOON)
    purge(store, NOON + timedelta(days=1))
    with store.read_session() as db:
        assert db.get_one(Chat, 1).inactive_since == NOON


def test_a_chat_that_is_allowed_no_more_goes_too(store: Store) -> None:
    add_accounts(store, "nasa")
    with store.write_session() as db:
        chats.allow_only(db, {2}, LONG_AGO)
    purge(store, NOON)
    with store.read_session() as db:
        assert not chats.exists(db, 1)


def test_what_a_chat_uses_stays_when_another_is_forgotten(store: Store) -> None:
    ids = add_accounts(store, "nasa", "esa", now=LONG_AGO)
    add_accounts(store, "nasa", chat_id=2, now=LONG_AGO)
    subscribe(store, ids)
    remaining = subscribe(store, ids[:1], chat_id=2)
    deactivate(store, 1, LONG_AGO)
    unused_since(store, LONG_AGO)
    purge(store, NOON)
    with store.read_session() as db:
        assert [account.handle for account in db.scalars(select(Account))] == ["nasa"]
        assert list(db.scalars(select(ComparisonRow.id))) == [remaining]
        assert list(db.scalars(select(Subscription.chat_id))) == [2]


def test_a_comparison_asked_for_lately_and_an_account_looked_up_lately_stay(store: Store) -> None:
    [account_id] = add_accounts(store, "nasa")
    with store.write_session() as db:
        chats.delete_chat(db, 1)
    unused_since(store, LONG_AGO)
    with store.write_session() as db:
        comparison = comparisons.get_or_create(db, Comparison((account_id,)))
        comparisons.request_redraw(db, comparison)
    purge(store, NOON)
    assert count_rows(store) == {"accounts": 1, "comparisons": 1, "comparison_accounts": 1}
    unused_since(store, LONG_AGO)
    with store.write_session() as db:
        db.execute(update(Account).values(profiled_on=NOON.date()))
    purge(store, NOON)
    assert count_rows(store) == {"accounts": 1}


def test_a_drawing_counts_as_use(store: Store) -> None:
    [account_id] = add_accounts(store, "nasa")
    comparison_id = subscribe(store, [account_id])
    unused_since(store, LONG_AGO)
    with store.write_session() as db:
        row = db.get_one(ComparisonRow, comparison_id)
        row.rendered_version = row.requested_version
        db.flush()
        comparisons.mark_changed(db, [account_id])
    with store.read_session() as db:
        assert db.get_one(ComparisonRow, comparison_id).used_at > LONG_AGO


def test_what_was_gained_before_any_chart_looks_back_goes_and_the_rest_stays(store: Store) -> None:
    [account_id] = add_accounts(store, "nasa")
    for days, count in ((60, 1), (50, 2), (9, 5), (6, 8), (1, 9)):
        at = NOON - timedelta(days=days)
        post = Post("1", NOON - timedelta(days=90), Counts(reposts=count))
        with store.write_session() as db:
            accounts.save_fetch_results(db, [FetchResult(account_id, at, (post,), complete=True)])
    purge(store, NOON)
    with store.read_session() as db:
        remaining = db.scalars(select(Gain.end_at).distinct().order_by(Gain.end_at))
        assert list(remaining) == [NOON - timedelta(days=days) for days in (6, 1)]


def test_the_room_of_what_was_deleted_is_given_back(tmp_path: Path) -> None:
    path = tmp_path / "tallybird.db"
    store = Store(f"sqlite:///{path}")
    migrate(store)
    with store.write_session() as db:
        db.execute(
            sql(
                "CREATE TABLE gone AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 20000) "
                "SELECT i, hex(randomblob(40)) AS filling FROM n"
            )
        )
        db.execute(sql("DROP TABLE gone"))
    store.close()
    full = path.stat().st_size
    purge(store, NOON)
    store.close()
    assert path.stat().st_size < full / 2


def test_an_account_keeps_as_many_posts_as_a_chart_can_ask_for(store: Store) -> None:
    ids = add_accounts(store, "nasa", "esa")
    for account_id, count in zip(ids, (MOST_POSTS + 7, 5), strict=True):
        with store.write_session() as db:
            accounts.save_fetch_results(db, [fetch_result(account_id, *range(count))])
    purge(store, NOON)
    with store.read_session() as db:
        counts = dict(db.execute(select(PostRow.account_id, func.count()).group_by(PostRow.account_id)).all())
        newest = db.scalar(select(func.max(PostRow.created_at)).where(PostRow.account_id == ids[0]))
    assert counts == {ids[0]: MOST_POSTS, ids[1]: 5}
    assert newest == NOON


def test_notices_of_long_ago_go_and_later_ones_stay(store: Store) -> None:
    with store.write_session() as db:
        notices.publish(db, "old", lazy_gettext("text"), LONG_AGO)
        notices.publish(db, "new", lazy_gettext("text"), NOON)
        notices.mark_sent(db, 1, 5)
    purge(store, NOON)
    with store.read_session() as db:
        assert list(db.scalars(select(Notice.key))) == ["new"]


def test_what_is_set_aside_and_unused_before_the_purge_was_there_counts_from_the_migration(address: str) -> None:
    store = Store(address)
    migrate(store, "0003")
    with store.write_session() as db:
        db.execute(sql("INSERT INTO chats (id, added_at, set_aside) VALUES (1, '2020-01-01 00:00:00', 'blocked')"))
        db.execute(
            sql(
                "INSERT INTO comparisons (id, key, metric, view, count, theme, wanted, drawn)"
                " VALUES (5, 'any', 'likes', 'posts', 50, 'dark', 0, 0)"
            )
        )
    migrate(store)
    with store.read_session() as db:
        since = [db.get_one(Chat, 1).inactive_since, db.get_one(ComparisonRow, 5).used_at]
    assert [moment for moment in since if moment and abs(datetime.now(UTC) - moment) < timedelta(days=1)] == since
    store.close()
