from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy import text as sql
from sqlalchemy.orm import Session

from pipeline.i18n import lazy_gettext
from pipeline.records import ChartSpec, Comparison, FetchResult, Language, Mode, QuietHours
from pipeline.store import Store, accounts, chat_charts, chats, comparisons, notices, subscriptions
from pipeline.store.subscriptions import ChartDelivery
from pipeline.store.tables import Comparison as ComparisonRow
from pipeline.store.tables import Subscription
from tests.integration.store.conftest import NOON, add_accounts, explain, fetch_result

LIMIT = 300
"""For how many deliveries charts are rendered at once."""


def subscribe(
    store: Store, ids: list[int], mode: Mode = Mode.LIVE, chat_id: int = 1, interval_s: int | None = None
) -> int:
    with store.write_session() as db:
        row = comparisons.get_or_create(db, Comparison(tuple(ids)))
        add_subscription(db, row, mode=mode, chat_id=chat_id, interval_s=interval_s)
        return row.id


def add_subscription(db: Session, row: ComparisonRow, **fields: Any) -> None:
    usual = {"chat_id": 1, "all_tracked": False, "mode": Mode.LIVE, "next_at": NOON}
    known = {"comparison_id": row.id, "min_version": comparisons.request_redraw(db, row)}
    subscriptions.add(db, Subscription(**usual | known | fields))


def render(store: Store, chart: str, now: datetime = NOON) -> list[int]:
    """Render all outdated charts, as the pipeline does; returns the ids of their comparisons."""
    with store.write_session() as db:
        claimed = comparisons.claim_next(db, now, LIMIT)
        for comparison_id, version in claimed:
            row = db.get_one(ComparisonRow, comparison_id)
            row.chart_digest, row.caption = chart, "caption"
            comparisons.mark_rendered(db, comparison_id, version)
    return [comparison_id for comparison_id, _ in claimed]


def list_deliveries(store: Store, now: datetime = NOON) -> list[ChartDelivery]:
    """The charts of all deliveries that are due."""
    with store.read_session() as db:
        found = [subscriptions.get_delivery(db, delivery, now) for delivery in subscriptions.list_due(db, now)]
    return [delivery for delivery in found if delivery is not None]


def deliver(store: Store, delivery: ChartDelivery, now: datetime = NOON) -> None:
    with store.write_session() as db:
        subscriptions.mark_delivered(db, delivery, 77, now)


def test_equal_comparisons_of_two_chats_are_one_and_drawn_once(store: Store) -> None:
    ids = add_accounts(store, "a", "b")
    add_accounts(store, "a", "b", chat_id=2)
    assert subscribe(store, ids) == subscribe(store, ids[::-1], chat_id=2)
    assert len(render(store, "chart 1")) == 1
    assert [delivery.chat_id for delivery in list_deliveries(store)] == [1, 2]


def test_a_chart_is_shown_once_and_again_only_when_it_changed(store: Store) -> None:
    ids = add_accounts(store, "a")
    subscribe(store, ids)
    assert list_deliveries(store) == []
    render(store, "chart 1")
    [delivery] = list_deliveries(store)
    deliver(store, delivery)
    assert list_deliveries(store) == []
    with store.write_session() as db:
        comparisons.mark_changed(db, ids)
    assert list_deliveries(store) == []
    render(store, "chart 2")
    [delivery] = list_deliveries(store)
    assert (delivery.chart_digest, delivery.message_id) == ("chart 2", 77)


def test_a_single_chart_waits_for_its_own_version_and_ends_when_shown(store: Store) -> None:
    ids = add_accounts(store, "a")
    subscribe(store, ids, Mode.ONCE)
    render(store, "chart 1")
    deliver(store, list_deliveries(store)[0])
    subscribe(store, ids, Mode.ONCE)
    assert list_deliveries(store) == []
    render(store, "chart 1")
    assert [delivery.chart_digest for delivery in list_deliveries(store)] == ["chart 1"]
    deliver(store, list_deliveries(store)[0])
    assert list_deliveries(store, NOON + timedelta(days=1)) == []


def test_a_new_message_comes_no_sooner_than_its_interval(store: Store) -> None:
    ids = add_accounts(store, "a")
    subscribe(store, ids, Mode.NEW, interval_s=3600)
    render(store, "chart 1")
    deliver(store, list_deliveries(store)[0])
    with store.write_session() as db:
        comparisons.mark_changed(db, ids)
    render(store, "chart 2")
    assert list_deliveries(store, NOON + timedelta(minutes=59)) == []
    assert len(list_deliveries(store, NOON + timedelta(minutes=60))) == 1


