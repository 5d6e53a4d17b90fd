"""Schedules, pauses and pins of subscriptions: what is delivered when, and what a restart leaves of it."""

from datetime import time, timedelta

import pytest

from pipeline.records import Comparison, Mode
from pipeline.store import Store, chat_charts, comparisons, subscriptions
from pipeline.store.chat_charts import Destination, Scope
from pipeline.store.rules import AlreadySubscribedError, NoSubscriptionError, UnclearSubscriptionError
from pipeline.store.tables import Comparison as ComparisonRow
from pipeline.store.timing import LIVE, Schedule, Timing
from tests.integration.store.conftest import NOON, add_accounts
from tests.integration.store.test_subscriptions import deliver, list_deliveries, render

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
AT_ONE = Timing(schedule=Schedule((time(13),)))
ONE = NOON + HOUR


def subscribe(store: Store, accounts: list[int], timing: Timing, thread_id: int | None = None) -> int:
    with store.write_session() as db:
        requested = chat_charts.subscribe(
            db, Destination(1, thread_id), Comparison(tuple(accounts)), timing=timing, all_tracked=False, now=NOON
        )
        if timing == LIVE:
            subscriptions.set_message(db, requested.subscription_id, 77, NOON)
        return requested.subscription_id


def change(store: Store, accounts: list[int]) -> None:
    with store.write_session() as db:
        comparisons.mark_changed(db, accounts)


def test_a_scheduled_chart_comes_at_its_times_changed_or_not_and_once_each(store: Store) -> None:
    subscribe(store, add_accounts(store, "a"), AT_ONE)
    render(store, "chart 1")
    for at in (ONE, ONE + DAY, ONE + 2 * DAY):
        assert list_deliveries(store, at - timedelta(seconds=1)) == []
        [delivery] = list_deliveries(store, at)
        with store.write_session() as db:
            assert subscriptions.mark_sending(db, delivery, at)
            assert not subscriptions.mark_sending(db, delivery, at), "of two bots one sends it"
        assert list_deliveries(store, at + HOUR) == [], "also if the process ends here"
        if at > ONE:  # the first one is lost with its process
            deliver(store, delivery, at)
        assert list_deliveries(store, at + HOUR) == []


def test_a_scheduled_chart_that_telegram_refused_is_sent_again_and_the_next_one_comes_at_its_time(store: Store) -> None:
    subscribe(store, add_accounts(store, "a"), AT_ONE)
    render(store, "chart 1")
    [delivery] = list_deliveries(store, ONE)
    later = ONE + timedelta(minutes=1)
    with store.write_session() as db:
        subscriptions.mark_sending(db, delivery, ONE)
        subscriptions.unmark_sending(db, delivery, ONE)
        subscriptions.record_failure(db, delivery.subscription_id, later, "refused", ONE)
    assert list_deliveries(store, ONE) == []
    [again] = list_deliveries(store, later)
    deliver(store, again, later)
    assert list_deliveries(store, ONE + DAY - timedelta(seconds=1)) == []
    assert len(list_deliveries(store, ONE + DAY)) == 1


def test_a_missed_scheduled_chart_comes_late_once_and_not_shortly_before_the_next(store: Store) -> None:
    subscribe(store, add_accounts(store, "a"), AT_ONE)
    render(store, "chart 1")
    [delivery] = list_deliveries(store, ONE + 11 * HOUR)
    assert not delivery.is_too_late(ONE + 11 * HOUR)
    assert delivery.is_too_late(ONE + 13 * HOUR)
    with store.write_session() as db:
        subscriptions.skip(db, delivery, ONE + 13 * HOUR)
    assert list_deliveries(store, ONE + DAY - timedelta(seconds=1)) == []
    [delivery] = list_deliveries(store, ONE + DAY)
    assert not delivery.is_too_late(ONE + DAY)


def test_a_paused_subscription_gets_nothing_and_nothing_is_drawn_for_it(store: Store) -> None:
    ids = add_accounts(store, "a")
    live = subscribe(store, ids, LIVE)
    render(store, "chart 1")
    deliver(store, list_deliveries(store)[0])
    with store.write_session() as db:
        [paused] = chat_charts.pause(db, Scope(1))
        assert paused.timing == LIVE
        with pytest.raises(NoSubscriptionError):
            chat_charts.pause(db, Scope(1, subscription_id=live))
    change(store, ids)
    assert render(store, "chart 2") == []
    assert list_deliveries(store, NOON + DAY) == []
    with store.write_session() as db:
        _, [redrawn] = chat_charts.resume(db, Scope(1), NOON + DAY)
        with pytest.raises(NoSubscriptionError):
            chat_charts.resume(db, Scope(1), NOON)
    assert list_deliveries(store, NOON + DAY) == []
    assert render(store, "chart 3") == [redrawn]
    [delivery] = list_deliveries(store, NOON + DAY)
    assert (delivery.chart_digest, delivery.message_id) == ("chart 3", 77)


