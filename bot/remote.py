"""Commands about another chat: an admin of a channel writes them to the bot in private, as in /subscribe in @channel.

What names a channel, so that no account is taken for one: the word "in" (or "to", in Spanish "en") before its @name or
its id. Where a command takes only accounts that are tracked, an untracked @name as its first word is a channel too, if
the bot is an admin of a channel of that name; a tracked account always stays an account.
"""

import re
from dataclasses import replace
from enum import Enum, auto
from itertools import pairwise

from telegram import ChatFullInfo, ChatMember, ChatMemberAdministrator
from telegram.constants import ChatType
from telegram.error import BadRequest, Forbidden, TelegramError

from bot import phrasing
from bot.command_context import CommandContext
from bot.keywords import PREPOSITIONS
from pipeline.errors import UserError
from pipeline.i18n import lazy_gettext
from pipeline.store import chats

ADMINS = (ChatMember.OWNER, ChatMember.ADMINISTRATOR)
CHANNEL_NAME = re.compile(r"@[A-Za-z]\w{3,31}", re.ASCII)
CHAT_ID = re.compile(r"-[0-9]{5,16}")
UNANSWERED = lazy_gettext("Telegram did not say whether you are an admin there. Try again in a minute.")


class Remote(Enum):
    """How a command names the chat that it is about. MARKED: after "in". NAMED: its first word may be the name too."""

    NO = auto()
    MARKED = auto()
    NAMED = auto()


async def find_target(command_context: CommandContext, remote: Remote) -> CommandContext | None:
    """The command as one about the chat that its arguments name; None where they name none.

    Raises UserError where the person or the bot may not do that there.
    """
    if remote is Remote.NO or command_context.message.chat.type != ChatType.PRIVATE:
        return None
    words = command_context.args
    for index, (word, name) in enumerate(pairwise(words)):
        if word.lower() in PREPOSITIONS and (CHANNEL_NAME.fullmatch(name) or CHAT_ID.fullmatch(name)):
            rest = [*words[:index], *words[index + 2 :]]
            return replace(await enter(command_context, name), args=rest)
    if remote is Remote.NAMED and words and await _names_channel(command_context, words[0]):
        return replace(await enter(command_context, words[0]), args=words[1:])
    return None


async def enter(command_context: CommandContext, name: str | int) -> CommandContext:
    """The command as one about the chat with this @name or id.

    Raises UserError unless the person is an admin there, and the bot may post there.
    """
    chat = await _find_chat(command_context, name)
    shown = phrasing.quote(chat.title or str(name))
    bot = command_context.message.get_bot()
    if not _may_post(await _member(command_context, chat, bot.id), chat):
        raise UserError(
            lazy_gettext("I may not post in {chat}. Make me an admin there who may post, and try again.", chat=shown)
        )
    person = await _member(command_context, chat, command_context.user_id or 0)
    if person is None or person.status not in ADMINS:
        raise UserError(lazy_gettext("Only admins of {chat} may do that.", chat=shown))
    return replace(command_context, target=chat)


async def _find_chat(command_context: CommandContext, name: str | int) -> ChatFullInfo:
    """The channel or group. Raises UserError where there is none that the bot sees."""
    try:
        chat = await command_context.message.get_bot().get_chat(name)
    except (BadRequest, Forbidden):
        chat = None
    except TelegramError:
        raise UserError(UNANSWERED) from None
    if chat is None or chat.type == ChatType.PRIVATE:
        raise UserError(
            lazy_gettext(
                "I am in no channel {name}. Add me there as an admin who may post, and try again.",
                name=phrasing.quote(str(name)),
            )
        )
    return chat


async def _names_channel(command_context: CommandContext, name: str) -> bool:
    """Whether the name is that of a channel where the bot is an admin, and of no account that is tracked here."""
    if not CHANNEL_NAME.fullmatch(name):
        return False
    tracked = await command_context.context.read(chats.list_tracked_accounts, command_context.message.chat.id)
    if name[1:].lower() in {account.handle.lower() for account in tracked}:
        return False
    bot = command_context.message.get_bot()
    try:
        chat = await bot.get_chat(name)
        return chat.type == ChatType.CHANNEL and (await bot.get_chat_member(chat.id, bot.id)).status in ADMINS
    except TelegramError:  # such as for a name that nobody has
        return False


async def _member(command_context: CommandContext, chat: ChatFullInfo, user_id: int) -> ChatMember | None:
    """Who the user is there; None where Telegram does not let the bot know. Raises UserError where it is away."""
    try:
        return await command_context.message.get_bot().get_chat_member(chat.id, user_id)
    except (BadRequest, Forbidden):
        return None
    except TelegramError:
        raise UserError(UNANSWERED) from None


def _may_post(bot: ChatMember | None, chat: ChatFullInfo) -> bool:
    """In a channel an admin needs the right to; in a group every member may, unless restricted."""
    if chat.type == ChatType.CHANNEL:
        return isinstance(bot, ChatMemberAdministrator) and bool(bot.can_post_messages)
    return bot is not None and bot.status in {*ADMINS, ChatMember.MEMBER}
