"""What the bot says once where it is added to a group or a channel: what it does and sees, and who may change what."""

import asyncio
import logging
from datetime import timedelta

from telegram import ChatMemberUpdated
from telegram.error import TelegramError

from bot import keyboards, telegram_errors
from bot.command_context import language_of
from bot.commands import start
from bot.context import Context
from pipeline import clock
from pipeline.i18n import lazy_gettext, translator
from pipeline.store import chats

log = logging.getLogger(__name__)

SEES = lazy_gettext("I act on commands and on replies to me only, and store no messages.")
RIGHTS = lazy_gettext("Everybody can look; only admins can change what is tracked and shown. /help shows the commands.")


GREET_AFTER = timedelta(seconds=2)
"""Who adds the bot by a deep link, or knows it, sends a command at once, whose answer says enough."""


async def begin(context: Context, change: ChatMemberUpdated) -> None:
    """Store the chat, so that it is greeted once and begins in the language of who added the bot; then greet it."""
    language = language_of(change.from_user)
    if not await context.write(chats.begin, change.chat.id, clock.now(), language):
        return
    await asyncio.sleep(GREET_AFTER.total_seconds())
    if context.answered_messages.has_any_of(change.chat.id):
        return
    gettext = translator(language).gettext
    text = "\n".join(gettext(line) for line in (start.purpose(context.settings), SEES, RIGHTS))
    try:
        await change.get_bot().send_message(change.chat.id, text, reply_markup=keyboards.first_steps(gettext))
    except TelegramError as error:  # such as where it may not write
        log.info("chat %d was not greeted: %s", change.chat.id, telegram_errors.classify(error).text)
