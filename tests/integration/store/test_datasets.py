from pipeline.records import ChartSpec, Comparison, Metric, Mode
from pipeline.store import Store, chats, comparisons, datasets, subscriptions
from pipeline.store.tables import Subscription
from tests.integration.store.conftest import NOON, add_accounts


def subscribe(store: Store, ids: list[int], mode: Mode, spec: ChartSpec) -> None:
    with store.write_session() as db:
        row = comparisons.get_or_create(db, Comparison(tuple(ids), spec))
        about = {"comparison_id": row.id, "min_version": 1, "next_at": NOON, "all_tracked": False}
        subscriptions.add(db, Subscription(chat_id=1, mode=mode, **about))


def test_what_chats_track_and_subscribe_to_is_wanted_and_nothing_else(store: Store) -> None:
    one, two, three = add_accounts(store, "a", "b", "c")
    add_accounts(store, "b", chat_id=2)
    subscribe(store, [one, two], Mode.LIVE, ChartSpec(count=50))
    subscribe(store, [two, one], Mode.NEW, ChartSpec(Metric.LIKES, count=50))
    subscribe(store, [one], Mode.ONCE, ChartSpec(count=20))
    with store.read_session() as db:
        assert datasets.list_needed(db, 100) == {f"100 {one},{two},{three}", f"100 {two}", f"50 {one},{two}"}
        everything = {
            f"{count} {ids}" for count in (20, 50, 100) for ids in (one, two, f"{one},{two}", f"{one},{two},{three}")
        }
        assert {key for key in everything if datasets.is_needed(db, key, 100)} == datasets.list_needed(db, 100)
    with store.write_session() as db:
        for key in (f"100 {two}", f"20 {one}", f"100 {one}", datasets.DATA_DICTIONARY):
            datasets.save(db, key, f"/{key}.csv", "digest")
        assert datasets.list_unneeded(db, 100, datasets.list_portion(db, 0, 100)) == {f"20 {one}", f"100 {one}"}
        chats.delete_chat(db, 2)
        assert datasets.list_unneeded(db, 100, datasets.list_portion(db, 0, 100)) == {
            f"20 {one}",
            f"100 {one}",
            f"100 {two}",
        }


def test_a_key_says_what_is_in_the_file_in_whatever_order_it_was_asked_for() -> None:
    assert datasets.make_key(50, [12, 3]) == datasets.make_key(50, [3, 12])
    assert datasets.parse_key(datasets.make_key(50, [12, 3])) == (50, (3, 12))


def test_the_datasets_of_renamed_accounts_are_due(store: Store) -> None:
    with store.write_session() as db:
        for key in ("100 1,2", "50 2", "100 12", datasets.DATA_DICTIONARY):
            datasets.save(db, key, f"/{key}.csv", "digest")
        datasets.mark_due_of_accounts(db, {2})
        assert datasets.list_due(db, 100) == ["100 1,2", "50 2"]
        datasets.mark_due(db)
        assert len(datasets.list_due(db, 100)) == 4
