"""Pinning live charts, without a notification."""

import logging
from collections.abc import Iterable

from telegram.error import TelegramError

from bot import telegram_errors
from bot.command_context import CommandContext
from bot.telegram_errors import ErrorKind
from pipeline.errors import UserError
from pipeline.i18n import lazy_gettext
from pipeline.store import chat_charts, subscriptions
from pipeline.store.chat_charts import Scope, Summary

log = logging.getLogger(__name__)

MAY_NOT_PIN = lazy_gettext(
    "I may not pin messages here. Allow me to (in a channel: to edit messages), then send /pin again."
)


async def pin(command_context: CommandContext, scope: Scope) -> int:
    """Pin the live chart that is meant, now and whenever it is sent anew. Returns the subscription's id.

    Raises UserError where the bot may not, and RuleError where it is not clear which chart is meant.
    """
    context, bot = command_context.context, command_context.message.get_bot()
    subscription_id, message_id = await context.write(chat_charts.pin, scope)
    if message_id is None:  # it is pinned once it is sent
        return subscription_id
    try:
        await bot.pin_chat_message(scope.chat_id, message_id, disable_notification=True)
    except TelegramError as error:
        await context.write_with_retries(subscriptions.set_pinned_message, subscription_id, None)
        failure = telegram_errors.classify(error)
        if failure.kind is ErrorKind.NO_RIGHTS:
            raise UserError(MAY_NOT_PIN) from None
        raise UserError(lazy_gettext("Telegram did not pin it. Try again in a minute.")) from None
    await context.write_with_retries(subscriptions.set_pinned_message, subscription_id, message_id)
    return subscription_id


async def unpin(command_context: CommandContext, unpinned: Iterable[Summary]) -> None:
    """Unpin the messages of these subscriptions of the chat; one that somebody unpinned before stays so."""
    bot, chat_id = command_context.message.get_bot(), command_context.chat_id
    for message_id in filter(None, (each.pinned_message_id for each in unpinned)):
        try:
            await bot.unpin_chat_message(chat_id, message_id)
        except TelegramError as error:
            log.info("a message in chat %d was not unpinned: %s", chat_id, telegram_errors.classify(error).text)