def test_two_workers_never_draw_the_same_chart_and_a_lost_one_comes_back(store: Store) -> None:
    subscribe(store, add_accounts(store, "a"))
    with store.write_session() as db:
        assert len(comparisons.claim_next(db, NOON, LIMIT)) == 1
        assert len(comparisons.claim_next(db, NOON, LIMIT)) == 0
        assert len(comparisons.claim_next(db, NOON + comparisons.CLAIM_DURATION + timedelta(seconds=1), LIMIT)) == 1


def test_nobody_watching_means_nothing_to_draw(store: Store) -> None:
    ids = add_accounts(store, "a")
    subscribe(store, ids)
    render(store, "chart 1")
    with store.write_session() as db:
        chats.deactivate(db, 1, "blocked", NOON)
        comparisons.mark_changed(db, ids)
    assert render(store, "chart 2") == []
    assert list_deliveries(store) == []


def test_a_migrated_group_keeps_everything_under_its_new_id(store: Store) -> None:
    ids = add_accounts(store, "a", chat_id=-5)
    subscribe(store, ids, chat_id=-5)
    render(store, "chart 1")
    with store.write_session() as db:
        chats.set_silent(db, -5, silent=True, language=Language.ENGLISH, now=NOON)
        chats.migrate(db, -5, -1005, NOON)
        assert [account.id for account in chats.list_tracked_accounts(db, -1005)] == ids
        assert (chats.exists(db, -5), chats.is_silent(db, -1005)) == (False, True)
    assert [delivery.chat_id for delivery in list_deliveries(store)] == [-1005]


def test_a_migrated_group_is_shown_its_live_chart_anew_and_told_nothing_twice(store: Store) -> None:
    ids = add_accounts(store, "a", chat_id=-5)
    subscribe(store, ids, chat_id=-5)
    subscribe(store, ids, Mode.NEW, chat_id=-5, interval_s=60)
    render(store, "chart 1")
    for delivery in list_deliveries(store):
        deliver(store, delivery)
    with store.write_session() as db:
        for key in ("told", "pending"):
            notices.publish(db, key, lazy_gettext(key), NOON + timedelta(days=1))
        [explained, *_] = notices.list_unsent(db, [], NOON)
        notices.mark_sent(db, explained[0], -5)
        chats.migrate(db, -5, -1005, NOON)
        assert [(chat_id, words) for _, chat_id, words, _ in notices.list_unsent(db, [], NOON)] == [
            (-1005, lazy_gettext("pending"))
        ]
    later = NOON + timedelta(minutes=2)
    assert [(delivery.mode, delivery.message_id) for delivery in list_deliveries(store, later)] == [(Mode.LIVE, None)]


def test_a_group_that_is_not_let_in_stays_out_under_its_new_id_and_when_it_speaks(store: Store) -> None:
    add_accounts(store, "a", chat_id=-5)
    with store.write_session() as db:
        chats.allow_only(db, [7], NOON)
        chats.migrate(db, -5, -1005, NOON)
        chats.reactivate(db, -1005, NOON)
        assert chats.is_inactive(db, -1005)


def test_migrating_twice_or_to_the_same_id_loses_nothing(store: Store) -> None:
    ids = add_accounts(store, "a", chat_id=-1005)
    with store.write_session() as db:
        chats.migrate(db, -5, -1005, NOON)
        chats.migrate(db, -1005, -1005, NOON)
        assert [account.id for account in chats.list_tracked_accounts(db, -1005)] == ids


@pytest.mark.parametrize(("mode", "left"), [(Mode.LIVE, 1), (Mode.NEW, 1), (Mode.ONCE, 0)])
def test_a_new_message_that_may_have_arrived_is_not_sent_again(store: Store, mode: Mode, left: int) -> None:
    subscribe(store, add_accounts(store, "a"), mode, interval_s=60 if mode is Mode.NEW else None)
    render(store, "chart 1")
    [delivery] = list_deliveries(store)
    later = NOON + timedelta(days=1)
    with store.write_session() as db:
        subscriptions.mark_sending(db, delivery, NOON)
        subscriptions.mark_uncertain(db, delivery, later, "no answer", NOON)
        assert len(db.scalars(select(Subscription)).all()) == left
    assert list_deliveries(store, later) == []


