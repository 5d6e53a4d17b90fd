"""Telegram's answers, received through python-telegram-bot, are classified by what the bot must do."""

import json
from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
from telegram import Bot
from telegram.error import TelegramError
from telegram.request import HTTPXRequest

from bot.telegram_errors import ErrorKind, Failure, classify

TOKEN = "4242:marked-telegram-token-0123456789"
GATEWAY = "<html><head><title>502 Bad Gateway</title></head></html>"
MIGRATED = "Bad Request: group chat was upgraded to a supergroup chat"


async def trouble(reply: Callable[[httpx.Request], httpx.Response]) -> Failure:
    """The failure of a message that this function answers instead of Telegram."""
    request = HTTPXRequest(httpx_kwargs={"transport": httpx.MockTransport(reply)})
    with pytest.raises(TelegramError) as caught:
        await Bot(TOKEN, request=request).send_message(5, "hi")
    return classify(caught.value)


async def refusal(status: int, description: str, **parameters: int) -> Failure:
    body = {"ok": False, "error_code": status, "description": description, "parameters": parameters}
    return await trouble(lambda _: httpx.Response(status, content=json.dumps(body)))


@pytest.mark.parametrize(
    ("status", "description", "kind"),
    [
        (
            400,
            "Bad Request: message is not modified: specified new message content and reply markup",
            ErrorKind.NOT_MODIFIED,
        ),
        (400, "Bad Request: message to edit not found", ErrorKind.MESSAGE_GONE),
        (400, "Bad Request: MESSAGE_ID_INVALID", ErrorKind.MESSAGE_GONE),
        (400, "Bad Request: message can't be edited", ErrorKind.MESSAGE_GONE),
        (400, "Bad Request: message media can't be edited", ErrorKind.MESSAGE_GONE),
        (400, "Bad Request: chat not found", ErrorKind.CHAT_GONE),
        (400, "Bad Request: private chat not found", ErrorKind.CHAT_GONE),
        (400, "Bad Request: PEER_ID_INVALID", ErrorKind.CHAT_GONE),
        (400, "Bad Request: group is deactivated", ErrorKind.CHAT_GONE),
        (403, "Forbidden: bot was blocked by the user", ErrorKind.CHAT_GONE),
        (403, "Forbidden: user is deactivated", ErrorKind.CHAT_GONE),
        (403, "Forbidden: bot was kicked from the supergroup chat", ErrorKind.CHAT_GONE),
        (403, "Forbidden: bot is not a member of the channel chat", ErrorKind.CHAT_GONE),
        (403, "Forbidden: the group chat was deleted", ErrorKind.CHAT_GONE),
        (400, "Bad Request: wrong file identifier/HTTP URL specified", ErrorKind.FILE_GONE),
        (400, "Bad Request: wrong remote file identifier specified: Wrong string length", ErrorKind.FILE_GONE),
        (400, "Bad Request: wrong file_id or the file is temporarily unavailable", ErrorKind.FILE_GONE),
        (400, "Bad Request: not enough rights to send photos to the chat", ErrorKind.NO_RIGHTS),
        (400, "Bad Request: have no write access to the chat", ErrorKind.NO_RIGHTS),
        (400, "Bad Request: CHAT_WRITE_FORBIDDEN", ErrorKind.NO_RIGHTS),
        (400, "Bad Request: CHAT_SEND_PHOTOS_FORBIDDEN", ErrorKind.NO_RIGHTS),
        (400, "Bad Request: need administrator rights in the channel chat", ErrorKind.NO_RIGHTS),
        (400, "Bad Request: message thread not found", ErrorKind.TOPIC_GONE),
        (400, "Bad Request: TOPIC_CLOSED", ErrorKind.TOPIC_GONE),
        (400, "Bad Request: TOPIC_DELETED", ErrorKind.TOPIC_GONE),
        (400, "Bad Request: PHOTO_INVALID_DIMENSIONS", ErrorKind.REFUSED),
        (429, "Too Many Requests", ErrorKind.RETRY),
        (500, "Internal Server Error", ErrorKind.RETRY),
    ],
)
async def test_a_refusal_is_classified_by_its_text(status: int, description: str, kind: ErrorKind) -> None:
    assert (await refusal(status, description)).kind is kind


async def test_telegrams_parameters_give_the_delay_and_the_new_chat_id() -> None:
    waiting = await refusal(429, "Too Many Requests: retry after 250", retry_after=250)
    assert (waiting.kind, waiting.delay) == (ErrorKind.RETRY, timedelta(seconds=250))
    moved = await refusal(400, MIGRATED, migrate_to_chat_id=-1005)
    assert (moved.kind, moved.new_chat_id) == (ErrorKind.CHAT_MOVED, -1005)


@pytest.mark.parametrize("status", [200, 502, 504])
async def test_an_answer_that_is_not_telegrams_is_uncertain(status: int) -> None:
    assert (await trouble(lambda _: httpx.Response(status, content=GATEWAY))).kind is ErrorKind.UNCERTAIN


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (httpx.ReadTimeout, ErrorKind.UNCERTAIN),
        (httpx.WriteTimeout, ErrorKind.UNCERTAIN),
        (httpx.ReadError, ErrorKind.UNCERTAIN),
        (httpx.RemoteProtocolError, ErrorKind.UNCERTAIN),
        (httpx.ConnectTimeout, ErrorKind.RETRY),
        (httpx.ConnectError, ErrorKind.RETRY),
        (httpx.PoolTimeout, ErrorKind.RETRY),
    ],
)
async def test_only_a_request_without_a_connection_surely_did_not_arrive(
    failure: type[Exception], kind: ErrorKind
) -> None:
    def fail(_request: httpx.Request) -> httpx.Response:
        raise failure("made up")

    assert (await trouble(fail)).kind is kind
