"""The flood limits, at times that the test sets."""

import pytest

from sandbox.telegram.errors import ApiError
from sandbox.telegram.limits import Limits
from sandbox.telegram.records import Chat

PRIVATE = Chat(7, "private")
GROUP = Chat(-7, "supergroup")


def retry_after(limits: Limits, chat: Chat, now: float) -> int | None:
    try:
        limits.count_message(chat, now)
    except ApiError as error:
        return error.parameters["retry_after"]
    return None


def test_a_private_chat_regains_one_message_a_second() -> None:
    limits = Limits()
    assert [retry_after(limits, PRIVATE, 100.0) for _ in range(6)] == [None] * 5 + [1]
    assert retry_after(limits, PRIVATE, 100.5) == 1
    assert retry_after(limits, PRIVATE, 101.0) is None
    assert retry_after(limits, PRIVATE, 101.0) == 1


def test_a_group_takes_twenty_in_any_minute() -> None:
    limits = Limits()
    assert [retry_after(limits, GROUP, 100.0 + second) for second in range(20)] == [None] * 20
    assert retry_after(limits, GROUP, 120.0) == 40
    assert retry_after(limits, GROUP, 159.5) == 1
    assert retry_after(limits, GROUP, 160.0) is None
    assert retry_after(limits, GROUP, 160.0) == 1


def test_the_bot_as_a_whole_sends_thirty_a_second() -> None:
    limits = Limits()
    chats = [Chat(number, "private") for number in range(1, 101)]
    sent = sum(retry_after(limits, chat, 100.0) is None for chat in chats)
    assert sent == 30
    assert sum(retry_after(limits, chat, 101.0) is None for chat in chats) == 30


def test_a_refused_message_does_not_count() -> None:
    limits = Limits()
    for _ in range(10):
        retry_after(limits, PRIVATE, 100.0)
    assert [retry_after(limits, Chat(number, "private"), 100.0) for number in range(10, 35)] == [None] * 25
    with pytest.raises(ApiError):
        limits.count_call(100.0)
