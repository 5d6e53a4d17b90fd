"""Who may do what, checked at every command and every button."""

from telegram.constants import ChatMemberStatus, ChatType
from telegram.error import TelegramError

from bot.call import Call
from pipeline import clock
from pipeline.errors import UserError
from pipeline.i18n import lazy_gettext
from pipeline.settings import Settings
from pipeline.store import chats

CHAT_ADMINS = (ChatMemberStatus.OWNER, ChatMemberStatus.ADMINISTRATOR)


async def check(call: Call, *, changes: bool) -> None:
    """Raise UserError where the chat is not served, or where a change is not for this person."""
    allowed = allowed_chats(call.house.settings)
    if allowed and call.chat_id not in allowed:
        raise UserError(
            lazy_gettext(
                "This bot serves only chosen chats. Its owner can add this one: its id is {id}.", id=call.chat_id
            )
        )
    if await call.house.read(chats.is_set_aside, call.chat_id):  # it was not seen to come back, as while the bot slept
        await call.house.write(chats.serve_again, call.chat_id, clock.now())
    if changes and not await _is_chat_admin(call):
        raise UserError(lazy_gettext("In groups only admins may change what is tracked and shown. Ask one of them."))


def allowed_chats(settings: Settings) -> frozenset[int]:
    """The only chats that are served, the owners' private ones among them; none: any chat."""
    return settings.allowed_chats | settings.admin_ids if settings.allowed_chats else settings.allowed_chats


def is_owner(call: Call) -> bool:
    return call.user_id in call.house.settings.admin_ids


async def _is_chat_admin(call: Call) -> bool:
    """Only admins post in channels, though anyone there may press; an anonymous admin speaks as the group itself."""
    if call.message.chat.type == ChatType.PRIVATE or is_owner(call):
        return True
    if call.message.chat.type == ChatType.CHANNEL and call.query is None:
        return True
    if call.query is None and call.message.sender_chat is not None:
        return call.message.sender_chat.id == call.chat_id
    if call.user_id is None:
        return False
    try:
        member = await call.message.get_bot().get_chat_member(call.chat_id, call.user_id)
    except TelegramError:
        problem = lazy_gettext("Telegram did not say whether you are an admin here. Try again in a minute.")
        raise UserError(problem) from None
    return member.status in CHAT_ADMINS
