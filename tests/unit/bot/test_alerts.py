"""How people turn alerts on and off, and that an alert comes as a reply to the live chart, once."""

from collections.abc import Iterator
from itertools import count

import pytest

from pipeline import clock
from pipeline.i18n import lazy_gettext
from pipeline.records import AlertKind, Comparison, Language, Mode
from pipeline.store import alerts, chats, comparisons, subscriptions
from pipeline.store.alerts import Listener
from pipeline.store.tables import Subscription
from tests.conftest import until
from tests.e2e.chat import Chat
from tests.unit.bot.conftest import Bot, running

CHATS = count(72_000)


@pytest.fixture(scope="module")
def bot() -> Iterator[Bot]:
    with running() as started:
        yield started


def stored_chat(bot: Bot, language: Language = Language.ENGLISH) -> Chat:
    chat = bot.chat(next(CHATS))
    with bot.store.write_session() as db:
        chats.add(db, chat.id, clock.now(), language)
    return chat


def kinds(bot: Bot, chat: Chat) -> tuple[AlertKind, ...]:
    with bot.store.read_session() as db:
        return alerts.kinds(db, chat.id)


def test_alerts_are_off_until_they_are_turned_on_and_may_be_chosen(bot: Bot) -> None:
    chat = stored_chat(bot)
    assert chat.ask("/alerts").startswith("Alerts are off. /alerts on turns them on.\nbreakouts – ")
    assert kinds(bot, chat) == ()
    assert chat.ask("/alerts on").count("\n") == len(AlertKind)
    assert kinds(bot, chat) == tuple(AlertKind)
    answer = chat.ask("/alerts Milestones breakouts")
    assert "overtakes" not in answer
    assert kinds(bot, chat) == (AlertKind.BREAKOUT, AlertKind.MILESTONE)
    assert "I don't know the word “loud”" in chat.ask("/alerts loud")
    assert len(kinds(bot, chat)) == 2
    assert chat.ask("/alerts off").startswith("Alerts are off.")
    assert "does not track any accounts yet" in bot.chat(next(CHATS)).ask("/alerts on")


def test_spanish_words_do_too(bot: Bot) -> None:
    chat = stored_chat(bot, Language.SPANISH)
    assert chat.ask("/alerts hitos").startswith("Los avisos están activados, 3 al día como mucho.")
    assert kinds(bot, chat) == (AlertKind.MILESTONE,)


def test_an_alert_is_a_reply_to_the_live_chart_and_comes_once(bot: Bot) -> None:
    chat = stored_chat(bot)
    shown = chat.answer_to(chat.send("/id"))["message_id"]
    since = bot.sandbox.last_call()
    text = lazy_gettext(
        "@{riser} has passed @{passed} in the live chart of {metric}.", riser="a", passed="b", metric="c"
    )
    for _ in range(2):
        with bot.store.write_session() as db:
            row = comparisons.get_or_create(db, Comparison(()))
            live = {"comparison_id": row.id, "all_tracked": False, "mode": Mode.LIVE, "min_version": 0}
            added = Subscription(chat_id=chat.id, message_id=shown, next_at=clock.now(), **live)
            listener = Listener(chat.id, (AlertKind.OVERTAKE,), subscription_id=subscriptions.add(db, added).id)
            alerts.publish(db, listener, "overtake 1 2 3", text, clock.now())
    [sent] = until(
        lambda: [each for each in bot.sandbox.calls("telegram", since) if "has passed" in str(each["params"])]
    )
    assert sent["params"]["reply_parameters"] == {"message_id": shown, "allow_sending_without_reply": True}
