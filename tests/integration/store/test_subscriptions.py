from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, update
from sqlalchemy import text as sql
from sqlalchemy.orm import Session

from pipeline.i18n import lazy_gettext
from pipeline.records import ChartSpec, Comparison, FetchResult, Mode
from pipeline.store import Store, accounts, chats, comparisons, notices, subscriptions
from pipeline.store.subscriptions import ChartDelivery
from pipeline.store.tables import Comparison as ComparisonRow
from pipeline.store.tables import Subscription
from tests.integration.store.conftest import NOON, add_accounts, reading

LINE = 300
"""So many turns are drawn for."""


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


def draw(store: Store, chart: str, now: datetime = NOON) -> list[int]:
    """What the pipeline does with everything that is wanted; returns the comparisons drawn."""
    with store.write_session() as db:
        claimed = comparisons.claim_next(db, now, LINE)
        for comparison_id, version in claimed:
            row = db.get_one(ComparisonRow, comparison_id)
            row.chart_digest, row.caption = chart, "caption"
            comparisons.mark_rendered(db, comparison_id, version)
    return [comparison_id for comparison_id, _ in claimed]


def outdated(store: Store, now: datetime = NOON) -> list[ChartDelivery]:
    """What every turn that is due is to show."""
    with store.read_session() as db:
        found = [subscriptions.get_delivery(db, turn, now) for turn in subscriptions.list_due(db, now)]
    return [showing for showing in found if showing is not None]


def show(store: Store, showing: ChartDelivery, now: datetime = NOON) -> None:
    with store.write_session() as db:
        subscriptions.mark_delivered(db, showing, 77, now)


def test_equal_comparisons_of_two_chats_are_one_and_drawn_once(store: Store) -> None:
    ids = add_accounts(store, "a", "b")
    add_accounts(store, "a", "b", chat_id=2)
    assert subscribe(store, ids) == subscribe(store, ids[::-1], chat_id=2)
    assert len(draw(store, "chart 1")) == 1
    assert [showing.chat_id for showing in outdated(store)] == [1, 2]


def test_a_chart_is_shown_once_and_again_only_when_it_changed(store: Store) -> None:
    ids = add_accounts(store, "a")
    subscribe(store, ids)
    assert outdated(store) == []
    draw(store, "chart 1")
    [showing] = outdated(store)
    show(store, showing)
    assert outdated(store) == []
    with store.write_session() as db:
        comparisons.mark_changed(db, ids)
    assert outdated(store) == []
    draw(store, "chart 2")
    [showing] = outdated(store)
    assert (showing.chart_digest, showing.message_id) == ("chart 2", 77)


def test_a_single_chart_waits_for_its_own_version_and_ends_when_shown(store: Store) -> None:
    ids = add_accounts(store, "a")
    subscribe(store, ids, Mode.ONCE)
    draw(store, "chart 1")
    show(store, outdated(store)[0])
    subscribe(store, ids, Mode.ONCE)
    assert outdated(store) == []
    draw(store, "chart 1")
    assert [showing.chart_digest for showing in outdated(store)] == ["chart 1"]
    show(store, outdated(store)[0])
    assert outdated(store, NOON + timedelta(days=1)) == []


def test_a_new_message_comes_no_sooner_than_its_interval(store: Store) -> None:
    ids = add_accounts(store, "a")
    subscribe(store, ids, Mode.NEW, interval_s=3600)
    draw(store, "chart 1")
    show(store, outdated(store)[0])
    with store.write_session() as db:
        comparisons.mark_changed(db, ids)
    draw(store, "chart 2")
    assert outdated(store, NOON + timedelta(minutes=59)) == []
    assert len(outdated(store, NOON + timedelta(minutes=60))) == 1


def test_two_workers_never_draw_the_same_chart_and_a_lost_one_comes_back(store: Store) -> None:
    subscribe(store, add_accounts(store, "a"))
    with store.write_session() as db:
        assert len(comparisons.claim_next(db, NOON, LINE)) == 1
        assert len(comparisons.claim_next(db, NOON, LINE)) == 0
        assert len(comparisons.claim_next(db, NOON + comparisons.CLAIM_DURATION + timedelta(seconds=1), LINE)) == 1


def test_nobody_watching_means_nothing_to_draw(store: Store) -> None:
    ids = add_accounts(store, "a")
    subscribe(store, ids)
    draw(store, "chart 1")
    with store.write_session() as db:
        chats.deactivate(db, 1, "blocked", NOON)
        comparisons.mark_changed(db, ids)
    assert draw(store, "chart 2") == []
    assert outdated(store) == []


def test_a_migrated_group_keeps_everything_under_its_new_id(store: Store) -> None:
    ids = add_accounts(store, "a", chat_id=-5)
    subscribe(store, ids, chat_id=-5)
    draw(store, "chart 1")
    with store.write_session() as db:
        chats.migrate(db, -5, -1005, NOON)
        assert [account.id for account in chats.list_tracked_accounts(db, -1005)] == ids
        assert not chats.exists(db, -5)
    assert [showing.chat_id for showing in outdated(store)] == [-1005]


