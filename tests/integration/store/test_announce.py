"""Who hears what of X's money, and how often."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from pipeline.i18n import translator
from pipeline.records import Comparison, Language, Mode, Profile, State
from pipeline.sources.x.facts import X
from pipeline.steps.announce import announce
from pipeline.store import Store, accounts, chats, comparisons, notices, subscriptions
from pipeline.store.ledger import Money
from pipeline.store.tables import Subscription
from tests.integration.store.conftest import NOON
from tests.toy_network.facts import TOY

ADMIN, OF_X, OF_TOY, UNSUBSCRIBED = 9, 1, 2, 3
TOMORROW, NEXT_MONTH = "24 Nov 00:00 UTC", "1 Dec 00:00 UTC"


@pytest.fixture(autouse=True)
def _chats(store: Store) -> None:
    with store.write_session() as db:
        for chat_id, network in ((OF_X, "x"), (OF_TOY, "toy"), (UNSUBSCRIBED, "x")):
            accounts.save_profiles(db, [Profile("a", State.ACTIVE, "1")], network, NOON)
            chats.add(db, chat_id, NOON)
            chats.track(db, chat_id, [accounts.find_by_remote_ids(db, ["1"], network)[0].id], NOON)
            if chat_id != UNSUBSCRIBED:
                row = comparisons.get_or_create(db, Comparison(()))
                asked = {"comparison_id": row.id, "all_tracked": True, "mode": Mode.LIVE, "min_version": 0}
                subscriptions.add(db, Subscription(chat_id=chat_id, next_at=NOON, **asked))


def money(today: str, month: str, daily: str = "5", monthly: str = "50", at: datetime = NOON) -> Money:
    return Money(at.date(), *map(Decimal, (today, month, daily, monthly)))


def hear(store: Store, *told: Money, now: datetime = NOON) -> dict[int, list[str]]:
    """What each chat is sent after all this was announced, each twice, and then nothing more."""
    with store.write_session() as db:
        for each in told * 2:
            announce(db, X, each, now)
        unsent = notices.list_unsent(db, [ADMIN], now)
        for notice_id, chat_id, *_ in unsent:
            notices.mark_sent(db, notice_id, chat_id)
    heard: dict[int, list[str]] = {}
    for _, chat_id, text, _ in unsent:
        heard.setdefault(chat_id, []).append(translator(Language.ENGLISH).gettext(text))
    return heard


def test_nothing_is_told_while_less_than_80_percent_is_spent(store: Store) -> None:
    assert hear(store, money("3.995", "39.995"), money("0", "0")) == {}


@pytest.mark.parametrize(
    ("spent", "text", "until"),
    [
        (("4", "20"), "$4.00 of today's $5.00 for X is spent.", TOMORROW),
        (("1", "40"), "$40.00 of this month's $50.00 for X is spent.", NEXT_MONTH),
    ],
)
def test_the_admins_alone_hear_once_that_80_percent_is_spent(
    store: Store, spent: tuple[str, str], text: str, until: str
) -> None:
    heard = hear(store, money(*spent))
    assert heard.keys() == {ADMIN}
    [told] = heard[ADMIN]
    assert told.startswith(text)
    assert until in told
    later = money(str(Decimal(spent[0]) + Decimal("0.5")), str(Decimal(spent[1]) + Decimal("0.5")))
    assert hear(store, later) == {}


@pytest.mark.parametrize(
    ("spent", "text", "until"),
    [
        (("5", "20"), "Today's money for X is spent.", TOMORROW),
        (("4.98", "20"), "Today's money for X is spent.", TOMORROW),
        (("1", "50"), "This month's money for X is spent.", NEXT_MONTH),
        (("5.5", "20"), "Today's money for X is spent.", TOMORROW),
    ],
)
def test_at_the_stop_the_admins_and_the_subscribed_chats_of_the_network_hear_until_when_new_posts_wait(
    store: Store, spent: tuple[str, str], text: str, until: str
) -> None:
    heard = hear(store, money(*spent))
    assert heard.keys() == {ADMIN, OF_X}
    [told] = heard[OF_X]
    assert heard[ADMIN] == [told]
    assert told.startswith(text)
    assert "Posts already paid for today keep updating" in told
    assert until in told
    assert hear(store, money(*spent)) == {}


def test_a_new_day_and_another_limit_are_told_anew(store: Store) -> None:
    day = timedelta(days=1)
    assert hear(store, money("5", "20")).keys() == {ADMIN, OF_X}
    assert hear(store, money("6", "21", daily="6")).keys() == {ADMIN, OF_X}
    assert hear(store, money("5", "26", at=NOON + day), now=NOON + day).keys() == {ADMIN, OF_X}


@pytest.mark.parametrize(("daily", "monthly"), [("0", "50"), ("0.02", "50"), ("5", "0")])
def test_a_limit_that_buys_nothing_is_told_to_the_admins_once_and_is_never_called_spent(
    store: Store, daily: str, monthly: str
) -> None:
    heard = hear(store, money("0", "0", daily, monthly))
    assert heard.keys() == {ADMIN}
    assert len(heard[ADMIN]) == 1
    assert "too low for even one request" in heard[ADMIN][0]
    for days in range(1, 7):
        later = NOON + timedelta(days=days)
        assert hear(store, money("0", "0", daily, monthly, at=later), now=later) == {}


def test_a_limit_smaller_than_a_full_reading_is_not_called_spent_before_it_is(store: Store) -> None:
    assert hear(store, money("0", "0", "0.30"), money("0.1", "0.1", "0.30")) == {}
    assert hear(store, money("0.30", "0.30", "0.30")).keys() == {ADMIN, OF_X}


def test_of_a_network_without_a_price_nothing_is_told(store: Store) -> None:
    with store.write_session() as db:
        announce(db, TOY, money("9", "99"), NOON)
        assert notices.list_unsent(db, [ADMIN], NOON) == []