@pytest.mark.parametrize("mode", list(Mode))
def test_a_new_message_that_was_refused_is_still_to_be_sent(store: Store, mode: Mode) -> None:
    subscribe(store, add_accounts(store, "a"), mode, interval_s=60 if mode is Mode.NEW else None)
    render(store, "chart 1")
    [delivery] = list_deliveries(store)
    with store.write_session() as db:
        subscriptions.mark_sending(db, delivery, NOON + timedelta(hours=1))
        subscriptions.unmark_sending(db, delivery, NOON)
    assert list_deliveries(store) == [delivery]


def test_an_edit_that_may_have_arrived_is_repeated_after_a_while(store: Store) -> None:
    subscribe(store, add_accounts(store, "a"))
    render(store, "chart 1")
    [delivery] = list_deliveries(store)
    with store.write_session() as db:
        subscriptions.mark_uncertain(db, delivery, NOON + timedelta(seconds=20), "no answer", NOON)
    assert list_deliveries(store) == []
    [again] = list_deliveries(store, NOON + timedelta(seconds=20))
    later = NOON + timedelta(seconds=20)
    assert again == replace(delivery, failures=1, failing_since=NOON, next_at=later)


def test_a_chat_that_is_back_waits_no_longer_for_what_it_mended(store: Store) -> None:
    subscribe(store, add_accounts(store, "a"))
    render(store, "chart 1")
    [delivery] = list_deliveries(store)
    with store.write_session() as db:
        subscriptions.postpone(db, delivery.subscription_id, NOON + timedelta(hours=1), "NO_RIGHTS")
        assert subscriptions.has_problem(db, 1, "NO_RIGHTS")
        chats.deactivate(db, 1, "blocked", NOON)
    assert list_deliveries(store, NOON + timedelta(hours=1)) == []
    with store.write_session() as db:
        chats.reactivate(db, 1, NOON)
    assert list_deliveries(store) == [delivery]


def test_a_forgotten_chat_leaves_no_row(store: Store) -> None:
    ids = add_accounts(store, "a")
    subscribe(store, ids)
    with store.write_session() as db:
        chats.delete_chat(db, 1)
    with store.read_session() as db:
        assert not chats.exists(db, 1)
        assert list(chats.list_tracked_accounts(db, 1)) == []
        assert list(subscriptions.list_of_chat(db, 1)) == []


def test_of_many_charts_those_of_the_next_deliveries_are_rendered(store: Store) -> None:
    [account] = add_accounts(store, "a")
    with store.write_session() as db:
        for index in range(LIMIT + 2):
            row = comparisons.get_or_create(db, Comparison((account,), ChartSpec(count=5 + index)))
            add_subscription(db, row, next_at=NOON - timedelta(seconds=index))
        claimed = comparisons.claim_next(db, NOON, LIMIT)
        counts = {db.get_one(ComparisonRow, comparison_id).spec.count for comparison_id, _ in claimed}
    assert counts == set(range(7, 7 + LIMIT))


def subscribe_to_many(db: Session, account: int, count: int, first: int = 5) -> list[int]:
    """Live charts of `count` comparisons of an account; the later in the list, the longer each has waited."""
    ids = []
    for index in range(count):
        row = comparisons.get_or_create(db, Comparison((account,), ChartSpec(count=first + index)))
        add_subscription(db, row, next_at=NOON - timedelta(seconds=index))
        ids.append(row.id)
    return ids


def test_charts_that_stand_still_take_nobodys_turn(store: Store) -> None:
    quiet, active = add_accounts(store, "a", "b")
    with store.write_session() as db:
        still = subscribe_to_many(db, quiet, 2 * LIMIT)
        add_subscription(db, moving := comparisons.get_or_create(db, Comparison((active,))), next_at=NOON)
    for _ in range(3):
        render(store, "chart 1")
    for tick in range(1, 6):
        with store.write_session() as db:
            comparisons.mark_changed(db, [active])
        assert render(store, f"chart {tick}") == [moving.id]
    with store.write_session() as db:
        comparisons.mark_changed(db, [quiet])
    assert set(render(store, "chart 6")) == set(still[LIMIT:])


def test_a_requested_chart_is_claimed_at_once_and_once_however_many_others_wait(store: Store) -> None:
    [account] = add_accounts(store, "a")
    with store.write_session() as db:
        first, second, *_ = subscribe_to_many(db, account, 5)
        assert [each for each, _ in comparisons.claim(db, [first, second], NOON)] == [first, second]
        assert comparisons.claim(db, [first, second], NOON) == []
        chats.deactivate(db, 1, "blocked", NOON)
        assert comparisons.claim(db, [first + 3], NOON) == []