def test_what_somebody_asks_for_under_a_paused_chart_is_shown(store: Store) -> None:
    first, second = add_accounts(store, "a", "b")
    subscribe(store, [first], LIVE)
    render(store, "chart 1")
    deliver(store, list_deliveries(store)[0])
    with store.write_session() as db:
        chat_charts.pause(db, Scope(1))
        chat_charts.show_in_message(db, Destination(1, None, 77), Comparison((second,)), NOON)
    render(store, "chart 2")
    [delivery] = list_deliveries(store)
    deliver(store, delivery)
    change(store, [second])
    assert render(store, "chart 3") == []
    assert list_deliveries(store, NOON + DAY) == []


def test_a_resumed_schedule_goes_on_at_its_next_time(store: Store) -> None:
    subscribe(store, add_accounts(store, "a"), AT_ONE)
    render(store, "chart 1")
    with store.write_session() as db:
        chat_charts.pause(db, Scope(1))
    resumed_at = ONE + 3 * DAY + HOUR
    with store.write_session() as db:
        chat_charts.resume(db, Scope(1), resumed_at)
    render(store, "chart 1")
    assert list_deliveries(store, resumed_at) == []
    assert len(list_deliveries(store, ONE + 4 * DAY)) == 1


def test_a_live_chart_becomes_scheduled_and_its_message_a_single_chart(store: Store) -> None:
    ids = add_accounts(store, "a")
    live = subscribe(store, ids, LIVE)
    render(store, "chart 1")
    deliver(store, list_deliveries(store)[0])
    with store.write_session() as db:
        chat_charts.change_timing(db, Scope(1, subscription_id=live), AT_ONE, NOON)
        [scheduled] = subscriptions.list_of_chat(db, 1)
        assert (scheduled.mode, scheduled.timing, scheduled.next_at) == (Mode.NEW, AT_ONE, ONE)
    [last] = list_deliveries(store)
    assert (last.mode, last.message_id) == (Mode.ONCE, 77)
    deliver(store, last)
    render(store, "chart 1")
    assert [each.message_id for each in list_deliveries(store, ONE)] == [None]


def test_new_messages_become_a_live_one_that_is_sent_at_once(store: Store) -> None:
    scheduled = subscribe(store, add_accounts(store, "a"), AT_ONE)
    render(store, "chart 1")
    with store.write_session() as db:
        chat_charts.change_timing(db, Scope(1, subscription_id=scheduled), LIVE, NOON)
    render(store, "chart 1")
    [delivery] = list_deliveries(store)
    assert (delivery.mode, delivery.timing, delivery.message_id) == (Mode.LIVE, LIVE, None)


def test_a_chart_comes_once_at_an_interval_and_once_by_each_schedule(store: Store) -> None:
    ids = add_accounts(store, "a")
    friday = Timing(schedule=Schedule((time(18),), (4,)))
    for timing in (Timing(HOUR), AT_ONE, friday):
        subscribe(store, ids, timing)
    for timing in (Timing(2 * HOUR), AT_ONE):
        with pytest.raises(AlreadySubscribedError):
            subscribe(store, ids, timing)
    with store.write_session() as db:
        every_hour, *_ = subscriptions.list_of_chat(db, 1)
        with pytest.raises(AlreadySubscribedError):
            chat_charts.change_timing(db, Scope(1, subscription_id=every_hour.id), friday, NOON)
        chat_charts.change_timing(db, Scope(1, subscription_id=every_hour.id), Timing(2 * HOUR), NOON)
        assert [each.timing for each in subscriptions.list_of_chat(db, 1)] == [AT_ONE, friday, Timing(2 * HOUR)]


def test_which_subscriptions_a_message_and_a_topic_mean(store: Store) -> None:
    first, second = add_accounts(store, "a", "b")
    live = subscribe(store, [first], LIVE)
    new = subscribe(store, [second], Timing(HOUR), thread_id=9)
    with store.write_session() as db:
        comparison_id = db.get_one(ComparisonRow, comparisons.get_or_create(db, Comparison((second,))).id).id

        def meant(scope: Scope) -> list[int]:
            return [each.id for each in chat_charts.in_scope(db, scope)]

        assert meant(Scope(1)) == [live, new]
        assert meant(Scope(1, thread_id=9)) == [new]
        assert meant(Scope(1, message_id=77, comparison_id=comparison_id)) == [live]
        assert meant(Scope(1, message_id=500, comparison_id=comparison_id)) == [new]
        for scope in (Scope(2), Scope(1, 8), Scope(1, message_id=500), Scope(2, subscription_id=live)):
            with pytest.raises(NoSubscriptionError):
                meant(scope)


def test_one_live_chart_is_pinned_and_it_must_be_clear_which(store: Store) -> None:
    first, second = add_accounts(store, "a", "b")
    live = subscribe(store, [first], LIVE)
    subscribe(store, [first], Timing(HOUR))
    with store.write_session() as db:
        assert chat_charts.pin(db, Scope(1)) == (live, 77)
        subscriptions.set_pinned_message(db, live, 77)
        [unpinned] = chat_charts.unpin(db, Scope(1, subscription_id=live))
        assert unpinned.pinned_message_id == 77
        assert not subscriptions.list_of_chat(db, 1)[0].pinned
    subscribe(store, [second], LIVE)
    with store.write_session() as db, pytest.raises(UnclearSubscriptionError):
        chat_charts.pin(db, Scope(1))
