"""Presses take their turns in order; one that has to wait is answered at once, and its outcome is told later."""

import asyncio
from functools import partial
from typing import Any

import pytest

from bot import callbacks
from bot.command_context import translator_of
from bot.refusals import OUTDATED_BUTTON
from pipeline.i18n import Translator
from tests.conftest import until
from tests.e2e.chat import Chat, Json
from tests.unit.bot.conftest import Bot
from tests.unit.bot.test_access import LIVE, ROLES, set_up

HELD_S = 2


def press_while_busy(bot: Bot, chat: Chat, data: str, message: Json | None = None) -> tuple[Json, str]:
    """Press a button while a command in the chat is at work for HELD_S. Returns the last message, and what is said.

    message: where the button is; by default a new answer to /settings.
    """
    question = message or chat.answer_to(chat.send("/settings"))
    bot.sandbox.post("faults", service="telegram", method="sendMessage", delay=HELD_S)
    last = chat.messages()[-1]
    chat.send("/id")
    return last, chat.press_and_read(question, data)


@pytest.fixture
def _usual_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callbacks, "ANSWER_WITHIN_S", 0.2)


@pytest.mark.usefixtures("_usual_haste")
@pytest.mark.parametrize(("chat_id", "kind"), [(61, "private"), (-61, "supergroup")])
def test_an_old_button_pressed_while_the_chat_is_busy_is_told_to_be_old(bot: Bot, chat_id: int, kind: str) -> None:
    chat = bot.chat(chat_id, user_id=61, type=kind)
    last, said = press_while_busy(bot, chat, "forget yes")
    assert said == "One moment…"
    assert until(lambda: OUTDATED_BUTTON.msgid in chat.texts_after(last["message_id"]))


@pytest.mark.usefixtures("_usual_haste")
def test_in_a_channel_the_person_is_told_in_private_and_nothing_is_posted_for_all(bot: Bot) -> None:
    channel, person = bot.chat(-62, user_id=62, type="channel"), bot.chat(62)
    before = person.answer_to(person.send("/id"))
    last, said = press_while_busy(bot, channel, "forget yes")
    assert said == "One moment…"
    told = until(lambda: person.texts_after(before["message_id"]))
    assert [text.partition(": ")[2] for text in told] == [OUTDATED_BUTTON.msgid]
    assert not [text for text in channel.texts_after(last["message_id"]) if OUTDATED_BUTTON.msgid in text]


@pytest.mark.usefixtures("_usual_haste")
@pytest.mark.parametrize("kind", ["private", "channel"])
def test_a_refresh_tells_of_the_next_reading_also_while_the_chat_is_busy(bot: Bot, kind: str) -> None:
    admin = next(each for each in ROLES if each.kind == kind)
    setup = set_up(bot, admin, LIVE)
    _, said = press_while_busy(bot, setup.chat, f"refresh {setup.number}", setup.message)
    assert said.startswith("Drawn again from what is stored.")


def test_presses_take_their_turns_in_order_however_long_the_first_ones_language_takes(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    delays = iter([0.5])

    async def slow_at_first(*args: Any) -> Translator:
        await asyncio.sleep(next(delays, 0))
        return await translator_of(*args)

    monkeypatch.setattr("bot.callbacks.translator_of", slow_at_first)
    chat = bot.chat(63)
    question = chat.answer_to(chat.send("/settings"))
    pressed = [chat.press(question, data) for data in ("settings dark", "settings light", "settings es")]
    for number in pressed:
        until(partial(is_answered, bot, number))
    shown = chat.message(question["message_id"])
    chosen = [each["text"] for row in shown["keyboard"] for each in row if each["text"].startswith("• ")]
    assert chosen == ["• Claro", "• Español", "• Con sonido"]


def is_answered(bot: Bot, press: str) -> bool:
    return bool(bot.sandbox.get(f"telegram/callbacks/{press}")["answered"])
