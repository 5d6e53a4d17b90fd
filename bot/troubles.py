"""What Telegram's errors mean for a chart that was to be shown. The only place that reads their texts."""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto

from telegram.error import BadRequest, ChatMigrated, Forbidden, RetryAfter, TelegramError, TimedOut

NO_RIGHTS_WAIT = timedelta(hours=1)
FAILED_WAIT = timedelta(seconds=20)


class Kind(Enum):
    """What is to be done."""

    SHOWN = auto()
    CHAT_GONE = auto()
    CHAT_MOVED = auto()
    MESSAGE_GONE = auto()
    FILE_GONE = auto()
    UNSURE = auto()
    WAIT = auto()


@dataclass(frozen=True)
class Trouble:
    """wait: how long to leave the subscription alone. chat_id: where the chat is now."""

    kind: Kind
    text: str
    wait: timedelta = timedelta(0)
    chat_id: int | None = None


TEXTS = {
    "message is not modified": Kind.SHOWN,
    "message to edit not found": Kind.MESSAGE_GONE,
    "message_id_invalid": Kind.MESSAGE_GONE,
    "can't be edited": Kind.MESSAGE_GONE,
    "chat not found": Kind.CHAT_GONE,
    "peer_id_invalid": Kind.CHAT_GONE,
    "group is deactivated": Kind.CHAT_GONE,
    "wrong file": Kind.FILE_GONE,
    "wrong remote file": Kind.FILE_GONE,
}


def meaning(error: TelegramError) -> Trouble:
    """Telegram has no codes for these: its texts, as the server's source has them, are all there is."""
    text = str(error)
    match error:
        case RetryAfter():
            return Trouble(Kind.WAIT, "Telegram asks to wait", asked_wait(error))
        case ChatMigrated():
            return Trouble(Kind.CHAT_MOVED, text, chat_id=error.new_chat_id)
        case Forbidden():
            return Trouble(Kind.CHAT_GONE, text)
        case BadRequest():
            kinds = (kind for part, kind in TEXTS.items() if part in text.lower())
            return Trouble(next(kinds, Kind.WAIT), text, NO_RIGHTS_WAIT)
        case TimedOut():
            return Trouble(Kind.UNSURE, "Telegram did not answer in time", FAILED_WAIT)
        case _:
            return Trouble(Kind.WAIT, "Telegram cannot be reached", FAILED_WAIT)


def asked_wait(error: RetryAfter) -> timedelta:
    """How long Telegram asks to wait."""
    wait = error.retry_after
    return wait if isinstance(wait, timedelta) else timedelta(seconds=wait)
