"""The bot: python-telegram-bot's application with our commands, buttons, rate limits and delivery."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import product
from secrets import token_urlsafe
from time import monotonic
from typing import Any

from telegram import (
    BotCommand,
    BotCommandScopeAllChatAdministrators,
    BotCommandScopeAllGroupChats,
    BotCommandScopeDefault,
    Message,
    Update,
)
from telegram.error import Conflict, TelegramError
from telegram.ext import (
    Application,
    ApplicationBuilder,
    CallbackQueryHandler,
    ChatMemberHandler,
    CommandHandler,
    ContextTypes,
    InlineQueryHandler,
    MessageHandler,
    filters,
)

from bot import access, callbacks, chat_updates, command, health, inline, prompt, suggestions, time_zones
from bot.commands import COMMANDS, import_accounts, track
from bot.context import Context
from bot.delivery import DeliveryLoop
from bot.file_sender import FileSender
from bot.lease import BotLease
from bot.notifier import Notifier
from bot.polling import PollingRequest
from bot.rate_limits import RateLimiter
from bot.telegram_request import TelegramRequest
from bot.webhook import WebhookUpdater
from pipeline import clock, logs, watchdog
from pipeline.i18n import translator
from pipeline.messaging.client import PipelineClient
from pipeline.records import Language
from pipeline.settings import BotSettings
from pipeline.store import Store, chats, subscriptions

log = logging.getLogger(__name__)

BotApplication = Application[Any, Any, Any, Any, Any, Any]

WRITTEN_BY_SENDER = ~filters.FORWARDED & ~filters.VIA_BOT
COMMAND_MESSAGES = (filters.UpdateType.MESSAGES | filters.UpdateType.CHANNEL_POSTS) & WRITTEN_BY_SENDER
"""New and edited messages and posts."""
PRIVATE_MESSAGES = filters.ChatType.PRIVATE & filters.UpdateType.MESSAGES & ~filters.StatusUpdate.ALL
REPLIES_WITH_NAMES = filters.UpdateType.MESSAGE & WRITTEN_BY_SENDER & prompt.RepliesToQuestion()
UPDATES = [
    *(Update.MESSAGE, Update.EDITED_MESSAGE, Update.CHANNEL_POST, Update.EDITED_CHANNEL_POST),
    *(Update.CALLBACK_QUERY, Update.INLINE_QUERY, Update.MY_CHAT_MEMBER),
]
CONCURRENT_UPDATES = 8192  # more than flood control lets wait at once
CONNECTIONS = 512
READ_TIMEOUT_S = 30.0  # long, since a message that Telegram accepts after the timeout cannot be found again
FALLBACK_LANGUAGE = Language.ENGLISH
"""The language of the menu for users of all languages that have no menu of their own."""
CONFLICT_LOG_INTERVAL = timedelta(minutes=1)
CONFLICT = (
    "another bot runs with the same TELEGRAM_BOT_TOKEN, and each gets some of what people write. "
    "Stop one of them, or get it a token of its own from @BotFather. Telegram says: %s"
)


class _ImportInCaption(filters.MessageFilter):
    def filter(self, message: Message) -> bool:
        return message.document is not None and import_accounts.is_in_caption(message)


def build(settings: BotSettings, store: Store) -> BotApplication:
    """The application, ready to run. Nothing is sent or read yet."""
    context = Context(settings, store, PipelineClient(settings), BotLease(settings))
    rate_limiter = RateLimiter(context.signs)
    application = _new_application(settings, context, rate_limiter)
    rate_limiter.probe = application.bot.get_me
    _add_handlers(application, context)
    _add_background_work(application, context, rate_limiter)
    return application


def run(application: BotApplication, settings: BotSettings) -> None:
    """Serve until SIGTERM or SIGINT. At the start it waits for Telegram, however long that is away."""
    application.post_init = _watched(application.post_init)
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


def _watched(start: Callable[[Any], Awaitable[None]] | None) -> Callable[[Any], Any]:
    """The same start; from then on the process ends itself where its event loop stands still."""

    async def start_watched(application: Any) -> None:
        watchdog.start()
        if start is not None:
            await start(application)

    return start_watched


def _new_application(settings: BotSettings, context: Context, rate_limiter: RateLimiter) -> BotApplication:
    may_send, is_ignored, proxy = context.lease.held, context.flood_control.is_ignored, settings.telegram_proxy
    request = TelegramRequest(may_send, proxy, connection_pool_size=CONNECTIONS, read_timeout=READ_TIMEOUT_S)
    polling = PollingRequest(may_send, is_ignored, context.signs, connection_pool_size=1, proxy=proxy)
    application = (
        ApplicationBuilder()
        .token(settings.telegram_bot_token.get_secret_value())
        .base_url(f"{settings.telegram_api_url}/bot")
        .base_file_url(f"{settings.telegram_api_url}/file/bot")
        .rate_limiter(rate_limiter)
        .request(request)
        .get_updates_request(polling)
        .concurrent_updates(CONCURRENT_UPDATES)
        .build()
    )
    if settings.webhook_url is not None:
        application.updater = WebhookUpdater(application.bot, application.update_queue, is_ignored=is_ignored)
    return application


def _add_handlers(application: BotApplication, context: Context) -> None:
    for each in COMMANDS:
        application.add_handler(CommandHandler(each.name, command.handler(context, each), COMMAND_MESSAGES))
    application.add_handler(
        MessageHandler(COMMAND_MESSAGES & _ImportInCaption(), command.handler(context, import_accounts.COMMAND))
    )
    names = [each.name for each in COMMANDS]
    answers_of_zones = filters.UpdateType.MESSAGE & WRITTEN_BY_SENDER & time_zones.AnswersToQuestion(context)
    application.add_handler(MessageHandler(answers_of_zones, command.handler(context, time_zones.ANSWER)))
    application.add_handler(MessageHandler(REPLIES_WITH_NAMES, command.handler(context, track.COMMAND)))
    application.add_handler(MessageHandler(PRIVATE_MESSAGES, suggestions.handler(context, names)))
    application.add_handler(CallbackQueryHandler(callbacks.handler(context)))
    application.add_handler(InlineQueryHandler(inline.handler(context)))
    membership = chat_updates.membership_handler(context)
    application.add_handler(ChatMemberHandler(membership, ChatMemberHandler.MY_CHAT_MEMBER))
    application.add_handler(MessageHandler(filters.StatusUpdate.MIGRATE, chat_updates.migration_handler(context)))
    reopened = filters.StatusUpdate.FORUM_TOPIC_REOPENED
    application.add_handler(MessageHandler(reopened, chat_updates.topic_reopened_handler(context)))
    application.add_error_handler(_error_handler())


def _add_background_work(application: BotApplication, context: Context, rate_limiter: RateLimiter) -> None:
    """Deliver charts and send notices while the application runs, which a standby's does not before it takes over."""
    background = context.for_background()
    notifier = Notifier(background, application.bot, rate_limiter)
    delivery = DeliveryLoop(background, application.bot, rate_limiter, notifier)
    file_sender = FileSender(background, application.bot)
    server = health.serve(context, application.bot)
    tasks: list[asyncio.Task[None]] = []

    async def start(_: object) -> None:
        tasks.append(asyncio.create_task(health.keep_turning(context.signs)))
        await context.lease.acquire()
        tasks.append(asyncio.create_task(context.lease.keep()))
        if server is not None:
            server.speak(asyncio.get_running_loop())
        await context.write(chats.allow_only, access.allowed_chats(context.settings), clock.now())
        await context.write(subscriptions.resend_interrupted, clock.now())
        await _set_menus(application)
        delivery.start()
        notifier.start()
        file_sender.start()

    async def stop(_: object) -> None:
        await delivery.stop()
        await notifier.stop()
        await file_sender.stop()

    async def end(_: object) -> None:
        watchdog.stop()
        for task in tasks:
            task.cancel()
        await context.lease.release()
        await context.pipeline_client.close()

    application.post_init, application.post_stop, application.post_shutdown = start, stop, end