def test_a_chart_waits_for_its_accounts_first_reading_that_is_under_way(store: Store) -> None:
    one, other = add_accounts(store, "a", "b")
    asked = subscribe(store, [one, other])
    with store.write_session() as db:
        accounts.save_fetch_results(db, [fetch_result(one, 7)])
        accounts.mark_attempted(db, [one, other], NOON)
        assert comparisons.claim(db, [asked], NOON) == comparisons.claim_next(db, NOON, LIMIT) == []
        accounts.save_fetch_results(db, [fetch_result(other, 8)])
        assert [each for each, _ in comparisons.claim_of_accounts(db, [other], NOON)] == [asked]


@pytest.mark.parametrize("end", ["failed", "lost"])
def test_a_chart_waits_no_longer_for_a_first_reading_that_failed_or_was_lost(store: Store, end: str) -> None:
    [account] = add_accounts(store, "a")
    asked, later = subscribe(store, [account]), NOON
    with store.write_session() as db:
        accounts.mark_attempted(db, [account], NOON)
        if end == "failed":
            accounts.save_fetch_results(db, [FetchResult(account, NOON, problem=lazy_gettext("X did not answer"))])
        else:
            later += comparisons.CLAIM_DURATION
        assert [each for each, _ in comparisons.claim(db, [asked], later)] == [asked]


def test_a_chart_is_drawn_again_at_once_where_somebody_asked_meanwhile_and_not_where_it_only_changed(
    store: Store,
) -> None:
    [account] = add_accounts(store, "a")
    asked = subscribe(store, [account])
    with store.write_session() as db:
        [(_, version)] = comparisons.claim(db, [asked], NOON)
        comparisons.mark_changed(db, [account])
        assert not comparisons.mark_rendered(db, asked, version)
        [(_, version)] = comparisons.claim(db, [asked], NOON)
        add_subscription(db, db.get_one(ComparisonRow, asked), mode=Mode.ONCE)
        assert comparisons.mark_rendered(db, asked, version)
        [(_, version)] = comparisons.claim(db, [asked], NOON)
        assert not comparisons.mark_rendered(db, asked, version)


def test_finding_what_is_to_be_drawn_or_delivered_looks_through_no_table(store: Store) -> None:
    """Charts that are up to date, in however many chats, cost a tick and the bot nothing."""
    add_up_to_date(store, 200)
    drawn = explain(
        store,
        "comparisons",
        lambda db: [comparisons.claim_next(db, NOON, LIMIT), comparisons.claim(db, [1], NOON)],
    )
    drawn += explain(store, "comparisons", lambda db: comparisons.mark_expired(db, NOON))
    due = explain(
        store, "comparisons", lambda db: [subscriptions.list_due(db, NOON), subscriptions.list_overdue(db, NOON, 28)]
    )
    assert [line for line in drawn + due if "comparisons" in line and is_scan(line)] == []
    assert [line for line in drawn + due if "subscriptions" in line and is_scan(line)] == []
    assert [line for line in due if "ix_subscriptions_news" in line]


