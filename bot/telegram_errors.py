"""What Telegram's errors mean for what was to be shown or said. The only place that reads their texts."""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto

import httpx
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, RetryAfter, TelegramError

REFUSED_WAIT = timedelta(hours=1)
FAILED_WAIT = timedelta(seconds=20)
ASKS_TO_WAIT = "Telegram asks to wait"
UNREACHED = "Telegram cannot be reached"
UNANSWERED = "Telegram did not answer, or not in its own words"
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class ErrorKind(Enum):
    """What is to be done. UNSURE: it may have arrived. WAIT: it did not, and may be tried again.

    REFUSED, BARRED: a refusal, or one of the whole chat, that nobody knows: Telegram is free to invent such.
    """

    SHOWN = auto()
    CHAT_GONE = auto()
    CHAT_MOVED = auto()
    MESSAGE_GONE = auto()
    FILE_GONE = auto()
    NO_RIGHTS = auto()
    TOPIC_GONE = auto()
    REFUSED = auto()
    BARRED = auto()
    UNSURE = auto()
    WAIT = auto()


@dataclass(frozen=True)
class Failure:
    """wait: how long to leave the subscription alone. chat_id: where the chat is now.

    told: Telegram itself says that it failed; where it only asks to wait, nothing has failed.
    """

    kind: ErrorKind
    text: str
    wait: timedelta = timedelta(0)
    chat_id: int | None = None
    told: bool = False


TEXTS = {
    "message is not modified": ErrorKind.SHOWN,
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

FOR_PEOPLE = {ErrorKind.NO_RIGHTS, ErrorKind.TOPIC_GONE}
"""What stays until somebody mends it."""
UNKNOWN = {ErrorKind.REFUSED, ErrorKind.BARRED}
"""What may pass, or may be done in another way."""


def classify(error: TelegramError) -> Failure:
    """Telegram has no codes for these: its texts, as the server's source has them, are all there is."""
    text = str(error)
    match error:
        case RetryAfter():
            return Failure(ErrorKind.WAIT, ASKS_TO_WAIT, asked_wait(error))
        case ChatMigrated():
            return Failure(ErrorKind.CHAT_MOVED, text, chat_id=error.new_chat_id)
        case Forbidden() | BadRequest() | InvalidToken():
            kinds = (kind for part, kind in TEXTS.items() if part in text.lower())
            kind = next(kinds, ErrorKind.BARRED if isinstance(error, Forbidden) else ErrorKind.REFUSED)
            return Failure(kind, text, REFUSED_WAIT if kind in FOR_PEOPLE else FAILED_WAIT, told=True)
        case _ if _may_have_arrived(error):
            return Failure(ErrorKind.UNSURE, UNANSWERED, FAILED_WAIT)
        case _ if error.__cause__ is None:
            return Failure(ErrorKind.WAIT, text, FAILED_WAIT, told=True)
        case _:
            return Failure(ErrorKind.WAIT, UNREACHED, FAILED_WAIT)


def _may_have_arrived(error: TelegramError) -> bool:
    """An error of Telegram's own has no cause. Others do: no connection, none in time, one that was cut, HTML."""
    return error.__cause__ is not None and not isinstance(error.__cause__, NOT_SENT)


def asked_wait(error: RetryAfter) -> timedelta:
    """How long Telegram asks to wait."""
    wait = error.retry_after
    return wait if isinstance(wait, timedelta) else timedelta(seconds=wait)
