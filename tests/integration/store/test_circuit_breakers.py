"""How long a service is not called, and who is sent the notice of it."""

from datetime import timedelta

from pipeline.i18n import lazy_gettext
from pipeline.records import DROPBOX, Language
from pipeline.store import Store, circuit_breakers, notices
from tests.conftest import NETWORK
from tests.integration.store.conftest import NOON, add_accounts
from tests.integration.store.test_notices import TEXT, list_recipients, subscribe

HOUR = timedelta(hours=1)
CREDITS = lazy_gettext("X's credits ran out")


def test_a_stop_goes_on_from_its_beginning_until_the_service_answers(store: Store) -> None:
    with store.write_session() as db:
        circuit_breakers.open(db, NETWORK, CREDITS, NOON, NOON + HOUR)
        circuit_breakers.close(db, NETWORK, NOON)
        assert circuit_breakers.find_open(db, NETWORK, NOON), "what was under way before it does not end it"
        again = circuit_breakers.open(db, NETWORK, CREDITS, NOON + HOUR, NOON + 2 * HOUR)
        assert (again.opened_at, again.retry_at) == (NOON, NOON + 2 * HOUR)
        circuit_breakers.half_open(db, NOON + HOUR)
        assert circuit_breakers.find_open(db, NETWORK, NOON + HOUR) is None
        assert circuit_breakers.find(db, NETWORK) is not None
        circuit_breakers.close(db, NETWORK, NOON + HOUR)
        assert not circuit_breakers.any_exist(db)


def test_a_stop_is_told_once_a_day_however_often_it_begins_and_not_once_it_is_over(store: Store) -> None:
    for chat_id in (1, 2, 3):
        subscribe(store, chat_id, Language.ENGLISH)
    add_accounts(store, "a", chat_id=1)
    add_accounts(store, "a", chat_id=2)
    for at in (NOON - 2 * HOUR, NOON - HOUR):
        with store.write_session() as db:
            circuit_breakers.announce(db, circuit_breakers.open(db, NETWORK, CREDITS, at, NOON + HOUR), TEXT)
            if at == NOON - 2 * HOUR:
                [first, _] = notices.list_unsent(db, [], NOON)
                notices.mark_sent(db, *first[:2])
            circuit_breakers.half_open(db, at)
            circuit_breakers.close(db, NETWORK, at)
        assert list_recipients(store) == []
    with store.write_session() as db:
        circuit_breakers.announce(db, circuit_breakers.open(db, NETWORK, CREDITS, NOON, NOON + HOUR), TEXT)
        circuit_breakers.close(db, DROPBOX, NOON + HOUR)
    assert [each[0] for each in list_recipients(store)] == [2], (
        "who heard of it does not hear again, and whom it does not concern does not hear of it"
    )
