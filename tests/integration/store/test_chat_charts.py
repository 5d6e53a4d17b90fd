"""What people may do to the charts of their chat, and what that leaves in the store."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.records import ChartSpec, Comparison, Handle, Language, Metric, Mode, Theme, View
from pipeline.store import Store, chat_charts, chats, comparisons, subscriptions
from pipeline.store.chat_charts import MAX_SUBSCRIPTIONS, MESSAGE_TIMEOUT, Destination, Scope
from pipeline.store.rules import (
    AlreadySubscribedError,
    NoSubscriptionError,
    TooManySubscriptionsError,
    UnknownChartError,
)
from pipeline.store.tables import Subscription
from pipeline.store.timing import LIVE, Timing
from tests.integration.store.conftest import NOON, add_accounts

HERE, IN_MESSAGE = Destination(1, 42), Destination(1, 42, message_id=77)


def subscribe(db: Session, comparison: Comparison, timing: Timing = LIVE) -> int:
    return chat_charts.subscribe(db, HERE, comparison, timing=timing, all_tracked=False, now=NOON).subscription_id


def restyle(db: Session, chat_id: int = 1, **choice: Any) -> list[int]:
    return chat_charts.restyle(db, chat_id, initial_language=Language.ENGLISH, now=NOON, **choice)


def everything(db: Session) -> list[Subscription]:
    return list(db.scalars(select(Subscription).order_by(Subscription.id)))


def test_a_single_chart_waits_for_its_message_for_a_while_and_is_no_subscription(store: Store) -> None:
    ids = add_accounts(store, "nasa")
    with store.write_session() as db:
        requested = chat_charts.request_once(db, HERE, Comparison(tuple(ids)), NOON)
        [subscription] = everything(db)
        assert (subscription.id, subscription.comparison_id, subscription.next_at) == requested
        assert (subscription.mode, subscription.thread_id, subscription.message_id) == (Mode.ONCE, 42, None)
        assert (subscription.requested_at, subscription.next_at) == (NOON, NOON + MESSAGE_TIMEOUT)
        assert subscriptions.list_of_chat(db, 1) == []


def test_a_subscription_is_live_or_comes_at_an_interval(store: Store) -> None:
    ids = add_accounts(store, "nasa")
    with store.write_session() as db:
        subscribe(db, Comparison(tuple(ids)))
        subscribe(db, Comparison(tuple(ids)), Timing(timedelta(hours=1)))
        live, new = subscriptions.list_of_chat(db, 1)
        assert (live.mode, live.interval_s, live.next_at) == (Mode.LIVE, None, NOON + MESSAGE_TIMEOUT)
        assert (new.mode, new.interval_s) == (Mode.NEW, 3600)
        assert new.next_at < NOON


def test_an_equal_subscription_and_one_too_many_are_refused(store: Store) -> None:
    [account] = add_accounts(store, "nasa")
    many = [Comparison((account,), ChartSpec(count=5 + number)) for number in range(MAX_SUBSCRIPTIONS + 1)]
    with store.write_session() as db:
        for comparison in many[:-1]:
            subscribe(db, comparison)
        with pytest.raises(AlreadySubscribedError):
            subscribe(db, many[0])
        with pytest.raises(TooManySubscriptionsError):
            subscribe(db, many[-1])
        with pytest.raises(AlreadySubscribedError):
            chat_charts.keep_live(db, IN_MESSAGE, many[0], NOON)
        with pytest.raises(TooManySubscriptionsError):
            chat_charts.keep_live(db, IN_MESSAGE, many[-1], NOON)
        assert len(everything(db)) == MAX_SUBSCRIPTIONS


def test_those_subscriptions_end_that_show_all_the_handles(store: Store) -> None:
    nasa, esa = add_accounts(store, "nasa", "esa")
    with store.write_session() as db:
        both, one = Comparison((nasa, esa)), Comparison((esa,))
        subscribe(db, both)
        subscribe(db, one)
        with pytest.raises(NoSubscriptionError):
            chat_charts.unsubscribe(db, Scope(1, handles=(Handle("x", "jaxa"),)))
        [ended] = chat_charts.unsubscribe(db, Scope(1, handles=(Handle("x", "NASA"),)))
        assert (ended.comparison, [account.handle for account in ended.accounts]) == (both, ["nasa", "esa"])
        assert [each.comparison for each in chat_charts.unsubscribe(db, Scope(1))] == [one]
        with pytest.raises(NoSubscriptionError):
            chat_charts.unsubscribe(db, Scope(1))


def test_a_message_is_switched_to_another_view_and_stays_live(store: Store) -> None:
    ids = tuple(add_accounts(store, "nasa"))
    posts = Comparison(ids, ChartSpec(view=View.POSTS))
    with store.write_session() as db:
        live = subscribe(db, Comparison(ids))
        subscriptions.set_message(db, live, 77, NOON)
        assert chat_charts.mode_in_message(db, 1, 77, 0) is Mode.LIVE
        later = NOON + timedelta(minutes=5)
        [redrawn] = chat_charts.show_in_message(db, IN_MESSAGE, posts, later)
        [subscription] = subscriptions.list_of_chat(db, 1)
        assert (subscription.id, subscription.comparison_id, subscription.mode) == (live, redrawn, Mode.LIVE)
        assert subscription.requested_at == subscription.next_at == later
        assert chat_charts.comparison_of(db, subscription) == posts


def test_new_messages_are_stopped_under_any_message_that_shows_the_same_and_under_no_other(store: Store) -> None:
    ids = tuple(add_accounts(store, "nasa"))
    with store.write_session() as db:
        subscribe(db, Comparison(ids, ChartSpec(Metric.LIKES)), Timing(timedelta(hours=1)))
        kept = subscribe(db, Comparison(ids), Timing(timedelta(hours=2)))
        shown, other = [each.comparison_id for each in subscriptions.list_of_chat(db, 1)]
        assert chat_charts.mode_in_message(db, 1, 5, shown) is Mode.NEW
        chat_charts.stop_updates(db, 1, 5, shown)
        assert [each.id for each in subscriptions.list_of_chat(db, 1)] == [kept]
        assert chat_charts.mode_in_message(db, 1, 5, shown) is Mode.ONCE
        with pytest.raises(UnknownChartError):
            chat_charts.stop_updates(db, 1, 5, shown)
        chat_charts.show_in_message(db, IN_MESSAGE, Comparison(ids), NOON)
        with pytest.raises(UnknownChartError):
            chat_charts.stop_updates(db, 1, 77, other)  # the message is about to show a single chart


@pytest.mark.parametrize("by", ["button", "reply"])
def test_a_chart_that_came_before_the_chats_look_or_accounts_changed_still_ends_its_subscription(
    store: Store, by: str
) -> None:
    nasa, esa = add_accounts(store, "nasa", "esa")
    with store.write_session() as db:
        chats.untrack(db, 1, [esa])
        hourly, all_of_them = Timing(timedelta(hours=1)), Comparison((nasa,))
        former = chat_charts.subscribe(db, HERE, all_of_them, timing=hourly, all_tracked=True, now=NOON).comparison_id
        kept = subscribe(db, Comparison((nasa,), ChartSpec(Metric.LIKES)), Timing(timedelta(hours=1)))
        restyle(db, theme=Theme.DARK, time_zone="Europe/Madrid")
        chats.track(db, 1, [esa], NOON)
        chat_charts.follow_tracked(db, 1)
        assert former not in {each.comparison_id for each in subscriptions.list_of_chat(db, 1)}
        with pytest.raises(NoSubscriptionError):  # a single chart of the same is not one of its messages
            chat_charts.unsubscribe(db, Scope(1, message_id=5, comparison_id=former))
        if by == "button":
            chat_charts.stop_updates(db, 1, 5, former)
        else:
            chat_charts.unsubscribe(db, Scope(1, message_id=5, comparison_id=former, is_sent_by_itself=True))
        assert [each.id for each in subscriptions.list_of_chat(db, 1)] == [kept]


def test_an_open_menu_holds_a_live_chart_but_not_one_that_somebody_waits_for(store: Store) -> None:
    ids = tuple(add_accounts(store, "nasa"))
    soon, later = NOON + timedelta(seconds=5), NOON + timedelta(hours=2)
    with store.write_session() as db:
        chat_charts.keep_live(db, IN_MESSAGE, Comparison(ids), NOON)
        [live] = subscriptions.list_of_chat(db, 1)
        chat_charts.hold(db, 1, 77, soon)
        assert live.next_at < NOON
        live.requested_at = None
        chat_charts.hold(db, 1, 77, soon)
        assert live.next_at == soon
        live.next_at = later
        chat_charts.hold(db, 1, 77, soon)
        assert live.next_at == later


def test_a_single_chart_has_an_owner_until_it_is_kept_fresh_for_all(store: Store) -> None:
    ids = tuple(add_accounts(store, "nasa"))
    theirs = replace(IN_MESSAGE, owner_id=7)
    with store.write_session() as db:
        chat_charts.show_in_message(db, theirs, Comparison(ids), NOON)
        [single] = everything(db)
        assert single.owner_id == 7
        chat_charts.keep_live(db, IN_MESSAGE, Comparison(ids), NOON)
        assert single.owner_id is None
        subscribed = chat_charts.subscribe(
            db, theirs, Comparison(ids, ChartSpec(Metric.LIKES)), timing=LIVE, all_tracked=False, now=NOON
        )
        assert db.get_one(Subscription, subscribed.subscription_id).owner_id is None


def test_a_chosen_number_of_posts_stays_although_more_were_asked_for_before(store: Store) -> None:
    ids = tuple(add_accounts(store, "nasa"))
    with store.write_session() as db:
        chat_charts.keep_live(db, IN_MESSAGE, Comparison(ids, ChartSpec(count=200)), NOON)
        comparisons.cap_counts(db, 100)
        chat_charts.show_in_message(db, IN_MESSAGE, Comparison(ids, ChartSpec(count=20)), NOON)
        comparisons.cap_counts(db, 200)
        [live] = subscriptions.list_of_chat(db, 1)
        assert chat_charts.comparison_of(db, live).spec.count == 20


def test_a_single_chart_in_a_message_is_kept_live_and_stopped(store: Store) -> None:
    ids = tuple(add_accounts(store, "nasa"))
    with store.write_session() as db:
        chat_charts.show_in_message(db, IN_MESSAGE, Comparison(ids), NOON)
        assert chat_charts.mode_in_message(db, 1, 77, 0) is Mode.ONCE
        with pytest.raises(UnknownChartError):
            chat_charts.stop_updates(db, 1, 77, 0)
        chat_charts.keep_live(db, IN_MESSAGE, Comparison(ids), NOON)
        assert [each.message_id for each in subscriptions.list_of_chat(db, 1)] == [77]
        chat_charts.stop_updates(db, 1, 77, 0)
        assert subscriptions.list_of_chat(db, 1) == []
        [subscription] = everything(db)
        assert (subscription.mode, subscription.delivered_digest) == (Mode.ONCE, None)


def test_a_message_without_a_subscription_is_kept_live_by_a_new_one(store: Store) -> None:
    ids = tuple(add_accounts(store, "nasa"))
    with store.write_session() as db:
        [redrawn] = chat_charts.keep_live(db, IN_MESSAGE, Comparison(ids), NOON)
        [subscription] = subscriptions.list_of_chat(db, 1)
        assert (subscription.message_id, subscription.comparison_id) == (77, redrawn)


def test_a_message_shows_what_its_subscription_says_and_else_what_its_buttons_name(store: Store) -> None:
    nasa, esa = add_accounts(store, "nasa", "esa")
    with store.write_session() as db:
        named = comparisons.get_or_create(db, Comparison((nasa,), ChartSpec(count=100))).id
        shown = chat_charts.comparison_in_message(db, 1, 77, comparison_id=named, max_posts=50)
        assert shown == Comparison((nasa,), ChartSpec(count=50))
        chat_charts.show_in_message(db, IN_MESSAGE, Comparison((esa,), ChartSpec(count=20)), NOON)
        shown = chat_charts.comparison_in_message(db, 1, 77, comparison_id=named, max_posts=50)
        assert shown == Comparison((esa,), ChartSpec(count=20))


def test_a_chat_has_no_comparison_of_accounts_that_it_does_not_track(store: Store) -> None:
    [nasa] = add_accounts(store, "nasa")
    [other] = add_accounts(store, "esa", chat_id=2)
    with store.write_session() as db:
        ids = [comparisons.get_or_create(db, Comparison(each)).id for each in ((nasa,), (other,), (nasa, other))]
        assert chat_charts.own_comparison(db, 1, ids[0]) == Comparison((nasa,))
        for comparison_id in (*ids[1:], max(ids) + 1):
            with pytest.raises(UnknownChartError):
                chat_charts.own_comparison(db, 1, comparison_id)
            with pytest.raises(UnknownChartError):
                chat_charts.comparison_in_message(db, 1, 77, comparison_id=comparison_id, max_posts=100)


def test_a_theme_and_a_language_are_taken_on_by_the_charts_that_are_kept_fresh(store: Store) -> None:
    ids = tuple(add_accounts(store, "nasa"))
    likes = Comparison(ids, ChartSpec(metric=Metric.LIKES))
    with store.write_session() as db:
        subscribe(db, likes)
        [redrawn] = restyle(db, theme=Theme.DARK)
        [subscription] = subscriptions.list_of_chat(db, 1)
        dark = replace(likes, spec=replace(likes.spec, theme=Theme.DARK))
        assert (subscription.comparison_id, chat_charts.comparison_of(db, subscription)) == (redrawn, dark)
        assert restyle(db, theme=Theme.DARK) == []
        restyle(db, language=Language.SPANISH)
        [subscription] = subscriptions.list_of_chat(db, 1)
        assert chat_charts.comparison_of(db, subscription).spec.language is Language.SPANISH
        assert chats.default_spec(db, 1) == ChartSpec(theme=Theme.DARK, language=Language.SPANISH)


def test_a_chat_that_is_not_stored_yet_may_choose_its_theme(store: Store) -> None:
    with store.write_session() as db:
        assert restyle(db, 5, theme=Theme.DARK) == []
        assert chats.default_spec(db, 5) == ChartSpec(theme=Theme.DARK)


def test_a_chat_that_is_new_with_its_settings_has_the_initial_language_until_it_chooses_another(store: Store) -> None:
    with store.write_session() as db:
        chat_charts.restyle(db, 6, theme=Theme.DARK, initial_language=Language.SPANISH, now=NOON)
        assert chats.default_spec(db, 6).language is Language.SPANISH
        restyle(db, 6, language=Language.ENGLISH)
        assert chats.default_spec(db, 6).language is Language.ENGLISH
