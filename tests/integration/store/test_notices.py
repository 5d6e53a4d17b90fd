"""What is told once: to whom, and in which language; and how long a stop goes on."""

from datetime import timedelta

from pipeline.i18n import lazy_gettext
from pipeline.records import DROPBOX, NETWORK, Comparison, Language, LazyString, Mode
from pipeline.store import Store, chats, comparisons, notices, subscriptions
from pipeline.store.tables import Subscription
from tests.integration.store.conftest import NOON

HOUR = timedelta(hours=1)
CREDITS = lazy_gettext("X's credits are used up")
TOLD = lazy_gettext("The bot's budget for X is used up until {until:moment}.", until=NOON + timedelta(hours=1))


def untold(store: Store, *admins: int) -> list[tuple[int, LazyString, Language]]:
    with store.read_session() as db:
        return [each[1:] for each in notices.untold(db, admins, NOON)]


def subscribe(store: Store, chat_id: int, language: Language) -> None:
    with store.write_session() as db:
        chats.add(db, chat_id, NOON, language)
        row = comparisons.find_or_add(db, Comparison(()))
        asked = {"comparison_id": row.id, "everything": True, "mode": Mode.LIVE, "from_version": 0, "next_at": NOON}
        subscriptions.add(db, Subscription(chat_id=chat_id, **asked))


def test_a_notice_is_told_once_to_each_subscribed_chat_in_its_language_and_to_the_admins(store: Store) -> None:
    subscribe(store, 1, Language.SPANISH)
    subscribe(store, 1, Language.SPANISH)
    subscribe(store, 2, Language.ENGLISH)
    with store.write_session() as db:
        chats.add(db, 3, NOON, Language.SPANISH)
        notices.tell(db, "budget", TOLD, NOON + timedelta(hours=1))
        notices.tell(db, "budget", TOLD, NOON + timedelta(hours=1))
    spanish, english = Language.SPANISH, Language.ENGLISH
    assert untold(store, 1, 3, 9) == [(1, TOLD, spanish), (2, TOLD, english), (3, TOLD, spanish), (9, TOLD, english)]
    with store.write_session() as db:
        [first, *_] = notices.untold(db, [], NOON)
        notices.mark_told(db, *first[:2])
    assert untold(store) == [(2, TOLD, english)]


def test_the_admins_alone_are_told_what_is_for_them(store: Store) -> None:
    subscribe(store, 1, Language.SPANISH)
    with store.write_session() as db:
        notices.tell(db, "full", TOLD, NOON + HOUR, admins_only=True)
    assert untold(store, 9) == [(9, TOLD, Language.ENGLISH)]
    assert untold(store, 1) == [(1, TOLD, Language.SPANISH)]


def test_a_stop_goes_on_from_its_beginning_until_the_service_answers(store: Store) -> None:
    with store.write_session() as db:
        notices.stop(db, NETWORK, CREDITS, NOON, NOON + HOUR)
        notices.resume(db, NETWORK, NOON)
        assert notices.stopped(db, NETWORK, NOON), "what was under way before it does not end it"
        again = notices.stop(db, NETWORK, CREDITS, NOON + HOUR, NOON + 2 * HOUR)
        assert (again.since, again.until) == (NOON, NOON + 2 * HOUR)
        notices.lift(db, NOON + HOUR)
        assert notices.stopped(db, NETWORK, NOON + HOUR) is None
        assert notices.found(db, NETWORK) is not None
        notices.resume(db, NETWORK, NOON + HOUR)
        assert not notices.any_stop(db)


def test_a_stop_is_told_once_a_day_however_often_it_begins_and_not_once_it_is_over(store: Store) -> None:
    subscribe(store, 1, Language.ENGLISH)
    subscribe(store, 2, Language.ENGLISH)
    for at in (NOON - 2 * HOUR, NOON - HOUR):
        with store.write_session() as db:
            notices.tell_of_stop(db, notices.stop(db, NETWORK, CREDITS, at, NOON + HOUR), TOLD)
            if at == NOON - 2 * HOUR:
                [first, _] = notices.untold(db, [], NOON)
                notices.mark_told(db, *first[:2])
            notices.lift(db, at)
            notices.resume(db, NETWORK, at)
        assert untold(store) == []
    with store.write_session() as db:
        notices.tell_of_stop(db, notices.stop(db, NETWORK, CREDITS, NOON, NOON + HOUR), TOLD)
        notices.resume(db, DROPBOX, NOON + HOUR)
    assert [each[0] for each in untold(store)] == [2], "who heard of it does not hear again"