async def _set_menus(application: BotApplication) -> None:
    """What each person may use: in a group, changes are in the menu of admins alone."""
    everything = [each for each in COMMANDS if not each.owners]
    reading = [each for each in everything if not each.changes]
    menus = [
        (BotCommandScopeDefault(), everything),
        (BotCommandScopeAllGroupChats(), reading),
        (BotCommandScopeAllChatAdministrators(), everything),
    ]
    try:
        for language, (scope, commands) in product(Language, menus):
            gettext = translator(language).gettext
            menu = [BotCommand(each.name, gettext(each.menu)) for each in commands]
            code = None if language is FALLBACK_LANGUAGE else language
            await application.bot.set_my_commands(menu, scope, code)
    except TelegramError as error:
        log.warning("the menus were not set: %s", type(error).__name__)


def _error_handler() -> Any:
    """Log the errors of handlers and of polling.

    A second bot with the same token causes a Conflict again and again until somebody stops it, which is logged once in
    each CONFLICT_LOG_INTERVAL.
    """
    quiet_until = 0.0

    async def handle(update: object, context: ContextTypes.DEFAULT_TYPE) -> None:
        nonlocal quiet_until
        if update is not None or not isinstance(context.error, TelegramError):
            log.error("an update was not handled", exc_info=context.error)
        elif not isinstance(context.error, Conflict):
            log.warning("updates cannot be fetched just now: %s", context.error)
        elif monotonic() >= quiet_until:
            quiet_until = monotonic() + CONFLICT_LOG_INTERVAL.total_seconds()
            log.error(CONFLICT, context.error)

    return handle
