"""Inline mode: `@bot @nasa @esa likes` in any chat offers charts that stand already. Nothing is read or drawn."""

import logging
from collections.abc import Callable, Coroutine, Iterable
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session
from telegram import Bot, InlineQuery, InlineQueryResultCachedPhoto, Update
from telegram.error import TelegramError
from telegram.ext import ContextTypes

from bot import access, telegram_errors
from bot.command_context import language_of
from bot.context import Context
from bot.entities import extract_entities
from bot.parsing import ChartRequest, parse_chart_request, split_args
from pipeline.errors import UserError
from pipeline.i18n import lazy_gettext
from pipeline.records import ChartSpec, Language, LazyString
from pipeline.store import telegram_photos
from pipeline.store.telegram_photos import ShownChart

log = logging.getLogger(__name__)

MOST_OFFERED = 10
CACHE_TIME = timedelta(seconds=30)
"""For so long Telegram answers the same person's same words by itself."""
CHOICES = ("metric", "view", "normalization", "span", "theme", "count", "replies")
"""The fields of a ChartRequest that are those of a ChartSpec too."""


def handler(context: Context) -> Callable[[Update, ContextTypes.DEFAULT_TYPE], Coroutine[Any, Any, None]]:
    """The function that python-telegram-bot calls for each change of what a person types after the bot's name."""

    async def handle(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        query = update.inline_query
        if query is None or not _is_served(context, query):
            return
        async with context.flood_control.admission(query.from_user.id):
            await _answer(query, await _find(context, query))

    return handle


def describe_mode(bot: Bot) -> LazyString:
    """Whether @BotFather has switched it on for the bot."""
    if bot.bot.supports_inline_queries:
        return lazy_gettext("Inline mode: on; @{name} @nasa likes in any chat offers charts", name=bot.username)
    return lazy_gettext("Inline mode: off; to have charts offered in any chat, send /setinline to @BotFather")


def _is_served(context: Context, query: InlineQuery) -> bool:
    """Whether the person's private chat would be; a bot for chosen chats shows nobody else which accounts it knows."""
    person, allowed = query.from_user.id, access.allowed_chats(context.settings)
    flood_control = context.flood_control
    is_flood = flood_control.is_ignored(person) or flood_control.is_over_limit(person)
    return not is_flood and (not allowed or person in allowed)


async def _find(context: Context, query: InlineQuery) -> list[ShownChart]:
    """The charts that fit the words; none while the words are no request for a chart, as those half typed."""
    try:
        request = parse_chart_request(split_args(query.query), (), context.settings.posts_per_account)
    except UserError:
        return []
    return await context.read(find, request, language_of(query.from_user))


def find(session: Session, request: ChartRequest, language: Language) -> list[ShownChart]:
    """The charts of exactly these accounts that fit the request, those in the language first, then the newest."""
    fitting = [each for each in telegram_photos.list_shown(session, request.handles) if _fits(request, each.spec)]
    newest_first = sorted(fitting, key=lambda each: each.as_of, reverse=True)
    return sorted(newest_first, key=lambda each: each.spec.language is not language)[:MOST_OFFERED]


def _fits(request: ChartRequest, spec: ChartSpec) -> bool:
    chosen = {name: value for name in CHOICES if (value := getattr(request, name)) is not None}
    return all(getattr(spec, name) == value for name, value in chosen.items())


async def _answer(query: InlineQuery, charts: Iterable[ShownChart]) -> None:
    try:
        await query.answer([_result(each) for each in charts], cache_time=CACHE_TIME, is_personal=True)
    except TelegramError as error:  # such as for words that the person has changed meanwhile
        log.info("an inline query was not answered: %s", telegram_errors.classify(error).text)


def _result(chart: ShownChart) -> InlineQueryResultCachedPhoto:
    caption, entities = extract_entities(chart.caption, is_caption=True)
    title, _, rest = caption.partition("\n")
    return InlineQueryResultCachedPhoto(
        str(chart.comparison_id),
        chart.file_id,
        title=title,
        description=rest,
        caption=caption,
        caption_entities=entities,
    )
