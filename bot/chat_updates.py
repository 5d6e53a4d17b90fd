"""Handlers of updates about a chat itself: the bot was removed or came back, a group moved, a topic was reopened."""

from collections.abc import Callable, Coroutine
from typing import Any

from telegram import ChatMember, Update
from telegram.ext import ContextTypes

from bot import access
from bot.context import Context
from pipeline import clock
from pipeline.store import chats, subscriptions

Handler = Callable[[Update, ContextTypes.DEFAULT_TYPE], Coroutine[Any, Any, None]]


def membership_handler(context: Context) -> Handler:
    """Deactivate a known chat that removed or blocked the bot, and reactivate it when the bot is back there."""
    allowed = access.allowed_chats(context.settings)

    async def handle(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        change = update.my_chat_member
        if change is None or not await context.read(chats.exists, change.chat.id):
            return
        if change.new_chat_member.status in {ChatMember.LEFT, ChatMember.BANNED}:
            await context.write(chats.deactivate, change.chat.id, "the bot was removed or blocked", clock.now())
        elif not allowed or change.chat.id in allowed:
            await context.write(chats.reactivate, change.chat.id, clock.now())
            context.wake.set()

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
