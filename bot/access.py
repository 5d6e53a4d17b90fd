"""Who may do what, checked at every command and every button."""

from telegram.constants import ChatMemberStatus, ChatType
from telegram.error import TelegramError

from bot.command_context import CommandContext
from pipeline import clock
from pipeline.errors import UserError
from pipeline.i18n import lazy_gettext
from pipeline.settings import Settings
from pipeline.store import chats

CHAT_ADMINS = (ChatMemberStatus.OWNER, ChatMemberStatus.ADMINISTRATOR)


async def check(command_context: CommandContext, *, changes: bool) -> None:
    """Raise UserError where the chat is not served, or where a change is not for this person."""
    allowed = allowed_chats(command_context.context.settings)
    if allowed and command_context.chat_id not in allowed:
        raise UserError(
            lazy_gettext(
                "This bot serves only chosen chats. Its owner can add this one: its id is {id}.",
                id=command_context.chat_id,
            )
        )
    if await command_context.context.read(
        chats.is_inactive, command_context.chat_id
    ):  # it was not seen to come back, as while the bot slept
        await command_context.context.write(chats.reactivate, command_context.chat_id, clock.now())
    if changes and not await _is_chat_admin(command_context):
        raise UserError(lazy_gettext("In groups only admins may change what is tracked and shown. Ask one of them."))


def allowed_chats(settings: Settings) -> frozenset[int]:
    """The only chats that are served, the owners' private ones among them; none: any chat."""
    return settings.allowed_chats | settings.admin_ids if settings.allowed_chats else settings.allowed_chats


def is_owner(command_context: CommandContext) -> bool:
    return command_context.user_id in command_context.context.settings.admin_ids


async def _is_chat_admin(command_context: CommandContext) -> bool:
    """Only admins post in channels, though anyone there may press; an anonymous admin speaks as the group itself."""
    if command_context.message.chat.type == ChatType.PRIVATE or is_owner(command_context):
        return True
    if command_context.message.chat.type == ChatType.CHANNEL and command_context.query is None:
        return True
    if command_context.query is None and command_context.message.sender_chat is not None:
        return command_context.message.sender_chat.id == command_context.chat_id
    if command_context.user_id is None:
        return False
    try:
        member = await command_context.message.get_bot().get_chat_member(
            command_context.chat_id, command_context.user_id
        )
    except TelegramError:
        problem = lazy_gettext("Telegram did not say whether you are an admin here. Try again in a minute.")
        raise UserError(problem) from None
    return member.status in CHAT_ADMINS