def test_of_many_outdated_charts_the_next_ones_are_found_without_sorting_all(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_up_to_date(store, 200)
    with store.write_session() as db:
        db.execute(update(ComparisonRow).values(requested_version=ComparisonRow.rendered_version + 1))
        in_order = db.scalars(
            select(Subscription.comparison_id).order_by(Subscription.next_at, Subscription.comparison_id)
        ).all()
    monkeypatch.setattr(subscriptions, "MANY_OUTDATED", 100)
    with store.read_session() as db:
        found = subscriptions.list_unrendered(db, 20)
    assert [each.comparison_id for each in found] == list(in_order[:20])
    steps = explain(store, "comparisons", lambda db: subscriptions.list_unrendered(db, 20))
    assert [line for line in steps if "ix_subscriptions_next_at" in line]


def add_up_to_date(store: Store, count: int) -> None:
    """So many chats with a chart each that they have, due at another moment each."""
    [account] = add_accounts(store, "a")
    with store.write_session() as db:
        for number, comparison_id in enumerate(subscribe_to_many(db, account, count), 100):
            chats.add(db, number, NOON)
            mine = update(Subscription).where(Subscription.comparison_id == comparison_id)
            db.execute(mine.values(chat_id=number, next_at=NOON - timedelta(minutes=number * 7 % 101)))
        drawn = {"rendered_version": ComparisonRow.requested_version, "chart_digest": "chart"}
        db.execute(update(ComparisonRow).values(drawn))
        db.execute(update(Subscription).values(chart_digest="chart", delivered_digest="chart"))
        if store.engine.dialect.name == "postgresql":  # which does so by itself, as SQLite does not
            db.execute(sql("ANALYZE"))


def test_what_is_due_comes_in_batches_that_lack_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    add_up_to_date(store, 20)
    with store.write_session() as db:
        db.execute(update(Subscription).values(delivered_digest=None))
        db.execute(update(Subscription).where(Subscription.chat_id < 105).values(requested_at=NOON))
    with store.read_session() as db:
        at_once = subscriptions.list_due(db, NOON)
        monkeypatch.setattr(subscriptions, "BATCH", 8)
        batches = [subscriptions.list_due(db, NOON, number) for number in range(3)]
    assert [len(each) for each in batches] == [13, 7, 0]
    assert [each for batch in batches for each in batch] == list(at_once)
    assert [each.is_requested for each in at_once] == [True] * 5 + [False] * 15


def test_a_chart_that_was_drawn_while_its_chat_was_away_is_due_once_the_chat_is_back(store: Store) -> None:
    ids = add_accounts(store, "a")
    subscribe(store, ids)
    with store.write_session() as db:
        chats.deactivate(db, 1, "blocked", NOON)
        comparisons.mark_rendered(db, 1, 1)
        db.get_one(ComparisonRow, 1).chart_digest = "chart"
    assert list_deliveries(store) == []
    with store.write_session() as db:
        chats.reactivate(db, 1, NOON)
    assert [each.chart_digest for each in list_deliveries(store)] == ["chart"]


def test_a_chart_that_changes_while_it_waits_is_drawn_once_and_one_that_is_being_drawn_once_more(store: Store) -> None:
    ids = add_accounts(store, "a")
    asked = subscribe(store, ids)
    with store.write_session() as db:
        for _ in range(3):
            comparisons.mark_changed(db, ids)
        assert comparisons.claim_next(db, NOON, LIMIT) == [(asked, 1)]
        comparisons.mark_changed(db, ids)
        comparisons.mark_rendered(db, asked, 1)
        assert comparisons.claim_next(db, NOON, LIMIT) == [(asked, 2)]


def is_scan(line: str) -> bool:
    """As SQLite and PostgreSQL call it. A scan of the index of outdated comparisons is none."""
    return ("SCAN" in line or "Seq Scan" in line) and "ix_comparisons_outdated" not in line


def test_chats_with_the_same_chart_get_it_together_if_no_other_waits_much_longer_for_it(store: Store) -> None:
    one, other = add_accounts(store, "a", "b")
    waiting_s = {1: (one, 60), 2: (other, 59), 3: (one, 41), 4: (one, 38), 5: (other, 58), 6: (other, 10)}
    for chat_id, (account, seconds) in waiting_s.items():
        add_accounts(store, "a", "b", chat_id=chat_id)
        with store.write_session() as db:
            row = comparisons.get_or_create(db, Comparison((account,)))
            add_subscription(db, row, chat_id=chat_id, next_at=NOON - timedelta(seconds=seconds))
    render(store, "chart 1")
    assert [delivery.chat_id for delivery in list_deliveries(store)] == [1, 3, 2, 5, 4, 6]


def test_a_delivery_that_was_made_is_not_made_again_with_a_newer_chart(store: Store) -> None:
    ids = add_accounts(store, "a")
    subscribe(store, ids)
    render(store, "chart 1")
    with store.read_session() as db:
        [delivery] = subscriptions.list_due(db, NOON)
    deliver(store, list_deliveries(store)[0], NOON + timedelta(seconds=1))
    with store.write_session() as db:
        comparisons.mark_changed(db, ids)
    render(store, "chart 2")
    later = NOON + timedelta(seconds=2)
    with store.read_session() as db:
        assert subscriptions.get_delivery(db, delivery, later) is None
    assert [delivery.chart_digest for delivery in list_deliveries(store, later)] == ["chart 2"]


def test_of_two_bots_one_makes_the_delivery(store: Store) -> None:
    ids = add_accounts(store, "a")
    subscribe(store, ids, Mode.NEW, interval_s=60)
    render(store, "chart 1")
    [delivery] = list_deliveries(store)
    with store.write_session() as db:
        assert subscriptions.mark_sending(db, delivery, NOON)
    with store.write_session() as db:
        assert not subscriptions.mark_sending(db, delivery, NOON)


NIGHT = QuietHours(time(11), time(13))
"""Quiet hours that last at noon."""


def keep_quiet(store: Store, hours: QuietHours | None, now: datetime = NOON) -> None:
    with store.write_session() as db:
        chats.set_quiet_hours(db, 1, hours, language=Language.ENGLISH, now=now)


def deliver_new(store: Store, delivery: ChartDelivery, now: datetime = NOON) -> None:
    """Deliver a chart in a message that no other chart replaces."""
    with store.write_session() as db:
        subscriptions.mark_delivered(db, delivery, None, now)


def hold_all(store: Store, now: datetime) -> list[ChartDelivery]:
    """Hold what is held now, as the bot does; returns what it delivers instead."""
    due = list_deliveries(store, now)
    with store.write_session() as db:
        for delivery in due:
            if delivery.is_held:
                subscriptions.hold(db, delivery)
    return [delivery for delivery in due if not delivery.is_held]


def test_new_messages_wait_for_the_end_of_quiet_hours_and_the_newest_comes_once(store: Store) -> None:
    ids = add_accounts(store, "nasa")
    subscribe(store, ids, Mode.NEW, interval_s=60)
    render(store, "seen")
    deliver_new(store, list_deliveries(store)[0])
    keep_quiet(store, NIGHT)
    for minute, chart in enumerate(["first", "second", "third"], 2):
        with store.write_session() as db:
            comparisons.mark_changed(db, ids)
        render(store, chart)
        assert hold_all(store, NOON + timedelta(minutes=minute)) == []
    [newest] = hold_all(store, NOON + timedelta(hours=1))
    assert newest.chart_digest == "third"
    deliver_new(store, newest, NOON + timedelta(hours=1))
    assert list_deliveries(store, NOON + timedelta(hours=3)) == []


def test_a_chart_that_is_as_it_was_before_the_night_does_not_come_again(store: Store) -> None:
    ids = add_accounts(store, "nasa")
    subscribe(store, ids, Mode.NEW, interval_s=60)
    render(store, "seen")
    deliver_new(store, list_deliveries(store)[0])
    keep_quiet(store, NIGHT)
    for chart in ("changed", "seen"):
        with store.write_session() as db:
            comparisons.mark_changed(db, ids)
        render(store, chart)
        assert hold_all(store, NOON + timedelta(minutes=2)) == []
    assert list_deliveries(store, NOON + timedelta(hours=2)) == []


def test_quiet_hours_hold_no_edit_and_nothing_that_somebody_asked_for(store: Store) -> None:
    ids = add_accounts(store, "nasa")
    for fields in ({"message_id": 5}, {"message_id": None}, {"message_id": None, "requested_at": NOON}):
        with store.write_session() as db:
            add_subscription(db, comparisons.get_or_create(db, Comparison(tuple(ids))), **fields)
    render(store, "chart")
    keep_quiet(store, NIGHT)
    asked, edited = hold_all(store, NOON)
    assert (edited.message_id, edited.quiet_until) == (5, NOON + timedelta(hours=1))
    assert (asked.message_id, asked.quiet_until) == (None, None)


@pytest.mark.parametrize("zone", [None, "America/Los_Angeles"])
def test_what_is_held_comes_at_once_where_the_quiet_hours_end_by_another_choice(store: Store, zone: str | None) -> None:
    ids = add_accounts(store, "nasa")
    subscribe(store, ids, Mode.NEW, interval_s=60)
    render(store, "chart")
    keep_quiet(store, NIGHT)
    assert hold_all(store, NOON) == []
    assert list_deliveries(store, NOON + timedelta(minutes=1)) == [], "it is not looked at again before their end"
    keep_quiet(store, QuietHours(time(11), time(12, 30)))
    assert hold_all(store, NOON) == [], "the new ones last too"
    if zone is None:
        keep_quiet(store, None)
    else:
        with store.write_session() as db:
            chat_charts.restyle(db, 1, time_zone=zone, initial_language=Language.ENGLISH, now=NOON)
        render(store, "chart")
    assert [delivery.chart_digest for delivery in hold_all(store, NOON)] == ["chart"]
