"""A command as it reached the bot: who says what where, and how to answer."""

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

log = logging.getLogger(__name__)

GROUPS = (ChatType.GROUP, ChatType.SUPERGROUP)


AGAIN_S = 1.0


class Way(Enum):
    """How an answer is sent: as it should be; without links and as no reply; as mere text, if all else is refused."""

    USUAL = auto()
    PLAIN = auto()
    BARE = auto()


@dataclass(frozen=True)
class CommandContext:
    """words: what follows the command. query: the button that was pressed, if it was one."""

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
        return self.message.message_thread_id if self.message.is_topic_message else None

    @property
    def in_group(self) -> bool:
        return self.message.chat.type in GROUPS

    async def translator(self) -> Translator:
        person = self.query.from_user if self.query else self.message.from_user
        return await translator_of(self.context, self.message.chat, person)

    @property
    def person(self) -> Person:
        return person(self.message, self.user_id, pressed=self.query is not None)

    async def answer(self, *lines: LazyString, keyboard: InlineKeyboardMarkup | None = None) -> int | None:
        """Say something in the same chat and topic; in a group as a reply, so that it is clear to whom.

        Returns the message's id, or None where Telegram did not take it, or did not say so.
        """
        for way in (Way.USUAL, *Way):  # a refusal that nobody knows may pass by itself
            try:
                return (await self._send(lines, keyboard, way)).message_id
            except TelegramError as error:
                failure = telegram_errors.classify(error)
            log.warning("chat %d was not answered: %s", self.chat_id, failure.text)
            if failure.kind not in telegram_errors.UNKNOWN_REFUSALS:
                break
            await asyncio.sleep(AGAIN_S)
        await self.context.follow(self.chat_id, failure)
        return None

    @contextmanager
    def unless_refused(self) -> Iterator[None]:
        """Change a message that the bot wrote, if Telegram lets it."""
        try:
            yield
        except TelegramError as error:
            log.info("a message in chat %d stays as it was: %s", self.chat_id, telegram_errors.classify(error).text)

    async def _send(self, lines: Iterable[LazyString], keyboard: InlineKeyboardMarkup | None, way: Way) -> Message:
        said = await self.translator()
        plain, entities = extract_entities(phrasing.fit_message("\n".join(said.gettext(line) for line in lines)))
        reply = ReplyParameters(self.message.message_id, allow_sending_without_reply=True) if self.in_group else None
        send = partial(
            self.message.get_bot().send_message,
            self.chat_id,
            plain,
            link_preview_options=LinkPreviewOptions(is_disabled=True),
        )
        match way:
            case Way.BARE:
                return await send()
            case Way.PLAIN:
                return await send(message_thread_id=self.thread_id, reply_markup=keyboard)
        return await send(
            entities=entities, message_thread_id=self.thread_id, reply_markup=keyboard, reply_parameters=reply
        )


def person(message: Message, user_id: int | None, *, pressed: bool) -> Person:
    """Who acts. Telegram lends one user to all who speak as a chat, so that these are told by the chat."""
    if message.sender_chat is not None and not pressed:
        return message.sender_chat.id
    return message.chat.id if user_id is None else user_id


async def translator_of(context: Context, chat: Chat, person: User | None) -> Translator:
    """The language that the chat has chosen; until it is known, a private chat has the person's own."""
    try:
        chosen = await context.read(chats.language, chat.id)
    except SQLAlchemyError:  # that the database is away must be told too
        chosen = None
    return translator(chosen or _first(chat, person))


def _first(chat: Chat, person: User | None) -> Language:
    """Telegram's tags may be es-MX or worse."""
    tag = (person.language_code if person and chat.type == ChatType.PRIVATE else None) or ""
    return next((each for each in Language if each == tag[:2].lower()), Language.ENGLISH)
