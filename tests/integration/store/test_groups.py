"""Groups of accounts: what they hold, and that subscriptions follow them."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from pipeline.records import Comparison
from pipeline.store import Store, chat_charts, chats, groups, subscriptions, tracking
from pipeline.store.chat_charts import Destination, Scope
from pipeline.store.groups import MAX_GROUPS
from pipeline.store.rules import NoGroupError, TooManyGroupsError
from pipeline.store.timing import LIVE, Timing
from tests.integration.store.conftest import NOON, add_accounts

CHAT = 1
HOUR = timedelta(hours=1)


def shown(db: Session, chat_id: int = CHAT) -> list[tuple[int, ...]]:
    """The accounts of each of the chat's subscriptions, oldest first."""
    return [chat_charts.comparison_of(db, each).accounts for each in subscriptions.list_of_chat(db, chat_id)]


def subscribe(db: Session, account_ids: list[int], *names: str, timing: Timing = LIVE) -> None:
    chosen = Comparison(tuple(sorted(account_ids)))
    here = Destination(CHAT, None)
    chat_charts.subscribe(db, here, chosen, timing=timing, all_tracked=False, group_names=names, now=NOON)


def test_a_subscription_to_groups_follows_each_of_them_and_one_to_the_same_accounts_does_not(store: Store) -> None:
    nasa, esa, jaxa, isro = add_accounts(store, "nasa", "esa", "jaxa", "isro")
    with store.write_session() as db:
        tracking.put_in_group(db, CHAT, "team", [nasa, esa])
        tracking.put_in_group(db, CHAT, "rivals", [esa, jaxa])
        subscribe(db, [nasa, esa, jaxa], "team", "rivals")
        subscribe(db, [nasa, esa, jaxa], timing=Timing(HOUR))
    with store.write_session() as db:
        [redrawn] = tracking.put_in_group(db, CHAT, "team", [isro])
        [following, fixed] = subscriptions.list_of_chat(db, CHAT)
        assert (following.comparison_id, fixed.comparison_id) == (redrawn, fixed.comparison_id)
        assert shown(db) == [(nasa, esa, jaxa, isro), (nasa, esa, jaxa)]
    with store.write_session() as db:
        tracking.take_from_group(db, CHAT, "team", [esa, isro])  # esa is among the rivals too
        assert shown(db) == [(nasa, esa, jaxa), (nasa, esa, jaxa)]
        assert groups.list_ids(db, CHAT) == {"team": [nasa], "rivals": [esa, jaxa]}


def test_a_subscription_follows_its_group_also_when_it_comes_at_other_times(store: Store) -> None:
    nasa, esa = add_accounts(store, "nasa", "esa")
    with store.write_session() as db:
        tracking.put_in_group(db, CHAT, "team", [nasa])
        subscribe(db, [nasa], "team", timing=Timing(HOUR))
        chat_charts.change_timing(db, Scope(CHAT), Timing(2 * HOUR), NOON)
        tracking.put_in_group(db, CHAT, "team", [esa])
        assert shown(db) == [(nasa, esa)]


def test_an_account_that_is_untracked_leaves_its_groups_and_the_last_one_ends_group_and_subscription(
    store: Store,
) -> None:
    nasa, esa = add_accounts(store, "nasa", "esa")
    with store.write_session() as db:
        tracking.put_in_group(db, CHAT, "team", [nasa, esa])
        subscribe(db, [nasa, esa], "team")
        subscribe(db, [nasa, esa], timing=Timing(HOUR))
    with store.write_session() as db:
        assert tracking.untrack(db, CHAT, [esa]).ended == 1, "the one to chosen accounts"
        assert shown(db) == [(nasa,)]
    with store.write_session() as db:
        assert tracking.untrack(db, CHAT, [nasa]).ended == 1
        assert groups.list_of_chat(db, CHAT) == {}
        assert shown(db) == []


def test_an_ended_group_leaves_charts_as_they_are_and_a_later_one_of_its_name_does_not_change_them(
    store: Store,
) -> None:
    nasa, esa, jaxa = add_accounts(store, "nasa", "esa", "jaxa")
    with store.write_session() as db:
        tracking.put_in_group(db, CHAT, "team", [nasa, esa])
        subscribe(db, [nasa, esa], "team")
    with store.write_session() as db:
        assert tracking.end_group(db, CHAT, "team") == ["esa", "nasa"]
        assert {account.id for account in chats.list_tracked_accounts(db, CHAT)} == {nasa, esa, jaxa}
        tracking.put_in_group(db, CHAT, "team", [jaxa])
        assert shown(db) == [(nasa, esa)]
        with pytest.raises(NoGroupError):
            tracking.end_group(db, CHAT, "rivals")


def test_a_chat_has_no_more_groups_than_one_may_and_each_chat_has_its_own(store: Store) -> None:
    [nasa] = add_accounts(store, "nasa")
    add_accounts(store, "nasa", chat_id=2)
    with store.write_session() as db:
        for number in range(MAX_GROUPS):
            tracking.put_in_group(db, CHAT, f"group{number}", [nasa])
        tracking.put_in_group(db, CHAT, "group0", [nasa])
        with pytest.raises(TooManyGroupsError):
            tracking.put_in_group(db, CHAT, "another", [nasa])
        tracking.put_in_group(db, 2, "another", [nasa])
        assert len(groups.list_of_chat(db, CHAT)) == MAX_GROUPS


def test_groups_move_with_their_chat_and_are_forgotten_with_it(store: Store) -> None:
    nasa, esa = add_accounts(store, "nasa", "esa")
    with store.write_session() as db:
        tracking.put_in_group(db, CHAT, "team", [nasa])
        subscribe(db, [nasa], "team")
        chats.migrate(db, CHAT, -100, NOON)
    with store.write_session() as db:
        tracking.put_in_group(db, -100, "team", [esa])
        assert (groups.list_of_chat(db, CHAT), shown(db, -100)) == ({}, [(nasa, esa)])
        chats.delete_chat(db, -100)
        assert groups.list_of_chat(db, -100) == {}