def test_a_migrated_group_is_shown_its_live_chart_anew_and_told_nothing_twice(store: Store) -> None:
    ids = add_accounts(store, "a", chat_id=-5)
    subscribe(store, ids, chat_id=-5)
    subscribe(store, ids, Mode.NEW, chat_id=-5, interval_s=60)
    draw(store, "chart 1")
    for showing in outdated(store):
        show(store, showing)
    with store.write_session() as db:
        for key in ("told", "pending"):
            notices.publish(db, key, lazy_gettext(key), NOON + timedelta(days=1))
        [told, *_] = notices.list_unsent(db, [], NOON)
        notices.mark_sent(db, told[0], -5)
        chats.migrate(db, -5, -1005, NOON)
        assert [(chat_id, words) for _, chat_id, words, _ in notices.list_unsent(db, [], NOON)] == [
            (-1005, lazy_gettext("pending"))
        ]
    later = NOON + timedelta(minutes=2)
    assert [(showing.mode, showing.message_id) for showing in outdated(store, later)] == [(Mode.LIVE, None)]


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
    draw(store, "chart 1")
    [showing] = outdated(store)
    later = NOON + timedelta(days=1)
    with store.write_session() as db:
        subscriptions.mark_sending(db, showing, NOON)
        subscriptions.mark_uncertain(db, showing, later, "no answer", NOON)
        assert len(db.scalars(select(Subscription)).all()) == left
    assert outdated(store, later) == []


@pytest.mark.parametrize("mode", list(Mode))
def test_a_new_message_that_was_refused_is_still_to_be_sent(store: Store, mode: Mode) -> None:
    subscribe(store, add_accounts(store, "a"), mode, interval_s=60 if mode is Mode.NEW else None)
    draw(store, "chart 1")
    [showing] = outdated(store)
    with store.write_session() as db:
        subscriptions.mark_sending(db, showing, NOON + timedelta(hours=1))
        subscriptions.unmark_sending(db, showing, NOON)
    assert outdated(store) == [showing]


def test_an_edit_that_may_have_arrived_is_repeated_after_a_while(store: Store) -> None:
    subscribe(store, add_accounts(store, "a"))
    draw(store, "chart 1")
    [showing] = outdated(store)
    with store.write_session() as db:
        subscriptions.mark_uncertain(db, showing, NOON + timedelta(seconds=20), "no answer", NOON)
    assert outdated(store) == []
    [again] = outdated(store, NOON + timedelta(seconds=20))
    assert again == replace(showing, failures=1, failing_since=NOON)


def test_a_chat_that_is_back_waits_no_longer_for_what_it_mended(store: Store) -> None:
    subscribe(store, add_accounts(store, "a"))
    draw(store, "chart 1")
    [showing] = outdated(store)
    with store.write_session() as db:
        subscriptions.postpone(db, showing.subscription_id, NOON + timedelta(hours=1), "NO_RIGHTS")
        assert subscriptions.has_problem(db, 1, "NO_RIGHTS")
        chats.deactivate(db, 1, "blocked", NOON)
    assert outdated(store, NOON + timedelta(hours=1)) == []
    with store.write_session() as db:
        chats.reactivate(db, 1, NOON)
    assert outdated(store) == [showing]


def test_a_forgotten_chat_leaves_no_row(store: Store) -> None:
    ids = add_accounts(store, "a")
    subscribe(store, ids)
    with store.write_session() as db:
        chats.delete_chat(db, 1)
    with store.read_session() as db:
        assert not chats.exists(db, 1)
        assert list(chats.list_tracked_accounts(db, 1)) == []
        assert list(subscriptions.list_of_chat(db, 1)) == []


def test_of_many_charts_those_are_drawn_whose_chats_are_next_in_line(store: Store) -> None:
    [account] = add_accounts(store, "a")
    with store.write_session() as db:
        for place in range(LINE + 2):
            row = comparisons.get_or_create(db, Comparison((account,), ChartSpec(count=5 + place)))
            add_subscription(db, row, next_at=NOON - timedelta(seconds=place))
        claimed = comparisons.claim_next(db, NOON, LINE)
        counts = {db.get_one(ComparisonRow, comparison_id).spec.count for comparison_id, _ in claimed}
    assert counts == set(range(7, 7 + LINE))


def subscribe_to_many(db: Session, account: int, count: int, first: int = 5) -> list[int]:
    """Live charts of so many comparisons of an account, which have waited the longer, the later they stand here."""
    ids = []
    for place in range(count):
        row = comparisons.get_or_create(db, Comparison((account,), ChartSpec(count=first + place)))
        add_subscription(db, row, next_at=NOON - timedelta(seconds=place))
        ids.append(row.id)
    return ids


