"""A command or a button press as it reached the bot: who acts, where, with which arguments, and how to answer."""

import asyncio
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial

from sqlalchemy.exc import SQLAlchemyError
from telegram import (
    CallbackQuery,
    Chat,
    ChatFullInfo,
    ForceReply,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    Message,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
    ReplyParameters,
    User,
)
from telegram.constants import ChatType
from telegram.error import TelegramError

from bot import phrasing, telegram_errors
from bot.context import Context
from bot.entities import extract_entities
from bot.flood_control import Person
from pipeline.i18n import Translator, translator
from pipeline.records import ChatLocale, Language, LazyString
from pipeline.store import chats
from pipeline.store.chat_charts import Destination

log = logging.getLogger(__name__)

Keyboard = InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove | ForceReply
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
    target: the chat that it is about, where that is another than the message's.
    """

    context: Context
    message: Message
    user_id: int | None
    args: list[str]
    query: CallbackQuery | None = None
    target: ChatFullInfo | None = None

    @property
    def chat_id(self) -> int:
        """The chat that the command is about. Its answer goes to the message's own."""
        return self.target.id if self.target else self.message.chat.id

    @property
    def thread_id(self) -> int | None:
        """The forum topic that the command is about."""
        return None if self.target else self._answer_thread_id

    @property
    def _answer_thread_id(self) -> int | None:
        return self.message.message_thread_id if self.message.is_topic_message else None

    @property
    def replied_to(self) -> Message | None:
        """The message of the bot that the command is a reply to."""
        replied_to = self.message.reply_to_message
        # In a forum, a message that replies to nothing comes as a reply to the one that created its topic.
        return replied_to if replied_to and replied_to.forum_topic_created is None else None

    @property
    def destination(self) -> Destination:
        """Where a chart goes: for a press into its message, for a command into one that is yet to be sent."""
        if self.query:
            return Destination(self.chat_id, self.thread_id, self.message.message_id)
        is_own = self.in_group and self.message.sender_chat is None
        return Destination(self.chat_id, self.thread_id, owner_id=self.user_id if is_own else None)

    @property
    def replied(self) -> Message | None:
        """The message that this one is a reply to; each message of a topic is one to the topic's first, too."""
        replied = self.message.reply_to_message
        return None if replied is None or replied.forum_topic_created else replied

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

    async def answer(self, *lines: LazyString, keyboard: Keyboard | None = None) -> int | None:
        """Send the lines as one message to the same chat and topic; in a group as a reply to the command.

        An answer that is refused for an unknown reason is repeated, and then sent more and more plainly.
        Returns the message's id; None where Telegram refused it or may not have got it.
        """
        for answer_format in (AnswerFormat.FULL, *AnswerFormat):
            try:
                return (await self._send(lines, keyboard, answer_format)).message_id
            except TelegramError as error:
                failure = telegram_errors.classify(error)
            log.warning("chat %d was not answered: %s", self.message.chat.id, failure.text)
            if failure.kind not in telegram_errors.UNKNOWN_REFUSALS:
                break
            await asyncio.sleep(RETRY_DELAY_S)
        await self.context.update_chat(self.message.chat.id, failure)
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
        self, lines: Iterable[LazyString], keyboard: Keyboard | None, answer_format: AnswerFormat
    ) -> Message:
        gettext = (await self.translator()).gettext
        text, entities = extract_entities(phrasing.fit_message("\n".join(gettext(line) for line in lines)))
        send = partial(
            self.message.get_bot().send_message,
            self.message.chat.id,
            text,
            link_preview_options=LinkPreviewOptions(is_disabled=True),
        )
        match answer_format:
            case AnswerFormat.BARE:
                return await send()
            case AnswerFormat.PLAIN:
                return await send(message_thread_id=self._answer_thread_id, reply_markup=keyboard)
        reply = ReplyParameters(self.message.message_id, allow_sending_without_reply=True) if self.in_group else None
        return await send(
            entities=entities, message_thread_id=self._answer_thread_id, reply_markup=keyboard, reply_parameters=reply
        )


def _person(message: Message, user_id: int | None, *, pressed: bool) -> Person:
    """The chat that speaks, or else the user. Telegram gives all who speak in a chat's name one and the same user."""
    if message.sender_chat is not None and not pressed:
        return message.sender_chat.id
    return message.chat.id if user_id is None else user_id


async def translator_of(context: Context, chat: Chat, user: User | None) -> Translator:
    """The translator for the chat's language and time zone; for an unknown private chat for the user's own language."""
    try:
        locale = await context.read(chats.locale, chat.id)
    except SQLAlchemyError:  # the answer that the database is away needs a language too
        locale = None
    return translator(*(locale or ChatLocale(language_of(user if chat.type == ChatType.PRIVATE else None))))


def language_of(user: User | None) -> Language:
    """The language of the user's client, by the first two letters of its tag, such as es-MX."""
    tag = (user.language_code if user else None) or ""
    return next((language for language in Language if language == tag[:2].lower()), Language.ENGLISH)
