"""Polling goes on whatever Telegram answers."""

import json
from typing import Any

import httpx
import pytest
from telegram import Bot
from telegram.error import NetworkError

from bot.polling import PollingRequest
from bot.signs import Signs

TOKEN = "4242:marked-telegram-token-0123456789"
FLOODER = 13
GOOD = {"update_id": 8, "message": {"message_id": 1, "date": 0, "chat": {"id": 5, "type": "private"}, "text": "hi"}}
BAD = {"update_id": 7, "message": {"message_id": 1, "date": 0, "chat": {"id": 5, "type": "private"}, "photo": "?"}}


async def _at_once() -> None:
    """No other bot runs."""


def bot_that_hears(status: int, answer: Any) -> Bot:
    def reply(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, content=answer if isinstance(answer, str) else json.dumps(answer))

    options: dict[str, Any] = {"httpx_kwargs": {"transport": httpx.MockTransport(reply)}}
    polling = PollingRequest(_at_once, lambda person: person == FLOODER, Signs(), connection_pool_size=1, **options)
    return Bot(TOKEN, get_updates_request=polling)


async def test_an_update_that_cannot_be_parsed_is_skipped() -> None:
    updates = await bot_that_hears(200, {"ok": True, "result": [BAD, GOOD]}).get_updates()
    assert [update.update_id for update in updates] == [7, 8]
    assert updates[0].message is None
    assert updates[1].message
    assert updates[1].message.text == "hi"


def said_by(person: int, **what: object) -> dict[str, Any]:
    flooder = {"id": person, "is_bot": False, "first_name": "x"}
    return {"message_id": 1, "date": 5, "chat": {"id": -5, "type": "group"}, "from": flooder} | what


async def test_an_ignored_persons_commands_are_dropped_but_not_telegrams_own_updates() -> None:
    chat = {"id": -5, "type": "group"}
    press = {"id": "1", "from": {"id": FLOODER, "is_bot": False, "first_name": "x"}, "chat_instance": "1", "data": "x"}
    sent = [
        {"update_id": 1, "message": said_by(FLOODER, text="/help")},
        {"update_id": 2, "edited_message": said_by(FLOODER, text="/help")},
        {"update_id": 3, "callback_query": press},
        {"update_id": 4, "message": said_by(14, text="/help")},
        {"update_id": 5, "message": said_by(FLOODER, migrate_to_chat_id=-6)},
        {"update_id": 6, "message": said_by(FLOODER, text="/help", sender_chat=chat)},
        {"update_id": 7, "channel_post": {"message_id": 1, "date": 5, "chat": chat, "text": "/help"}},
    ]
    updates = await bot_that_hears(200, {"ok": True, "result": sent}).get_updates()
    assert [update.update_id for update in updates] == [1, 2, 3, 4, 5, 6, 7]
    assert [bool(update.effective_message or update.callback_query) for update in updates] == [False] * 3 + [True] * 4


@pytest.mark.parametrize("status", [401, 404])
async def test_a_status_that_would_end_polling_is_a_network_error(status: int) -> None:
    bot = bot_that_hears(status, {"ok": False, "error_code": status, "description": "Unauthorized"})
    with pytest.raises(NetworkError):
        await bot.get_updates()


@pytest.mark.parametrize("answer", ["<html>", "[]", '{"ok": false}'])
async def test_an_answer_that_is_not_telegrams_is_a_network_error(answer: str) -> None:
    with pytest.raises(NetworkError):
        await bot_that_hears(200, answer).get_updates()