def test_charts_that_stand_still_take_nobodys_turn(store: Store) -> None:
    quiet, active = add_accounts(store, "a", "b")
    with store.write_session() as db:
        still = subscribe_to_many(db, quiet, 2 * LINE)
        add_subscription(db, moving := comparisons.get_or_create(db, Comparison((active,))), next_at=NOON)
    for _ in range(3):
        draw(store, "chart 1")
    for tick in range(1, 6):
        with store.write_session() as db:
            comparisons.mark_changed(db, [active])
        assert draw(store, f"chart {tick}") == [moving.id]
    with store.write_session() as db:
        comparisons.mark_changed(db, [quiet])
    assert set(draw(store, "chart 6")) == set(still[LINE:])


def test_what_is_asked_for_is_drawn_alone_and_once_whoever_is_in_line(store: Store) -> None:
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
        accounts.save_fetch_results(db, [reading(one, 7)])
        accounts.mark_attempted(db, [one, other], NOON)
        assert comparisons.claim(db, [asked], NOON) == comparisons.claim_next(db, NOON, LINE) == []
        accounts.save_fetch_results(db, [reading(other, 8)])
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


def test_finding_what_is_to_be_drawn_looks_through_no_table(store: Store) -> None:
    """Whatever stands still in a hundred thousand chats costs a tick nothing."""
    [account] = add_accounts(store, "a")
    with store.write_session() as db:
        for chat_id, comparison_id in enumerate(subscribe_to_many(db, account, 200), 100):
            chats.add(db, chat_id, NOON)
            mine = update(Subscription).where(Subscription.comparison_id == comparison_id)
            db.execute(mine.values(chat_id=chat_id))
        db.execute(update(ComparisonRow).values(rendered_version=ComparisonRow.requested_version))
        db.execute(sql("ANALYZE"))
    looked_through = plans(store, lambda db: [comparisons.claim_next(db, NOON, LINE), comparisons.claim(db, [1], NOON)])
    assert [line for line in looked_through if "comparisons" in line and is_scan(line)] == []
    assert [line for line in looked_through if "subscriptions" in line and is_scan(line)] == []


def is_scan(line: str) -> bool:
    """As SQLite and PostgreSQL name it; through an index of what is outdated it is none."""
    return ("SCAN" in line or "Seq Scan" in line) and "ix_comparisons_outdated" not in line


def plans(store: Store, work: Callable[[Session], object]) -> list[str]:
    """How the database goes about what this asks of it, a line a step."""
    asked: list[tuple[str, Any]] = []
    note = lambda _c, _cursor, statement, values, _context, _many: asked.append((statement, values))  # noqa: E731
    event.listen(store.engine, "before_cursor_execute", note)
    with store.write_session() as db:
        work(db)
    event.remove(store.engine, "before_cursor_execute", note)
    how = "EXPLAIN QUERY PLAN " if store.engine.dialect.name == "sqlite" else "EXPLAIN "
    with store.engine.connect() as connection:
        if store.engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SET enable_seqscan = off")  # which is quicker for so few rows
        told = [
            connection.exec_driver_sql(how + statement, values).all()
            for statement, values in asked
            if "comparisons" in statement
        ]
    return [str(row[-1]) for rows in told for row in rows]


def test_chats_with_the_same_chart_take_their_turns_together_if_that_hurts_nobody(store: Store) -> None:
    one, other = add_accounts(store, "a", "b")
    waiting_s = {1: (one, 60), 2: (other, 59), 3: (one, 41), 4: (one, 38), 5: (other, 58), 6: (other, 10)}
    for chat_id, (account, seconds) in waiting_s.items():
        add_accounts(store, "a", "b", chat_id=chat_id)
        with store.write_session() as db:
            row = comparisons.get_or_create(db, Comparison((account,)))
            add_subscription(db, row, chat_id=chat_id, next_at=NOON - timedelta(seconds=seconds))
    draw(store, "chart 1")
    assert [showing.chat_id for showing in outdated(store)] == [1, 3, 2, 5, 4, 6]


def test_a_turn_that_was_taken_is_not_taken_again_for_a_newer_chart(store: Store) -> None:
    ids = add_accounts(store, "a")
    subscribe(store, ids)
    draw(store, "chart 1")
    with store.read_session() as db:
        [turn] = subscriptions.list_due(db, NOON)
    show(store, outdated(store)[0], NOON + timedelta(seconds=1))
    with store.write_session() as db:
        comparisons.mark_changed(db, ids)
    draw(store, "chart 2")
    later = NOON + timedelta(seconds=2)
    with store.read_session() as db:
        assert subscriptions.get_delivery(db, turn, later) is None
    assert [showing.chart_digest for showing in outdated(store, later)] == ["chart 2"]


def test_of_two_bots_one_takes_the_turn(store: Store) -> None:
    ids = add_accounts(store, "a")
    subscribe(store, ids, Mode.NEW, interval_s=60)
    draw(store, "chart 1")
    [showing] = outdated(store)
    with store.write_session() as db:
        assert subscriptions.mark_sending(db, showing, NOON)
    with store.write_session() as db:
        assert not subscriptions.mark_sending(db, showing, NOON)
