"""The bot: python-telegram-bot's application with our commands, buttons, limits and delivery."""

import logging
from datetime import timedelta
from secrets import token_urlsafe
from time import monotonic
from typing import Any

from telegram import BotCommand, ChatMember, Update
from telegram.error import Conflict, TelegramError
from telegram.ext import (
    Application,
    ApplicationBuilder,
    CallbackQueryHandler,
    ChatMemberHandler,
    CommandHandler,
    ContextTypes,
    MessageHandler,
    filters,
)

from bot import access, callbacks, command, suggestions
from bot.commands import COMMANDS
from bot.context import Context
from bot.delivery import Delivery
from bot.notifier import Notifier
from bot.polling import PollingRequest
from bot.rate_limits import RateLimiter
from bot.telegram_request import TelegramRequest
from bot.webhook import WebhookUpdater
from pipeline import clock, logs
from pipeline.i18n import translator
from pipeline.messaging.client import PipelineClient
from pipeline.records import Language
from pipeline.settings import BotSettings
from pipeline.store import Store, chats, subscriptions

log = logging.getLogger(__name__)

OWN_WORDS = ~filters.FORWARDED & ~filters.VIA_BOT
"""What somebody says, and not somebody else's words passed on."""
WHERE = (filters.UpdateType.MESSAGES | filters.UpdateType.CHANNEL_POSTS) & OWN_WORDS
"""New and edited."""
SAID_IN_PRIVATE = filters.ChatType.PRIVATE & filters.UpdateType.MESSAGES & ~filters.StatusUpdate.ALL
UPDATES = [
    *(Update.MESSAGE, Update.EDITED_MESSAGE, Update.CHANNEL_POST, Update.EDITED_CHANNEL_POST),
    *(Update.CALLBACK_QUERY, Update.MY_CHAT_MEMBER),
]
AT_ONCE = 8192  # more than may wait for a chat that hangs, or for their turn (bot/flood_control.py)
CONNECTIONS = 512
ANSWER_WITHIN_S = 30.0  # what Telegram takes and answers too late cannot be found again
OTHERS_SEE = Language.ENGLISH
"""The language of the menu for people whose own we do not speak."""
SAY_CONFLICT_EVERY = timedelta(minutes=1)
CONFLICT = (
    "another bot runs with the same TELEGRAM_BOT_TOKEN, and each gets some of what people write. "
    "Stop one of them, or get it a token of its own from @BotFather. Telegram says: %s"
)


def build(settings: BotSettings, store: Store) -> "Application[Any, Any, Any, Any, Any, Any]":
    rate_limiter = RateLimiter()
    context = Context(settings, store, PipelineClient(settings))
    builder = (
        ApplicationBuilder()
        .token(settings.telegram_bot_token.get_secret_value())
        .base_url(f"{settings.telegram_api_url}/bot")
        .base_file_url(f"{settings.telegram_api_url}/file/bot")
        .rate_limiter(rate_limiter)
        .request(TelegramRequest(connection_pool_size=CONNECTIONS, read_timeout=ANSWER_WITHIN_S))
        .get_updates_request(PollingRequest(context.flood_control.is_ignored, connection_pool_size=1))
        .concurrent_updates(AT_ONCE)
    )
    application = builder.build()
    if settings.webhook_url is not None:
        application.updater = WebhookUpdater(
            application.bot, application.update_queue, is_ignored=context.flood_control.is_ignored
        )
    rate_limiter.probe = application.bot.get_me
    background = context.background()
    notifier = Notifier(background, application.bot, rate_limiter)
    delivery = Delivery(background, application.bot, rate_limiter, notifier)

    async def start(_application: object) -> None:
        await context.write(chats.allow_only, access.allowed_chats(settings), clock.now())
        await context.write(subscriptions.resend_interrupted, clock.now())
        await _show_menu(application)
        delivery.start()
        notifier.start()

    async def stop(_application: object) -> None:
        await delivery.stop()
        await notifier.stop()
        await context.pipeline_client.close()

    application.post_init, application.post_stop = start, stop
    for each in COMMANDS:
        application.add_handler(CommandHandler(each.name, command.handler(context, each), WHERE))
    application.add_handler(
        MessageHandler(SAID_IN_PRIVATE, suggestions.handler(context, [each.name for each in COMMANDS]))
    )
    application.add_handler(CallbackQueryHandler(callbacks.handler(context)))
    application.add_handler(ChatMemberHandler(_membership(context), ChatMemberHandler.MY_CHAT_MEMBER))
    application.add_handler(MessageHandler(filters.StatusUpdate.MIGRATE, _migration(context)))
    application.add_handler(MessageHandler(filters.StatusUpdate.FORUM_TOPIC_REOPENED, _opening(context)))
    application.add_error_handler(_error_log())
    return application


