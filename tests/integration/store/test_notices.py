"""What is told once: to whom, and in which language."""

from datetime import timedelta

from pipeline.language import text
from pipeline.records import Comparison, Language, Mode, Text
from pipeline.store import Store, chats, comparisons, notices, subscriptions
from pipeline.store.tables import Subscription
from tests.integration.store.conftest import NOON

TOLD = text("The bot's budget for X is used up until {until:moment}.", until=NOON + timedelta(hours=1))


def untold(store: Store, *admins: int) -> list[tuple[int, Text, Language]]:
    with store.reading() as db:
        return [each[1:] for each in notices.untold(db, admins, NOON)]


def subscribe(store: Store, chat_id: int, language: Language) -> None:
    with store.writing() as db:
        chats.add(db, chat_id, NOON, language)
        row = comparisons.find_or_add(db, Comparison(()))
        asked = {"comparison_id": row.id, "everything": True, "mode": Mode.LIVE, "from_version": 0, "next_at": NOON}
        subscriptions.add(db, Subscription(chat_id=chat_id, **asked))


def test_a_notice_is_told_once_to_each_subscribed_chat_in_its_language_and_to_the_admins(store: Store) -> None:
    subscribe(store, 1, Language.SPANISH)
    subscribe(store, 1, Language.SPANISH)
    subscribe(store, 2, Language.ENGLISH)
    with store.writing() as db:
        chats.add(db, 3, NOON, Language.SPANISH)
        assert notices.tell(db, "budget", TOLD, NOON + timedelta(hours=1))
        assert not notices.tell(db, "budget", TOLD, NOON + timedelta(hours=1))
    spanish, english = Language.SPANISH, Language.ENGLISH
    assert untold(store, 1, 3, 9) == [(1, TOLD, spanish), (2, TOLD, english), (3, TOLD, spanish), (9, TOLD, english)]
    with store.writing() as db:
        [first, *_] = notices.untold(db, [], NOON)
        notices.mark_told(db, *first[:2])
    assert untold(store) == [(2, TOLD, english)]
