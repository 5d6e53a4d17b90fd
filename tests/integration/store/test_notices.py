"""To whom a notice is sent once, and in which language."""

from datetime import time, timedelta

from sqlalchemy import insert, select

from pipeline.i18n import lazy_gettext
from pipeline.records import ChatLocale, Comparison, Language, LazyString, Mode, QuietHours
from pipeline.store import Store, chats, comparisons, notices, subscriptions
from pipeline.store.tables import Chat, Subscription
from tests.integration.store.conftest import NOON, explain

HOUR = timedelta(hours=1)
TEXT = lazy_gettext("The bot's budget for X is used up until {until:moment}.", until=NOON + timedelta(hours=1))


def list_recipients(store: Store, *admins: int) -> list[tuple[int, LazyString, ChatLocale]]:
    with store.read_session() as db:
        return [each[1:] for each in notices.list_unsent(db, admins, NOON)]


def subscribe(store: Store, chat_id: int, language: Language) -> None:
    with store.write_session() as db:
        chats.add(db, chat_id, NOON, language)
        row = comparisons.get_or_create(db, Comparison(()))
        asked = {"comparison_id": row.id, "all_tracked": True, "mode": Mode.LIVE, "min_version": 0, "next_at": NOON}
        subscriptions.add(db, Subscription(chat_id=chat_id, **asked))


def test_a_notice_is_told_once_to_each_subscribed_chat_in_its_language_and_to_the_admins(store: Store) -> None:
    subscribe(store, 1, Language.SPANISH)
    subscribe(store, 1, Language.SPANISH)
    subscribe(store, 2, Language.ENGLISH)
    with store.write_session() as db:
        chats.add(db, 3, NOON, Language.SPANISH)
        notices.publish(db, "budget", TEXT, NOON + timedelta(hours=1))
        notices.publish(db, "budget", TEXT, NOON + timedelta(hours=1))
    spanish, english = ChatLocale(Language.SPANISH), ChatLocale(Language.ENGLISH)
    assert list_recipients(store, 1, 3, 9) == [
        (1, TEXT, spanish),
        (2, TEXT, english),
        (3, TEXT, spanish),
        (9, TEXT, english),
    ]
    with store.write_session() as db:
        [first, *_] = notices.list_unsent(db, [], NOON)
        notices.mark_sent(db, *first[:2])
    assert list_recipients(store) == [(2, TEXT, english)]


def test_the_admins_alone_are_told_what_is_for_them(store: Store) -> None:
    subscribe(store, 1, Language.SPANISH)
    with store.write_session() as db:
        notices.publish(db, "full", TEXT, NOON + HOUR, admins_only=True)
    assert list_recipients(store, 9) == [(9, TEXT, ChatLocale())]
    assert list_recipients(store, 1) == [(1, TEXT, ChatLocale(Language.SPANISH))]


def test_a_chat_in_its_quiet_hours_is_told_afterwards_and_only_what_still_holds(store: Store) -> None:
    subscribe(store, 1, Language.ENGLISH)
    subscribe(store, 2, Language.ENGLISH)
    siesta = QuietHours(time(11, 30), time(12, 30))
    with store.write_session() as db:
        chats.set_quiet_hours(db, 1, siesta, language=Language.ENGLISH, now=NOON)
        notices.publish(db, "short", TEXT, NOON + timedelta(minutes=10))
        notices.publish(db, "long", TEXT, NOON + 2 * HOUR)
    with store.read_session() as db:
        assert [chat_id for _, chat_id, *_ in notices.list_unsent(db, [1], NOON)] == [2, 2]
        later = notices.list_unsent(db, [], NOON + timedelta(minutes=30))
        assert [(notice, chat_id) for notice, chat_id, *_ in later if chat_id == 1] == [(2, 1)]


def test_of_a_notice_to_very_many_chats_a_batch_is_listed_and_then_the_rest(store: Store) -> None:
    subscribe(store, 1, Language.ENGLISH)
    others = range(2, notices.BATCH + 3)
    with store.write_session() as db:
        row = db.scalars(select(Subscription)).one()
        db.execute(insert(Chat), [{"id": chat_id, "added_at": NOON} for chat_id in others])
        same = {"comparison_id": row.comparison_id, "all_tracked": True, "mode": Mode.LIVE, "min_version": 0}
        db.execute(insert(Subscription), [{"chat_id": chat_id, "next_at": NOON, **same} for chat_id in others])
        notices.publish(db, "budget", TEXT, NOON + HOUR)
        first = [chat_id for _, chat_id, *_ in notices.list_unsent(db, [], NOON)]
        for chat_id in first:
            notices.mark_sent(db, 1, chat_id)
        rest = [chat_id for _, chat_id, *_ in notices.list_unsent(db, [], NOON)]
    assert (first, rest) == ([*range(1, notices.BATCH + 1)], [notices.BATCH + 1, notices.BATCH + 2])


def test_what_was_sent_long_ago_is_not_read_again(store: Store) -> None:
    steps = explain(store, "notices", lambda db: notices.list_unsent(db, [], NOON))
    assert [line for line in steps if "ix_notices_expires_at" in line]