def run(application: "Application[Any, Any, Any, Any, Any, Any]", settings: BotSettings) -> None:
    """Serve until SIGTERM or SIGINT. Telegram away at the start is waited for."""
    if settings.webhook_url is None:
        application.run_polling(allowed_updates=UPDATES, bootstrap_retries=-1)
        return
    path, secret = token_urlsafe(24), token_urlsafe(48)
    logs.hide(path, secret)
    application.run_webhook(
        "0.0.0.0",  # noqa: S104 the host's router calls it; the secret tells Telegram's calls from others
        settings.port,
        path,
        webhook_url=f"{settings.webhook_url}/{path}",
        secret_token=secret,
        allowed_updates=UPDATES,
        bootstrap_retries=-1,
    )


async def _show_menu(application: "Application[Any, Any, Any, Any, Any, Any]") -> None:
    try:
        for language in Language:
            said = translator(language)
            menu = [BotCommand(each.name, said.gettext(each.menu)) for each in COMMANDS]
            await application.bot.set_my_commands(menu, language_code=None if language is OTHERS_SEE else language)
    except TelegramError as error:
        log.warning("the menu was not set: %s", type(error).__name__)


def _membership(context: Context) -> Any:
    """Set aside a chat that removed or blocked the bot; serve it again when the bot is back and may serve it."""
    allowed = access.allowed_chats(context.settings)

    async def handle(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
        change = update.my_chat_member
        if change is None or not await context.read(chats.exists, change.chat.id):
            return
        if change.new_chat_member.status in {ChatMember.LEFT, ChatMember.BANNED}:
            await context.write(chats.deactivate, change.chat.id, "the bot was removed or blocked", clock.now())
        elif not allowed or change.chat.id in allowed:
            await context.write(chats.reactivate, change.chat.id, clock.now())
            context.wake.set()

    return handle


def _migration(context: Context) -> Any:
    async def handle(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
        message = update.message
        if message and message.migrate_to_chat_id:
            await context.write(chats.migrate, message.chat.id, message.migrate_to_chat_id, clock.now())
        if message and message.migrate_from_chat_id:
            await context.write(chats.migrate, message.migrate_from_chat_id, message.chat.id, clock.now())
        context.wake.set()

    return handle


def _opening(context: Context) -> Any:
    """A topic was opened again: what waited for that is shown."""

    async def handle(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
        if update.message:
            await context.write(subscriptions.retry_problems, update.message.chat.id, clock.now())
            context.wake.set()

    return handle


def _error_log() -> Any:
    """Another bot with the same token takes the updates again and again until somebody stops it: say so at times."""
    say_again_at = 0.0

    async def handle(update: object, context: ContextTypes.DEFAULT_TYPE) -> None:
        nonlocal say_again_at
        if update is not None or not isinstance(context.error, TelegramError):
            log.error("an update was not handled", exc_info=context.error)
        elif not isinstance(context.error, Conflict):
            log.warning("updates cannot be fetched just now: %s", context.error)
        elif monotonic() >= say_again_at:
            say_again_at = monotonic() + SAY_CONFLICT_EVERY.total_seconds()
            log.error(CONFLICT, context.error)

    return handle
