"""What pressing a button does. Its data may be old, or made up: everything in it is checked again."""

import logging
import re
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session
from telegram import CallbackQuery, MaybeInaccessibleMessage, Message, Update
from telegram.error import TelegramError
from telegram.ext import ContextTypes

from bot import access, comparing, keyboards, telegram_errors
from bot.command import TOO_MUCH, problem_of
from bot.command_context import CommandContext, translator_of
from bot.comparing import EARLIEST, check_room, show
from bot.context import Context
from pipeline import clock
from pipeline.chart.views import fitted
from pipeline.errors import UserError
from pipeline.i18n import lazy_gettext, translator
from pipeline.records import ChartSpec, Comparison, Language, LazyString, Metric, Mode, Normalization, Span, Theme, View
from pipeline.store import chats, circuit_breakers, comparisons, subscriptions
from pipeline.store.tables import Subscription

log = logging.getLogger(__name__)

LONGEST_ALERT = 200  # Telegram's limit
OLD = lazy_gettext("This button belongs to an earlier chart. Send /compare for a new one.")

CHART = {"show", "live", "stop"}
"""The buttons under a chart, by the first word of their data."""
NUMBER = re.compile(r"[0-9]{1,9}")  # what a comparison's id can be, and nothing else that Python takes for a number


def handler(context: Context) -> Callable[[Update, ContextTypes.DEFAULT_TYPE], Coroutine[Any, Any, None]]:
    """The function that python-telegram-bot calls for every button. It answers each press, but for those of a flood."""

    async def handle(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
        query = update.callback_query
        if query is None or query.message is None or context.flood_control.is_ignored(query.from_user.id):
            return
        if context.flood_control.is_over_limit(query.from_user.id):
            context.flood_control.ignore(query.from_user.id)
            await _answer(query, TOO_MUCH, Language.ENGLISH)
            return
        async with context.flood_control.admission(query.from_user.id):
            problem = await _press(context, query, query.message)
            await _answer(query, problem, (await translator_of(context, query.message.chat, query.from_user)).language)

    return handle


async def _answer(query: CallbackQuery, problem: LazyString | None, language: Language) -> None:
    try:
        await query.answer(translator(language).gettext(problem) if problem else None, show_alert=problem is not None)
    except TelegramError as error:  # as when the press is too old; what it did stands
        log.info("a press was not answered: %s", telegram_errors.classify(error).text)


async def _press(context: Context, query: CallbackQuery, message: MaybeInaccessibleMessage) -> LazyString | None:
    """Do what the button says; what the person is to be told where it cannot be done."""
    data = query.data or ""
    if not isinstance(message, Message) or not message.is_accessible or not _belongs_to(data, message):
        return OLD
    command_context = CommandContext(context, message, query.from_user.id, data.split(), query)
    async with context.turn(command_context.chat_id):
        return await problem_of(_run(command_context))


def _belongs_to(data: str, message: Message) -> bool:
    """Whether such a button stands under the message: a changed client may send any data under any message.

    The button itself may be gone, as where the chart was drawn anew since it was pressed.
    """
    return _kind(data) in {_kind(each) for each in _buttons(message)}


def _buttons(message: Message) -> list[str]:
    """The data of the buttons that stand under the message now."""
    rows = message.reply_markup.inline_keyboard if message.reply_markup else ()
    return [str(button.callback_data) for row in rows for button in row]


def _kind(data: str) -> str:
    """For which messages a button is made: those of a chart stand together, any other alone."""
    word = data.split(" ", 1)[0]
    return "chart" if word in CHART else word


async def _run(command_context: CommandContext) -> None:
    match command_context.args:
        case ["show", number, *choices] if NUMBER.fullmatch(number):
            await _show(command_context, int(number), choices)
        case ["live", number] if NUMBER.fullmatch(number):
            await _live(command_context, int(number))
        case ["stop", number] if NUMBER.fullmatch(number):
            await _stop(command_context, int(number))
        case ["settings", choice] if choice in {*Theme, *Language}:
            await _settings(command_context, choice)
        case ["forget", ("yes" | "no") as choice]:
            await _forget(command_context, sure=choice == "yes")
        case ["again"]:
            await _try_again(command_context)
        case _:
            raise UserError(OLD)


def _chosen(choices: list[str], spec: ChartSpec) -> ChartSpec:
    """The look with what a button's data names."""
    try:
        view, metric, normalization, span = choices
        chosen = replace(
            spec, view=View(view), metric=Metric(metric), normalization=Normalization(normalization), span=Span(span)
        )
    except ValueError:
        raise UserError(OLD) from None
    return fitted(chosen)


async def _show(command_context: CommandContext, comparison_id: int, choices: list[str]) -> None:
    """Show the same accounts by another view or metric, in the same message."""
    current = await command_context.context.read(
        subscriptions.find_by_message, command_context.chat_id, command_context.message.message_id
    )
    await access.check(command_context, changes=current is not None and current.mode is not Mode.ONCE)
    shown = await command_context.context.read(_shown, command_context, comparison_id)
    put = await command_context.context.write(
        _put, command_context, replace(shown, spec=_chosen(choices, shown.spec)), Mode.ONCE
    )
    await command_context.context.ask_for_charts([put])


async def _settings(command_context: CommandContext, choice: str) -> None:
    """Choose the theme of the chat's charts or its language, and show the choice made."""
    await access.check(command_context, changes=True)
    chosen: dict[str, Any] = {"theme": Theme(choice)} if choice in set(Theme) else {"language": Language(choice)}
    pointed = await command_context.context.write(
        _choose, command_context.chat_id, (await command_context.translator()).language, chosen
    )
    spec = await command_context.context.read(chats.default_spec, command_context.chat_id)
    with command_context.unless_refused():  # as when what is chosen already was pressed: nothing is modified
        await command_context.message.edit_text(
            translator(spec.language).gettext(keyboards.SETTINGS), reply_markup=keyboards.chat_settings(spec)
        )
    await command_context.context.ask_for_charts(pointed)


def _choose(session: Session, chat_id: int, language: Language, chosen: dict[str, Any]) -> list[int]:
    """Keep the choice, also of a chat that is not known yet, which has this language so far."""
    chats.add(session, chat_id, clock.now(), language)
    return comparing.restyle(session, chat_id, **chosen)


async def _live(command_context: CommandContext, comparison_id: int) -> None:
    await access.check(command_context, changes=True)
    asked = await command_context.context.read(_shown, command_context, comparison_id)
    put = await command_context.context.write(_put, command_context, asked, Mode.LIVE)
    await command_context.context.ask_for_charts([put])


async def _stop(command_context: CommandContext, comparison_id: int) -> None:
    await access.check(command_context, changes=True)
    await command_context.context.read(_mine, command_context.chat_id, comparison_id)
    ended = await command_context.context.write(_put_down, command_context)
    if not ended:
        raise UserError(OLD)
    command_context.context.wake.set()


async def _forget(command_context: CommandContext, *, sure: bool) -> None:
    await access.check(command_context, changes=True)
    said = await command_context.translator()  # which is forgotten too
    if sure:
        await command_context.context.write(chats.delete_chat, command_context.chat_id)
        done = lazy_gettext("Forgotten: nothing of this chat is stored any more.")
    else:
        done = lazy_gettext("Nothing was deleted.")
    with command_context.unless_refused():  # as when it was pressed again: there is nothing to modify
        await command_context.message.edit_text(said.gettext(done))


async def _try_again(command_context: CommandContext) -> None:
    """An owner has mended what stopped X or Dropbox, or thinks so: both are asked again, one request first."""
    await access.check(command_context, changes=False)
    if not access.is_owner(command_context):
        raise UserError(lazy_gettext("Only the bot's owner can do that."))
    await command_context.context.write(circuit_breakers.half_open, clock.now())  # and the next tick asks
    said = await command_context.translator()
    with command_context.unless_refused():  # as when it was pressed before
        await command_context.message.edit_text(said.gettext("Being tried again now; /status tells how it went."))


def _mine(session: Session, chat_id: int, comparison_id: int) -> Comparison:
    """The comparison, if this chat tracks all its accounts; so nobody reads another chat's by its number."""
    found = comparisons.get_record(session, comparison_id)
    tracked = {account.id for account in chats.list_tracked_accounts(session, chat_id)}
    if found is None or not found.accounts or not tracked.issuperset(found.accounts):
        raise UserError(OLD)
    return found


def _shown(session: Session, command_context: CommandContext, comparison_id: int) -> Comparison:
    """What the message shows by now: the button may be older than its accounts, theme and language."""
    _mine(session, command_context.chat_id, comparison_id)
    current = subscriptions.find_by_message(session, command_context.chat_id, command_context.message.message_id)
    shown = comparing.shown_by(session, current) if current else None
    shown = shown or _mine(session, command_context.chat_id, _number_under(command_context.message))
    count = min(shown.spec.count, command_context.context.settings.posts_per_account)  # fewer may be read since
    return replace(shown, spec=replace(shown.spec, count=count))


def _number_under(message: Message) -> int:
    """The comparison that the chart's own buttons name."""
    return next(int(found[0]) for data in _buttons(message) if (found := NUMBER.search(data)))


def _put(session: Session, command_context: CommandContext, asked: Comparison, mode: Mode) -> int:
    """Let the message show this comparison: by the subscription that it has, or by a new one. Returns what to draw."""
    current = subscriptions.find_by_message(session, command_context.chat_id, command_context.message.message_id)
    if mode is Mode.LIVE:
        check_room(session, command_context.chat_id, asked, mode)
    if current is None:
        return show(
            session, subscription(command_context, mode, message_id=command_context.message.message_id), asked
        ).comparison_id
    row = comparisons.get_or_create(session, asked)
    current.mode = mode if mode is Mode.LIVE else current.mode
    current.next_at = current.requested_at = clock.now()
    subscriptions.switch_comparison(session, current.id, row.id, comparisons.request_redraw(session, row))
    return row.id


def _put_down(session: Session, command_context: CommandContext) -> bool:
    """Let the live message stay as it is, with the buttons of a single chart."""
    current = subscriptions.find_by_message(session, command_context.chat_id, command_context.message.message_id)
    if current is None or current.mode is not Mode.LIVE:
        return False
    current.mode, current.delivered_digest = Mode.ONCE, None
    session.flush()
    return True


def subscription(command_context: CommandContext, mode: Mode, *, message_id: int | None) -> Subscription:
    return Subscription(
        chat_id=command_context.chat_id,
        thread_id=command_context.thread_id,
        all_tracked=False,
        mode=mode,
        message_id=message_id,
        next_at=EARLIEST,
    )
