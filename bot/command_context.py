"""A command or a button press as it reached the bot: who acts, where, with which arguments, and how to answer."""

import asyncio
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial

from sqlalchemy.exc import SQLAlchemyError
from telegram import CallbackQuery, Chat, InlineKeyboardMarkup, LinkPreviewOptions, Message, ReplyParameters, User
from telegram.constants import ChatType
from telegram.error import TelegramError

from bot import phrasing, telegram_errors
from bot.context import Context
from bot.entities import extract_entities
from bot.flood_control import Person
from pipeline.i18n import Translator, translator
from pipeline.records import Language, LazyString
from pipeline.store import chats
from pipeline.store.chat_charts import Destination

log = logging.getLogger(__name__)

GROUPS = (ChatType.GROUP, ChatType.SUPERGROUP)
RETRY_DELAY_S = 1.0


class AnswerFormat(Enum):
    """How an answer is sent: in full; without links and as no reply; without a keyboard and outside the topic too."""

    FULL = auto()
    PLAIN = auto()
    BARE = auto()


@dataclass(frozen=True)
class CommandContext:
    """message: the command, or the message whose button was pressed. user_id: None for a post in a channel.

    args: the words after the command, or of the button's data. query: the press, None for a command.
    """

    context: Context
    message: Message
    user_id: int | None
    args: list[str]
    query: CallbackQuery | None = None

    @property
    def chat_id(self) -> int:
        return self.message.chat.id

    @property
    def thread_id(self) -> int | None:
        """The forum topic of the message."""
        return self.message.message_thread_id if self.message.is_topic_message else None

    @property
    def destination(self) -> Destination:
        """Where a chart goes: for a press into its message, for a command into one that is yet to be sent."""
        return Destination(self.chat_id, self.thread_id, self.message.message_id if self.query else None)

    @property
    def in_group(self) -> bool:
        return self.message.chat.type in GROUPS

    @property
    def person(self) -> Person:
        """Who acts, for flood control and for the share of chats that one person may bring."""
        return _person(self.message, self.user_id, pressed=self.query is not None)

    async def translator(self) -> Translator:
        """The translator for the chat's language."""
        user = self.query.from_user if self.query else self.message.from_user
        return await translator_of(self.context, self.message.chat, user)

    async def answer(self, *lines: LazyString, keyboard: InlineKeyboardMarkup | None = None) -> int | None:
        """Send the lines as one message to the same chat and topic; in a group as a reply to the command.

        An answer that is refused for an unknown reason is repeated, and then sent more and more plainly.
        Returns the message's id; None where Telegram refused it or may not have got it.
        """
        for answer_format in (AnswerFormat.FULL, *AnswerFormat):
            try:
                return (await self._send(lines, keyboard, answer_format)).message_id
            except TelegramError as error:
                failure = telegram_errors.classify(error)
            log.warning("chat %d was not answered: %s", self.chat_id, failure.text)
            if failure.kind not in telegram_errors.UNKNOWN_REFUSALS:
                break
            await asyncio.sleep(RETRY_DELAY_S)
        await self.context.update_chat(self.chat_id, failure)
        return None

    @contextmanager
    def ignoring_refusal(self) -> Iterator[None]:
        """Log Telegram's errors in the block, which edits a message of the bot, instead of raising them."""
        try:
            yield
        except TelegramError as error:
            reason = telegram_errors.classify(error).text
            log.info("a message in chat %d was not edited: %s", self.chat_id, reason)

    async def _send(
        self, lines: Iterable[LazyString], keyboard: InlineKeyboardMarkup | None, answer_format: AnswerFormat
    ) -> Message:
        gettext = (await self.translator()).gettext
        text, entities = extract_entities(phrasing.fit_message("\n".join(gettext(line) for line in lines)))
        send = partial(
            self.message.get_bot().send_message,
            self.chat_id,
            text,
            link_preview_options=LinkPreviewOptions(is_disabled=True),
        )
        match answer_format:
            case AnswerFormat.BARE:
                return await send()
            case AnswerFormat.PLAIN:
                return await send(message_thread_id=self.thread_id, reply_markup=keyboard)
        reply = ReplyParameters(self.message.message_id, allow_sending_without_reply=True) if self.in_group else None
        return await send(
            entities=entities, message_thread_id=self.thread_id, reply_markup=keyboard, reply_parameters=reply
        )


def _person(message: Message, user_id: int | None, *, pressed: bool) -> Person:
    """The chat that speaks, or else the user. Telegram gives all who speak in a chat's name one and the same user."""
    if message.sender_chat is not None and not pressed:
        return message.sender_chat.id
    return message.chat.id if user_id is None else user_id


async def translator_of(context: Context, chat: Chat, user: User | None) -> Translator:
    """The translator for the chat's stored language; for an unknown private chat for the user's own language."""
    try:
        language = await context.read(chats.language, chat.id)
    except SQLAlchemyError:  # the answer that the database is away needs a language too
        language = None
    return translator(language or _default_language(chat, user))


def _default_language(chat: Chat, user: User | None) -> Language:
    """The language of the user's client in a private chat, by the first two letters of its tag, such as es-MX."""
    tag = (user.language_code if user and chat.type == ChatType.PRIVATE else None) or ""
    return next((language for language in Language if language == tag[:2].lower()), Language.ENGLISH)
