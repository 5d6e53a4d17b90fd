"""Telegram: the token, what the bot may do, and how messages reach it."""

import asyncio
from collections.abc import Iterator
from urllib.parse import urlsplit

from telegram import Bot, User, WebhookInfo
from telegram.error import InvalidToken, TelegramError

from bot import inline, telegram_errors
from bot.descriptions import KNOWN_PROBLEMS
from bot.doctor.finding import Check, Finding, warning, well, wrong
from bot.telegram_request import TelegramRequest
from pipeline.i18n import lazy_gettext
from pipeline.settings import BotSettings


def run(settings: BotSettings) -> Iterator[Finding]:
    try:
        bot, webhook = asyncio.run(_ask(settings))
    except InvalidToken:
        yield wrong(
            lazy_gettext("Telegram: refuses TELEGRAM_BOT_TOKEN. Put there the token that @BotFather shows for the bot")
        )
    except TelegramError as error:
        reason = telegram_errors.classify(error).text
        problem = KNOWN_PROBLEMS.get(reason) or lazy_gettext("Telegram says “{reason}”", reason=reason)
        yield wrong(
            lazy_gettext(
                "{problem}. Look at this machine's network, and at TELEGRAM_API_URL if it is set", problem=problem
            )
        )
    else:
        yield well(lazy_gettext("Telegram: accepts the token of @{name}", name=bot.username))
        yield from _abilities(bot.bot)
        yield well(inline.describe_mode(bot))
        yield _way_of_updates(webhook, settings)


async def _ask(settings: BotSettings) -> tuple[Bot, WebhookInfo]:
    token = settings.telegram_bot_token.get_secret_value()
    bot = Bot(token, f"{settings.telegram_api_url}/bot", request=TelegramRequest(proxy=settings.telegram_proxy))
    async with bot:
        return bot, await bot.get_webhook_info()


def _abilities(bot: User) -> Iterator[Finding]:
    if not bot.can_join_groups:
        yield warning(
            lazy_gettext("Groups: nobody can add the bot to one. To change that, send /setjoingroups to @BotFather")
        )
    if bot.can_read_all_group_messages:
        yield warning(
            lazy_gettext(
                "Privacy mode: off, so the bot is sent all that groups write, which it does not need. "
                "To turn it on, send /setprivacy to @BotFather"
            )
        )
    else:
        yield well(lazy_gettext("Privacy mode: on, in groups the bot sees commands alone"))


def _way_of_updates(webhook: WebhookInfo, settings: BotSettings) -> Finding:
    """How Telegram hands messages over, and how the settings want it. The webhook's path is a secret."""
    host, wanted = urlsplit(webhook.url).hostname or "", settings.webhook_url
    if wanted is None and webhook.url:
        return wrong(
            lazy_gettext(
                "Messages: Telegram sends them to {host}, where another program has this token, and WEBHOOK_URL is not "
                "set here. Stop that program and start Tallybird again, or get a token of its own from @BotFather",
                host=host,
            )
        )
    if wanted is None:
        return well(lazy_gettext("Messages: the bot asks Telegram for them"))
    if not webhook.url:
        return warning(lazy_gettext("Messages: Telegram knows no webhook yet. Tallybird sets it when it starts"))
    if not webhook.url.startswith(f"{wanted}/"):
        return wrong(
            lazy_gettext(
                "Messages: Telegram sends them to {host}, and not to WEBHOOK_URL. Stop the other program that has this "
                "token, and start Tallybird again",
                host=host,
            )
        )
    if webhook.last_error_message and webhook.pending_update_count:
        return wrong(
            lazy_gettext(
                "Messages: Telegram could not reach WEBHOOK_URL: {problem}. See that https leads from there to PORT, "
                "and that the bot runs",
                problem=webhook.last_error_message,
            )
        )
    return well(lazy_gettext("Messages: Telegram sends them to {host}", host=host))


CHECK = Check("Telegram", run)
