"""Handlers of updates about a chat itself: the bot was removed or came back, a group moved, a topic was reopened."""

from collections.abc import Callable, Coroutine
from typing import Any

from telegram import ChatMember, Update
from telegram.constants import ChatType
from telegram.ext import ContextTypes

from bot import access, greeting
from bot.context import Context
from pipeline import clock
from pipeline.store import chats, subscriptions

GONE = {ChatMember.LEFT, ChatMember.BANNED}
Handler = Callable[[Update, ContextTypes.DEFAULT_TYPE], Coroutine[Any, Any, None]]


def membership_handler(context: Context) -> Handler:
    """Deactivate a known chat that removed or blocked the bot, and reactivate it when the bot is back there.

    In a group or channel that is not known, the bot introduces itself.
    """
    allowed = access.allowed_chats(context.settings)

    async def handle(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        change = update.my_chat_member
        if change is None:
            return
        is_gone, is_known = change.new_chat_member.status in GONE, await context.read(chats.exists, change.chat.id)
        if is_gone and is_known:
            await context.write(chats.deactivate, change.chat.id, "the bot was removed or blocked", clock.now())
        elif is_gone or (allowed and change.chat.id not in allowed):
            return
        elif is_known:
            await context.write(chats.reactivate, change.chat.id, clock.now())
            context.wake.set()
        elif change.chat.type != ChatType.PRIVATE and change.old_chat_member.status in GONE:
            await greeting.begin(context, change)

    return handle


def migration_handler(context: Context) -> Handler:
    """Move what a group has to the id of the supergroup that it became. Telegram tells both chats."""

    async def handle(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        message = update.message
        if message and message.migrate_to_chat_id:
            await context.write(chats.migrate, message.chat.id, message.migrate_to_chat_id, clock.now())
        if message and message.migrate_from_chat_id:
            await context.write(chats.migrate, message.migrate_from_chat_id, message.chat.id, clock.now())
        context.wake.set()

    return handle


def topic_reopened_handler(context: Context) -> Handler:
    """Deliver now what waits for a problem of the chat to be solved, such as the closed topic."""

    async def handle(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        if update.message:
            await context.write(subscriptions.retry_problems, update.message.chat.id, clock.now())
            context.wake.set()

    return handle
