"""What a press of a button does. Its data may be old or invented, so everything in it is checked again."""

import logging
import re
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session
from telegram import CallbackQuery, MaybeInaccessibleMessage, Message, Update
from telegram.error import TelegramError
from telegram.ext import ContextTypes

from bot import access, keyboards, telegram_errors
from bot.command import TOO_MANY_COMMANDS, problem_of
from bot.command_context import CommandContext, translator_of
from bot.context import Context
from bot.refusals import OUTDATED_BUTTON
from pipeline import clock
from pipeline.chart.views import fitted
from pipeline.errors import UserError
from pipeline.i18n import lazy_gettext, translator
from pipeline.records import ChartSpec, Comparison, Language, LazyString, Metric, Normalization, Span, Theme, View
from pipeline.store import chat_charts, chats, circuit_breakers
from pipeline.store.rules import UnknownChartError

log = logging.getLogger(__name__)

CHART_ACTIONS = {"show", "live", "stop"}
"""The actions of the buttons under a chart. An action is the first word of a button's data."""
COMPARISON_ID = re.compile(r"[0-9]{1,9}")  # int() would accept other digits, signs and underscores too


def handler(context: Context) -> Callable[[Update, ContextTypes.DEFAULT_TYPE], Coroutine[Any, Any, None]]:
    """The function that python-telegram-bot calls for every press. It answers each, but those that flood control drops.

    Telegram shows a progress bar on the button until the press is answered.
    """

    async def handle(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        query = update.callback_query
        if query is None or query.message is None or context.flood_control.is_ignored(query.from_user.id):
            return
        if context.flood_control.is_over_limit(query.from_user.id):
            context.flood_control.ignore(query.from_user.id)
            await _answer(query, TOO_MANY_COMMANDS, Language.ENGLISH)
            return
        async with context.flood_control.admission(query.from_user.id):
            problem = await _press(context, query, query.message)
            language = (await translator_of(context, query.message.chat, query.from_user)).language
            await _answer(query, problem, language)

    return handle


async def _answer(query: CallbackQuery, problem: LazyString | None, language: Language) -> None:
    try:
        await query.answer(translator(language).gettext(problem) if problem else None, show_alert=problem is not None)
    except TelegramError as error:  # such as for a press that is too old; what the press did stays
        log.info("a press was not answered: %s", telegram_errors.classify(error).text)


async def _press(context: Context, query: CallbackQuery, message: MaybeInaccessibleMessage) -> LazyString | None:
    """Do what the button says. Returns what the person is told where that is not possible."""
    data = query.data or ""
    if not isinstance(message, Message) or not message.is_accessible or not _belongs_under(data, message):
        return OUTDATED_BUTTON
    command_context = CommandContext(context, message, query.from_user.id, data.split(), query)
    async with context.chat_lock(command_context.chat_id):
        return await problem_of(_run(command_context))


def _belongs_under(data: str, message: Message) -> bool:
    """Whether a button of this kind is under the message: a modified client may send any data for any message.

    The button itself may be gone, since a chart's buttons change with each delivery.
    """
    return _kind_of(data) in {_kind_of(each) for each in _button_data(message)}


def _button_data(message: Message) -> list[str]:
    """The data of the buttons that are under the message now."""
    rows = message.reply_markup.inline_keyboard if message.reply_markup else ()
    return [str(button.callback_data) for row in rows for button in row]


def _kind_of(data: str) -> str:
    """One kind for all buttons under a chart; for any other button its action."""
    action = data.split(" ", 1)[0]
    return "chart" if action in CHART_ACTIONS else action


async def _run(command_context: CommandContext) -> None:
    match command_context.args:
        case ["show", number, *choices] if COMPARISON_ID.fullmatch(number):
            await _show(command_context, int(number), choices)
        case ["live", number] if COMPARISON_ID.fullmatch(number):
            await _keep_live(command_context, int(number))
        case ["stop", number] if COMPARISON_ID.fullmatch(number):
            await _stop_live(command_context, int(number))
        case ["settings", choice] if choice in {*Theme, *Language}:
            await _set_preference(command_context, choice)
        case ["forget", ("yes" | "no") as choice]:
            await _forget(command_context, confirmed=choice == "yes")
        case ["again"]:
            await _retry_services(command_context)
        case _:
            raise UserError(OUTDATED_BUTTON)


def chosen_spec(choices: list[str], spec: ChartSpec) -> ChartSpec:
    """The spec with the choices in a button's data: view, metric, normalization, span. Raises UserError."""
    try:
        view, metric, normalization, span = choices
        chosen = replace(
            spec, view=View(view), metric=Metric(metric), normalization=Normalization(normalization), span=Span(span)
        )
    except ValueError:
        raise UserError(OUTDATED_BUTTON) from None
    return fitted(chosen)


async def _show(command_context: CommandContext, comparison_id: int, choices: list[str]) -> None:
    """Show the same accounts in another view or metric, in the same message."""
    context, message = command_context.context, command_context.message
    is_subscribed = await context.read(chat_charts.is_subscribed, message.chat.id, message.message_id)
    await access.check(command_context, changes=is_subscribed)
    shown = await context.read(_comparison_shown, command_context, comparison_id)
    comparison = replace(shown, spec=chosen_spec(choices, shown.spec))
    redrawn = await context.write(chat_charts.show_in_message, command_context.destination, comparison, clock.now())
    await context.request_charts(redrawn)


async def _keep_live(command_context: CommandContext, comparison_id: int) -> None:
    await access.check(command_context, changes=True)
    context = command_context.context
    comparison = await context.read(_comparison_shown, command_context, comparison_id)
    redrawn = await context.write(chat_charts.keep_live, command_context.destination, comparison, clock.now())
    await context.request_charts(redrawn)


async def _stop_live(command_context: CommandContext, comparison_id: int) -> None:
    await access.check(command_context, changes=True)
    context, message = command_context.context, command_context.message
    await context.read(chat_charts.own_comparison, message.chat.id, comparison_id)
    await context.write(chat_charts.stop_live, message.chat.id, message.message_id)
    context.wake.set()


def _comparison_shown(session: Session, command_context: CommandContext, comparison_id: int) -> Comparison:
    """What the message shows now, by its subscription or by its buttons, after a check of the pressed button's id.

    Raises UnknownChartError.
    """
    message = command_context.message
    chat_charts.own_comparison(session, message.chat.id, comparison_id)
    return chat_charts.comparison_in_message(
        session,
        message.chat.id,
        message.message_id,
        comparison_id=_comparison_id_under(message),
        max_posts=command_context.context.settings.posts_per_account,
    )


def _comparison_id_under(message: Message) -> int:
    """The comparison that the buttons under a chart name."""
    numbers = (COMPARISON_ID.search(data) for data in _button_data(message))
    number = next(filter(None, numbers), None)
    if number is None:
        raise UnknownChartError
    return int(number[0])


async def _set_preference(command_context: CommandContext, choice: str) -> None:
    """Set the theme of the chat's charts or its language, and mark the choice in the message."""
    await access.check(command_context, changes=True)
    context, chat_id = command_context.context, command_context.chat_id
    theme = Theme(choice) if choice in set(Theme) else None
    redrawn = await context.write(
        chat_charts.restyle,
        chat_id,
        theme=theme,
        language=None if theme else Language(choice),
        initial_language=(await command_context.translator()).language,
        now=clock.now(),
    )
    spec = await context.read(chats.default_spec, chat_id)
    with command_context.ignoring_refusal():  # such as for a press of the choice that is marked already
        await command_context.message.edit_text(
            translator(spec.language).gettext(keyboards.SETTINGS), reply_markup=keyboards.chat_settings(spec)
        )
    await context.request_charts(redrawn)


async def _forget(command_context: CommandContext, *, confirmed: bool) -> None:
    await access.check(command_context, changes=True)
    translator = await command_context.translator()  # before the chat's language is deleted
    if confirmed:
        await command_context.context.write(chats.delete_chat, command_context.chat_id)
        outcome = lazy_gettext("Forgotten: nothing of this chat is stored any more.")
    else:
        outcome = lazy_gettext("Nothing was deleted.")
    with command_context.ignoring_refusal():  # such as for a second press, which changes nothing
        await command_context.message.edit_text(translator.gettext(outcome))


async def _retry_services(command_context: CommandContext) -> None:
    """Let the owner have every service whose circuit breaker is open tried again at the next tick."""
    await access.check(command_context, changes=False)
    if not access.is_owner(command_context):
        raise UserError(lazy_gettext("Only the bot's owner can do that."))
    await command_context.context.write(circuit_breakers.half_open, clock.now())
    translator = await command_context.translator()
    with command_context.ignoring_refusal():  # such as for a second press, which changes nothing
        await command_context.message.edit_text(translator.gettext("Being tried again now; /status tells how it went."))
