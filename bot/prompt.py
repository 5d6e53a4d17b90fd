"""The question for accounts to track, whose reply is taken as /track.

In a group the bot sees a plain message only where it is a reply to one of its own (Telegram's privacy mode).
"""

from telegram import ForceReply, Message, MessageEntity, User
from telegram.constants import ChatType
from telegram.ext import filters

from bot import phrasing
from bot.command_context import GROUPS, CommandContext
from pipeline.i18n import lazy_gettext, translator
from pipeline.records import Language, LazyString

MAX_PLACEHOLDER_LENGTH = 64
"""Characters. Source: Telegram's Bot API, ForceReply."""


def _question(examples: str) -> LazyString:
    return lazy_gettext("Which accounts? Reply with their names, for example {examples}", examples=examples)


class RepliesToQuestion(filters.MessageFilter):
    """Replies to the question, in whichever language it was asked."""

    def filter(self, message: Message) -> bool:
        asked = message.reply_to_message
        is_own = asked is not None and asked.from_user is not None and asked.from_user.id == message.get_bot().id
        if asked is None or not is_own or message.text is None or message.text.startswith("/"):
            return False
        return any(_beginning(language) in (asked.text or "") for language in Language)


def _beginning(language: Language) -> str:
    """The question without the examples, which depend on the settings."""
    return translator(language).gettext(_question("{")).partition("{")[0]


async def ask(command_context: CommandContext) -> None:
    """Ask the person who pressed a button; in a group only their client opens a reply. A channel has no replies."""
    message, query = command_context.message, command_context.query
    examples = " ".join(phrasing.example_handles(command_context.context.settings))
    if message.chat.type == ChatType.CHANNEL:
        await command_context.answer(
            lazy_gettext("Post the names here with the command, for example /track {examples}", examples=examples)
        )
        return
    text, entities = (await command_context.translator()).gettext(_question(examples)), []
    if query is not None and message.chat.type in GROUPS:
        name = query.from_user.first_name
        text, entities = f"{name}: {text}", [_mention(query.from_user)]
    with command_context.ignoring_refusal():
        await message.get_bot().send_message(
            command_context.chat_id,
            text,
            entities=entities,
            message_thread_id=command_context.thread_id,
            reply_markup=ForceReply(
                selective=bool(entities), input_field_placeholder=examples[:MAX_PLACEHOLDER_LENGTH]
            ),
        )


def _mention(user: User) -> MessageEntity:
    """A mention of the user at the text's beginning, which "selective" asks for. Telegram counts UTF-16 units."""
    units = len(user.first_name.encode("utf-16-le")) // 2
    return MessageEntity(MessageEntity.TEXT_MENTION, 0, units, user=user)
