"""Telegram's errors, classified by what the bot must do. The only module that reads their texts."""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto

import httpx
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, RetryAfter, TelegramError

CHAT_FAULT_DELAY = timedelta(hours=1)
FAILURE_DELAY = timedelta(seconds=20)
ASKS_TO_WAIT = "Telegram asks to wait"
UNREACHABLE = "Telegram cannot be reached"
NO_WAY_THROUGH = "Telegram cannot be reached through the proxy"
UNANSWERED = "Telegram did not answer, or not in its own words"
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


class ErrorKind(Enum):
    """What an error means for the message that was to be sent or edited.

    NOT_MODIFIED: the message has this content already. RETRY: the request did not arrive and may be repeated.
    UNCERTAIN: it may have arrived. REFUSED, FORBIDDEN: refused for a reason that is not in TEXTS; the latter concerns
    the whole chat.
    """

    NOT_MODIFIED = auto()
    CHAT_GONE = auto()
    CHAT_MOVED = auto()
    MESSAGE_GONE = auto()
    FILE_GONE = auto()
    NO_RIGHTS = auto()
    TOPIC_GONE = auto()
    REFUSED = auto()
    FORBIDDEN = auto()
    UNCERTAIN = auto()
    RETRY = auto()


@dataclass(frozen=True)
class Failure:
    """A classified error.

    delay: how long to wait before the chart is tried again. new_chat_id: of a chat that moved.
    is_telegrams: Telegram itself reported a failure; False where it asks to wait or did not answer.
    """

    kind: ErrorKind
    text: str
    delay: timedelta = timedelta(0)
    new_chat_id: int | None = None
    is_telegrams: bool = False


TEXTS = {
    "message is not modified": ErrorKind.NOT_MODIFIED,
    "message to edit not found": ErrorKind.MESSAGE_GONE,
    "message_id_invalid": ErrorKind.MESSAGE_GONE,
    "can't be edited": ErrorKind.MESSAGE_GONE,
    "chat not found": ErrorKind.CHAT_GONE,
    "peer_id_invalid": ErrorKind.CHAT_GONE,
    "group is deactivated": ErrorKind.CHAT_GONE,
    "bot was blocked": ErrorKind.CHAT_GONE,
    "user is deactivated": ErrorKind.CHAT_GONE,
    "can't initiate conversation": ErrorKind.CHAT_GONE,
    "can't send messages to": ErrorKind.CHAT_GONE,
    "bot was kicked": ErrorKind.CHAT_GONE,
    "bot is not a member": ErrorKind.CHAT_GONE,
    "chat was deleted": ErrorKind.CHAT_GONE,
    "wrong file": ErrorKind.FILE_GONE,
    "wrong remote file": ErrorKind.FILE_GONE,
    "not enough rights": ErrorKind.NO_RIGHTS,
    "no write access": ErrorKind.NO_RIGHTS,
    "need administrator rights": ErrorKind.NO_RIGHTS,
    "chat_write_forbidden": ErrorKind.NO_RIGHTS,
    "chat_send_photos_forbidden": ErrorKind.NO_RIGHTS,
    "chat_restricted": ErrorKind.NO_RIGHTS,
    "chat_admin_required": ErrorKind.NO_RIGHTS,
    "message thread not found": ErrorKind.TOPIC_GONE,
    "topic_closed": ErrorKind.TOPIC_GONE,
    "topic_deleted": ErrorKind.TOPIC_GONE,
}
"""Parts of Telegram's error texts, in lower case. Telegram has no error codes for these cases; the texts are those of
its server: https://github.com/tdlib/telegram-bot-api"""
FIXED_BY_PEOPLE = {ErrorKind.NO_RIGHTS, ErrorKind.TOPIC_GONE}
"""Errors that last until somebody in the chat acts."""
UNKNOWN_REFUSALS = {ErrorKind.REFUSED, ErrorKind.FORBIDDEN}
"""Errors that may pass by themselves, or that another way of sending may avoid."""


def classify(error: TelegramError) -> Failure:
    """What an error of python-telegram-bot means, by its type and Telegram's text."""
    text = str(error)
    match error:
        case RetryAfter():
            return Failure(ErrorKind.RETRY, ASKS_TO_WAIT, requested_wait(error))
        case ChatMigrated():
            return Failure(ErrorKind.CHAT_MOVED, text, new_chat_id=error.new_chat_id)
        case Forbidden() | BadRequest() | InvalidToken():
            kind = _kind_of_refusal(error)
            return Failure(
                kind, text, CHAT_FAULT_DELAY if kind in FIXED_BY_PEOPLE else FAILURE_DELAY, is_telegrams=True
            )
        case _ if _may_have_arrived(error):
            return Failure(ErrorKind.UNCERTAIN, UNANSWERED, FAILURE_DELAY)
        case _ if error.__cause__ is None:
            return Failure(ErrorKind.RETRY, text, FAILURE_DELAY, is_telegrams=True)
        case _:
            is_proxys = isinstance(error.__cause__, httpx.ProxyError)
            return Failure(ErrorKind.RETRY, NO_WAY_THROUGH if is_proxys else UNREACHABLE, FAILURE_DELAY)


def _kind_of_refusal(error: TelegramError) -> ErrorKind:
    text = str(error).lower()
    unknown = ErrorKind.FORBIDDEN if isinstance(error, Forbidden) else ErrorKind.REFUSED
    return next((kind for part, kind in TEXTS.items() if part in text), unknown)


def _may_have_arrived(error: TelegramError) -> bool:
    """Whether the request may have reached Telegram though there is no answer of Telegram's own.

    An error that Telegram reported has no cause. Others do: a connection that failed, timed out or was cut, or an
    answer that is not JSON.
    """
    return error.__cause__ is not None and not isinstance(error.__cause__, NEVER_SENT)


def requested_wait(error: RetryAfter) -> timedelta:
    """How long Telegram asks to wait. python-telegram-bot has seconds here unless PTB_TIMEDELTA is set."""
    wait = error.retry_after
    return wait if isinstance(wait, timedelta) else timedelta(seconds=wait)
