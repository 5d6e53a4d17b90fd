from dataclasses import replace
from datetime import timedelta

from sqlalchemy import func, select

from pipeline.i18n import lazy_gettext
from pipeline.records import Counts, FetchResult, Profile, State
from pipeline.records import Post as PostRecord
from pipeline.store import Store, accounts
from pipeline.store import posts as stored_posts
from pipeline.store.tables import Account, Gain, Post
from tests.conftest import NETWORK
from tests.integration.store.conftest import NOON, add_accounts, fetch_result

FAILED = lazy_gettext("X is not working right now (error {status})", status=503)


def save(store: Store, *readings: FetchResult) -> set[int]:
    with store.write_session() as db:
        return accounts.save_fetch_results(db, readings)


def count_intervals(store: Store) -> int:
    with store.read_session() as db:
        return db.scalar(select(func.count()).select_from(Gain)) or 0


def stored_reposts(store: Store, account_id: int) -> list[int | None]:
    with store.read_session() as db:
        return [post.counts.reposts for post in stored_posts.list_newest(db, [account_id], 100)[account_id]]


def test_equal_readings_change_nothing_and_keep_no_history(store: Store) -> None:
    [account_id] = add_accounts(store, "nasa")
    assert save(store, fetch_result(account_id, 3, 5)) == {account_id}
    assert count_intervals(store) == 1
    assert save(store, fetch_result(account_id, 3, 5)) == set()
    assert count_intervals(store) == 1
    assert save(store, fetch_result(account_id, 3, 6, at=NOON + timedelta(seconds=10))) == {account_id}
    assert (count_intervals(store), stored_reposts(store, account_id)) == (2, [3, 6])


def test_a_look_up_tells_what_one_should_know_of_an_account(store: Store) -> None:
    note = lazy_gettext("moved to @{handle}", handle="ada@new.example")
    with store.write_session() as db:
        accounts.save_profiles(db, [Profile("ada", State.ACTIVE, "1", note=note)], NETWORK, NOON)
    with store.read_session() as db:
        assert accounts.find_by_remote_ids(db, ["1"], NETWORK)[0].note == note


def test_an_account_without_a_handle_keeps_its_last_one_and_its_followers_are_told(store: Store) -> None:
    told = Profile("ada.example", State.ACTIVE, "did:plc:1", followers=5)
    nameless = replace(told, handle="did:plc:1")
    for profile, at in ((told, NOON), (nameless, NOON + timedelta(hours=2))):
        with store.write_session() as db:
            accounts.save_profiles(db, [profile], NETWORK, at)
    with store.write_session() as db:
        accounts.update_handles(db, [replace(nameless, followers=6)], NETWORK, NOON + timedelta(hours=4))
        [account] = accounts.find_by_remote_ids(db, ["did:plc:1"], NETWORK)
        assert (account.handle, account.followers) == ("ada.example", 6)


def test_a_post_that_is_gone_from_the_timeline_is_gone_from_the_chart(store: Store) -> None:
    [account_id] = add_accounts(store, "nasa")
    save(store, fetch_result(account_id, 3, 5, 8))
    kept = fetch_result(account_id, 3, 5, 8).posts or ()
    assert save(store, FetchResult(account_id, NOON, (kept[0], kept[2]))) == {account_id}
    assert stored_reposts(store, account_id) == [3, 8]


def test_posts_older_than_an_unfinished_reading_stay(store: Store) -> None:
    [account_id] = add_accounts(store, "nasa")
    save(store, fetch_result(account_id, 3, 5, 8))
    newest = (fetch_result(account_id, 3, 5, 8).posts or ())[:1]
    assert save(store, FetchResult(account_id, NOON, newest)) == set()
    assert stored_reposts(store, account_id) == [3, 5, 8]


def mark_stale(store: Store, before: timedelta) -> set[int]:
    with store.write_session() as db:
        late = accounts.list_read_before(db, NETWORK, NOON + before)
        return accounts.mark_stale(db, [account_id for account_id, *_ in late])


