"""Who may do what, checked for every command and every press."""

from telegram.constants import ChatMemberStatus, ChatType
from telegram.error import TelegramError

from bot.command_context import CommandContext
from pipeline import clock
from pipeline.errors import UserError
from pipeline.i18n import lazy_gettext
from pipeline.settings import Settings
from pipeline.store import chats

OWNERS_ONLY = lazy_gettext("Only the bot's owner can use that, in a private chat with the bot.")
ADMINS_ONLY = lazy_gettext("Only admins can change what is tracked and shown here. Ask one of them.")
CHAT_ADMINS = (ChatMemberStatus.OWNER, ChatMemberStatus.ADMINISTRATOR)


async def check(command_context: CommandContext, *, changes: bool) -> None:
    """Raise UserError where the chat is not served, or where the action changes something and the person may not.

    An inactive chat becomes active: its return may have been missed while the bot was down.
    """
    context, chat_id = command_context.context, command_context.chat_id
    allowed = allowed_chats(context.settings)
    if allowed and chat_id not in allowed:
        raise UserError(
            lazy_gettext(
                "This bot works only in chats that its owner has chosen. The owner can add this one; its id is {id}.",
                id=chat_id,
            )
        )
    if await context.read(chats.is_inactive, chat_id):
        await context.write(chats.reactivate, chat_id, clock.now())
    if changes and not await is_chat_admin(command_context):
        raise UserError(ADMINS_ONLY)


def check_owner(command_context: CommandContext) -> None:
    """Raise UserError for anybody but an owner in private. It asks nothing of the database."""
    if not sees_all(command_context):
        raise UserError(OWNERS_ONLY)


def allowed_chats(settings: Settings) -> frozenset[int]:
    """The only chats that are served, with the owners' private chats; empty where every chat is served."""
    return settings.allowed_chats | settings.admin_ids if settings.allowed_chats else settings.allowed_chats


def is_owner(command_context: CommandContext) -> bool:
    return command_context.user_id in command_context.context.settings.admin_ids


def sees_all(command_context: CommandContext) -> bool:
    """Whether what is told may concern all chats and the bot's whole bill: to an owner, in private."""
    return is_owner(command_context) and command_context.message.chat.type == ChatType.PRIVATE


async def is_chat_admin(command_context: CommandContext) -> bool:
    """Whether the person may change what the chat has.

    In a channel only admins post, but everybody may press. An anonymous admin writes in the group's own name.
    """
    message, is_press = command_context.message, command_context.query is not None
    if message.chat.type == ChatType.PRIVATE or is_owner(command_context):
        return True
    if message.chat.type == ChatType.CHANNEL and not is_press:
        return True
    if message.sender_chat is not None and not is_press:
        return message.sender_chat.id == message.chat.id
    if command_context.user_id is None:
        return False
    try:
        member = await message.get_bot().get_chat_member(message.chat.id, command_context.user_id)
    except TelegramError:
        problem = lazy_gettext("I couldn't check with Telegram whether you are an admin here. Try again in a minute.")
        raise UserError(problem) from None
    return member.status in CHAT_ADMINS
