"""Posts of an account that are fetched apart from each other, as on a network with a price."""

from datetime import datetime, timedelta

from sqlalchemy import select, update

from pipeline.records import Counts, Metric, Post
from pipeline.store import Store, chats, day_plans, posts
from pipeline.store.posts import FetchedApart
from pipeline.store.tables import Account
from pipeline.store.tables import Post as PostRow
from tests.conftest import NETWORK
from tests.integration.store.conftest import NOON, add_accounts

SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)


def post(number: int, reposts: int | None, **counts: int | None) -> Post:
    """A post made so many hours before noon."""
    return Post(str(1000 - number), NOON - timedelta(hours=number), Counts(reposts=reposts, **counts))


def save(store: Store, *fetches: FetchedApart) -> set[int]:
    with store.write_session() as db:
        return posts.save_apart(db, fetches)


def stored(store: Store, account_id: int) -> list[tuple[str, int | None, datetime | None]]:
    with store.read_session() as db:
        newest = posts.list_newest(db, [account_id], 100)[account_id]
    return [(each.id, each.counts.reposts, each.read_at) for each in newest]


def test_each_post_has_the_time_at_which_it_was_read_and_the_others_stay(store: Store) -> None:
    nasa, esa = add_accounts(store, "nasa", "esa")
    assert save(store, FetchedApart(nasa, NOON, [post(1, 5), post(2, 7)]), FetchedApart(esa, NOON, [post(3, 2)])) == {
        nasa,
        esa,
    }
    later = NOON + MINUTE
    fetches = FetchedApart(nasa, later, [post(1, 6)]), FetchedApart(esa, later, [post(3, 2)])
    assert save(store, *fetches) == {nasa}, "a chart of the other shows nothing new"
    assert stored(store, nasa) == [("999", 6, later), ("998", 7, NOON)]
    assert stored(store, esa) == [("997", 2, later)]


def test_posts_of_one_id_on_two_accounts_are_two(store: Store) -> None:
    nasa, esa = add_accounts(store, "nasa", "esa")
    save(store, FetchedApart(nasa, NOON, [post(1, 5)]), FetchedApart(esa, NOON, [post(1, 7)]))
    assert save(store, FetchedApart(esa, NOON + MINUTE, [], [post(1, 7).id])) == {esa}
    assert (stored(store, nasa), stored(store, esa)) == ([("999", 5, NOON)], [])


def test_a_post_that_is_gone_goes_alone_and_one_that_was_not_stored_changes_nothing(store: Store) -> None:
    [nasa] = add_accounts(store, "nasa")
    save(store, FetchedApart(nasa, NOON, [post(1, 5), post(2, 7)]))
    assert save(store, FetchedApart(nasa, NOON + MINUTE, gone=["999"])) == {nasa}
    assert save(store, FetchedApart(nasa, NOON + MINUTE, gone=["999"])) == set()
    assert stored(store, nasa) == [("998", 7, NOON)]


def test_a_count_that_is_missing_keeps_its_value(store: Store) -> None:
    [nasa] = add_accounts(store, "nasa")
    save(store, FetchedApart(nasa, NOON, [post(1, 5, likes=3)]))
    assert save(store, FetchedApart(nasa, NOON + MINUTE, [post(1, None, likes=3)])) == set()
    assert save(store, FetchedApart(nasa, NOON + 2 * MINUTE, [post(1, None, likes=4)])) == {nasa}
    assert stored(store, nasa) == [("999", 5, NOON + 2 * MINUTE)]


def test_an_answer_that_comes_after_a_newer_one_changes_nothing(store: Store) -> None:
    [nasa] = add_accounts(store, "nasa")
    save(store, FetchedApart(nasa, NOON, [post(1, 5)]))
    assert save(store, FetchedApart(nasa, NOON - MINUTE, [post(1, 4)])) == set()
    assert stored(store, nasa) == [("999", 5, NOON)]


def test_several_answers_of_one_tick_about_an_account_are_stored_in_their_order(store: Store) -> None:
    [nasa] = add_accounts(store, "nasa")
    later, sooner = FetchedApart(nasa, NOON + SECOND, [post(1, 6)], ["998"]), FetchedApart(nasa, NOON, [post(1, 5)])
    assert save(store, later, sooner, FetchedApart(nasa, NOON, [post(2, 8)])) == {nasa}
    assert stored(store, nasa) == [("999", 6, NOON + SECOND)]


def test_a_chart_changes_too_when_a_post_is_not_an_old_reading_any_more(store: Store) -> None:
    [nasa] = add_accounts(store, "nasa")
    save(store, FetchedApart(nasa, NOON, [post(1, 5)]))
    assert save(store, FetchedApart(nasa, NOON + DAY, [post(1, 5)])) == set()
    assert save(store, FetchedApart(nasa, NOON + 4 * DAY, [post(1, 5)])) == {nasa}


def test_the_planner_has_the_newest_posts_of_the_tracked_accounts_alone(store: Store) -> None:
    nasa, esa = add_accounts(store, "nasa", "esa")
    [other] = add_accounts(store, "jaxa", chat_id=2)
    for account_id in (esa, nasa, other):
        save(store, FetchedApart(account_id, NOON, [post(2, 7, likes=1), post(3, 9, likes=2), post(1, 5)]))
    with store.write_session() as db:
        chats.deactivate(db, 2, "blocked", NOON)
        db.execute(update(PostRow).where(PostRow.post_id == "998").values(read_at=None))
        db.execute(update(Account).values(fetched_at=NOON))
    with store.read_session() as db:
        columns = day_plans.load_posts(db, NETWORK, Metric.LIKES, 2)
        assert day_plans.load_posts(db, "another", Metric.LIKES, 2).post_id == []
        assert db.scalar(select(PostRow.read_at).where(PostRow.post_id == "999", PostRow.account_id == nasa)) == NOON
    assert columns.account_id.tolist() == [nasa, nasa, esa, esa]
    assert columns.post_id == ["999", "998"] * 2
    noon = NOON.timestamp()
    assert columns.created_s.tolist() == [noon - 3600, noon - 7200] * 2
    assert columns.read_s.tolist() == [noon, 0] * 2
    assert columns.value.tolist() == [0, 1] * 2
