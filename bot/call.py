"""A command as it reached the bot: who says what where, and how to answer."""

from dataclasses import dataclass

from telegram import CallbackQuery, InlineKeyboardMarkup, LinkPreviewOptions, Message, ReplyParameters
from telegram.constants import ChatType

from bot import links, words
from bot.house import House
from pipeline.records import Language

GROUPS = (ChatType.GROUP, ChatType.SUPERGROUP)


@dataclass(frozen=True)
class Call:
    """words: what follows the command. query: the button that was pressed, if it was one."""

    house: House
    message: Message
    user_id: int | None
    words: list[str]
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

    @property
    def language(self) -> Language:
        """The person's own in a private chat; a group chooses with /settings. Telegram's tags may be es-MX or worse."""
        person = self.message.from_user if self.message.chat.type == ChatType.PRIVATE else None
        tag = (person.language_code if person else None) or ""
        return next((each for each in Language if each == tag[:2].lower()), Language.ENGLISH)

    async def answer(self, text: str, keyboard: InlineKeyboardMarkup | None = None) -> Message:
        """Say something in the same chat and topic; in a group as a reply, so that it is clear to whom."""
        text = words.cut(text)
        reply = ReplyParameters(self.message.message_id, allow_sending_without_reply=True) if self.in_group else None
        return await self.message.get_bot().send_message(
            self.chat_id,
            text,
            entities=links.to_profiles(text),
            link_preview_options=LinkPreviewOptions(is_disabled=True),
            message_thread_id=self.thread_id,
            reply_markup=keyboard,
            reply_parameters=reply,
        )