def test_what_was_not_read_for_a_while_is_stale_until_it_is_read_again(store: Store) -> None:
    [account_id, _never_read] = add_accounts(store, "nasa", "esa")
    save(store, fetch_result(account_id, 3))
    assert mark_stale(store, timedelta(0)) == set()
    assert mark_stale(store, timedelta(seconds=1)) == {account_id}
    assert mark_stale(store, timedelta(seconds=2)) == set(), "charts say so already"
    assert save(store, FetchResult(account_id, NOON + timedelta(minutes=5), problem=FAILED)) == set()
    with store.read_session() as db:
        account = db.get_one(Account, account_id)
        assert (account.stale, account.state, account.problem) == (True, State.ACTIVE, FAILED)
    assert stored_reposts(store, account_id) == [3]
    assert save(store, fetch_result(account_id, 3, at=NOON + timedelta(minutes=7))) == {account_id}


def test_how_many_requests_each_takes_is_known_of_those_that_were_read(store: Store) -> None:
    ids = add_accounts(store, "one", "nine", "never")
    for account_id, requests in zip(ids, (1, 9), strict=False):
        save(store, replace(fetch_result(account_id, 3), requests=requests))
    with store.read_session() as db:
        counts = accounts.count_by_requests(db, NETWORK, by_server=False)
        assert {requests: active for _, requests, active in counts} == {1: 1, 9: 1, None: 1}
        late = accounts.list_read_before(db, NETWORK, NOON + timedelta(seconds=1))
    assert late == [(ids[0], "id-one", 1, NOON), (ids[1], "id-nine", 9, NOON)]


def test_an_unfinished_reading_that_found_nothing_deletes_nothing(store: Store) -> None:
    [account_id] = add_accounts(store, "nasa")
    save(store, fetch_result(account_id, 3, 5))
    assert save(store, FetchResult(account_id, NOON + timedelta(seconds=10), ())) == set()
    assert stored_reposts(store, account_id) == [3, 5]


def test_what_a_partial_reading_lacks_stays_and_counts_that_are_not_told_stay(store: Store) -> None:
    [account_id] = add_accounts(store, "nasa")
    save(store, fetch_result(account_id, 3, 5, 8))
    newest, _, oldest = fetch_result(account_id, 3, 5, 8).posts or ()
    partial = (newest._replace(counts=Counts()), oldest._replace(counts=Counts(reposts=9)))
    assert save(store, FetchResult(account_id, NOON + timedelta(seconds=10), partial, partial=True)) == {account_id}
    assert stored_reposts(store, account_id) == [3, 5, 9]


def test_a_post_that_x_dates_otherwise_than_before_costs_nobody_the_tick(store: Store) -> None:
    [nasa, esa] = add_accounts(store, "nasa", "esa")
    save(store, fetch_result(nasa, 3))
    later = NOON + timedelta(seconds=10)
    moved = [post._replace(created_at=later) for post in fetch_result(nasa, 3).posts or ()]
    assert esa in save(store, FetchResult(nasa, later, tuple(moved), partial=True), fetch_result(esa, 5, at=later))
    assert (stored_reposts(store, nasa), stored_reposts(store, esa)) == ([3], [5])


def test_a_renamed_account_is_followed_by_its_id(store: Store) -> None:
    [nasa, _esa] = add_accounts(store, "nasa", "esa")
    profiles = [Profile("space", State.ACTIVE, "id-nasa"), Profile("esa", State.ACTIVE, "id-esa")]
    tomorrow = NOON + timedelta(days=1)
    for at, renamed in ((NOON, {nasa}), (tomorrow, set()), (tomorrow, set())):
        with store.write_session() as db:
            assert accounts.update_handles(db, profiles, NETWORK, at) == renamed
    with store.read_session() as db:
        assert [account.handle for account in accounts.list_tracked(db)] == ["space", "esa"]
        assert {account.profiled_on for account in accounts.list_tracked(db)} == {tomorrow.date()}


def test_an_account_that_x_shows_again_is_read_again_soon(store: Store) -> None:
    [account_id] = add_accounts(store, "nasa")
    save(store, FetchResult(account_id, NOON, state=State.SUSPENDED, problem=FAILED))
    with store.write_session() as db:
        accounts.mark_attempted(db, [account_id], NOON)
        accounts.update_handles(db, [Profile("nasa", State.ACTIVE, "id-nasa")], NETWORK, NOON)
        account = db.get_one(Account, account_id)
        assert (account.state, account.attempted_at) == (State.SUSPENDED, None), (
            "its timeline says when it is well again"
        )


def test_what_x_says_of_an_account_is_kept_through_other_failures(store: Store) -> None:
    [account_id] = add_accounts(store, "nasa")
    assert save(store, FetchResult(account_id, NOON, state=State.PROTECTED, problem=lazy_gettext("protected"))) == {
        account_id
    }
    assert save(store, FetchResult(account_id, NOON, problem=FAILED)) == set()
    with store.read_session() as db:
        assert db.get_one(Account, account_id).state is State.PROTECTED


def test_a_reading_that_comes_after_a_newer_one_changes_nothing(store: Store) -> None:
    [account_id] = add_accounts(store, "a")
    with store.write_session() as db:
        accounts.save_fetch_results(db, [fetch_result(account_id, 6, at=NOON + timedelta(seconds=10))])
        assert accounts.save_fetch_results(db, [fetch_result(account_id, 5)]) == set()
        assert (
            accounts.save_fetch_results(
                db, [FetchResult(account_id, NOON, problem=lazy_gettext("X did not answer in time"))]
            )
            == set()
        )
        [(account, *_)] = db.execute(select(Account)).all()
        assert account.problem is None
        assert [post.reposts for post in db.scalars(select(Post))] == [6]


def test_a_post_that_an_older_copy_of_the_timeline_lacks_is_deleted_only_once_copies_are_newer(store: Store) -> None:
    [account_id] = add_accounts(store, "a")
    old, new = PostRecord("old", NOON - timedelta(hours=1), Counts(1)), PostRecord("new", NOON, Counts(1))

    def read(seconds: int, *shown: PostRecord, complete: bool = True) -> list[str]:
        at = NOON + timedelta(seconds=seconds)
        sure_until = at - timedelta(minutes=1)
        save(store, FetchResult(account_id, at, shown, complete=complete, sure_until=sure_until))
        with store.read_session() as db:
            return sorted(db.scalars(select(Post.post_id)))

    assert read(10, new, old) == ["new", "old"]
    assert read(20, old) == ["new", "old"]
    assert read(30, old, complete=False) == ["new", "old"]
    assert read(40, new, old) == ["new", "old"]
    assert read(50, new) == ["new"], "what is older than copies is deleted at once"
    assert read(61, complete=True) == []


def save_profile(store: Store, handle: str, remote_id: str) -> set[int]:
    with store.write_session() as db:
        return accounts.save_profiles(db, [Profile(handle, State.ACTIVE, remote_id)], NETWORK, NOON)


def handles_by_id(store: Store) -> dict[str, str]:
    with store.read_session() as db:
        return {account.remote_id: account.handle for account in db.scalars(select(Account).order_by(Account.id))}


def test_a_handle_is_one_accounts_at_a_time_and_who_had_it_before_is_called_a_former_one(store: Store) -> None:
    [first] = add_accounts(store, "nasa")
    assert save_profile(store, "NASA", "2") == {first}
    assert save_profile(store, "nasa", "3") != {first}
    assert handles_by_id(store) == {"id-nasa": "nasa-old", "2": "NASA-old2", "3": "nasa"}
    assert save_profile(store, "nasa", "3") == set()
    with store.write_session() as db:
        accounts.update_handles(db, [Profile("space", State.ACTIVE, "id-nasa")], NETWORK, NOON)
    assert handles_by_id(store) == {"id-nasa": "space", "2": "NASA-old2", "3": "nasa"}


def test_two_accounts_swap_their_handles(store: Store) -> None:
    ids = add_accounts(store, "nasa", "esa")
    swapped = [Profile("esa", State.ACTIVE, "id-nasa"), Profile("nasa", State.ACTIVE, "id-esa")]
    with store.write_session() as db:
        assert accounts.update_handles(db, swapped, NETWORK, NOON) == set(ids)
    assert handles_by_id(store) == {"id-nasa": "esa", "id-esa": "nasa"}


def test_a_handle_that_changes_its_case_stays_its_accounts_own(store: Store) -> None:
    [account_id] = add_accounts(store, "nasa")
    assert save_profile(store, "NASA", "id-nasa") == {account_id}
    assert handles_by_id(store) == {"id-nasa": "NASA"}
