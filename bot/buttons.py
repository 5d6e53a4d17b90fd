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

from bot import access, comparing, keyboards, troubles
from bot.call import Call, translator_of
from bot.command import TOO_MUCH, problem_of
from bot.comparing import EARLIEST, check_room, show
from bot.house import House
from pipeline import clock
from pipeline.errors import UserError
from pipeline.i18n import lazy_gettext, translator
from pipeline.records import ChartSpec, Comparison, Language, LazyString, Metric, Mode, Normalization, Span, Theme, View
from pipeline.store import chats, comparisons, notices, subscriptions
from pipeline.store.tables import Subscription

log = logging.getLogger(__name__)

LONGEST_ALERT = 200  # Telegram's limit
OLD = lazy_gettext("This button belongs to an earlier chart. Send /compare for a new one.")

CHART = {"show", "live", "stop"}
"""The buttons under a chart, by the first word of their data."""
NUMBER = re.compile(r"[0-9]{1,9}")  # what a comparison's id can be, and nothing else that Python takes for a number


def handler(house: House) -> Callable[[Update, ContextTypes.DEFAULT_TYPE], Coroutine[Any, Any, None]]:
    """The function that python-telegram-bot calls for every button. It answers each press, but for those of a flood."""

    async def handle(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
        query = update.callback_query
        if query is None or query.message is None or house.flood_control.is_left_out(query.from_user.id):
            return
        if house.flood_control.is_too_much(query.from_user.id):
            house.flood_control.leave_out(query.from_user.id)
            await _answer(query, TOO_MUCH, Language.ENGLISH)
            return
        async with house.flood_control.turn(query.from_user.id):
            problem = await _press(house, query, query.message)
            await _answer(query, problem, (await translator_of(house, query.message.chat, query.from_user)).language)

    return handle


async def _answer(query: CallbackQuery, problem: LazyString | None, language: Language) -> None:
    try:
        await query.answer(translator(language).gettext(problem) if problem else None, show_alert=problem is not None)
    except TelegramError as error:  # as when the press is too old; what it did stands
        log.info("a press was not answered: %s", troubles.meaning(error).text)


async def _press(house: House, query: CallbackQuery, message: MaybeInaccessibleMessage) -> LazyString | None:
    """Do what the button says; what the person is to be told where it cannot be done."""
    data = query.data or ""
    if not isinstance(message, Message) or not message.is_accessible or not _belongs_to(data, message):
        return OLD
    call = Call(house, message, query.from_user.id, data.split(), query)
    async with house.turn(call.chat_id):
        return await problem_of(_run(call))


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


async def _run(call: Call) -> None:
    match call.words:
        case ["show", number, *choices] if NUMBER.fullmatch(number):
            await _show(call, int(number), choices)
        case ["live", number] if NUMBER.fullmatch(number):
            await _live(call, int(number))
        case ["stop", number] if NUMBER.fullmatch(number):
            await _stop(call, int(number))
        case ["settings", choice] if choice in {*Theme, *Language}:
            await _settings(call, choice)
        case ["forget", ("yes" | "no") as choice]:
            await _forget(call, sure=choice == "yes")
        case ["again"]:
            await _try_again(call)
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
    return chosen.fitted()


async def _show(call: Call, comparison_id: int, choices: list[str]) -> None:
    """Show the same accounts by another view or metric, in the same message."""
    current = await call.house.read(subscriptions.showing, call.chat_id, call.message.message_id)
    await access.check(call, changes=current is not None and current.mode is not Mode.ONCE)
    shown = await call.house.read(_shown, call, comparison_id)
    put = await call.house.write(_put, call, replace(shown, spec=_chosen(choices, shown.spec)), Mode.ONCE)
    await call.house.ask_for_charts([put])


async def _settings(call: Call, choice: str) -> None:
    """Choose the theme of the chat's charts or its language, and show the choice made."""
    await access.check(call, changes=True)
    chosen: dict[str, Any] = {"theme": Theme(choice)} if choice in set(Theme) else {"language": Language(choice)}
    pointed = await call.house.write(_choose, call.chat_id, (await call.translator()).language, chosen)
    spec = await call.house.read(chats.spec, call.chat_id)
    with call.unless_refused():  # as when what is chosen already was pressed: nothing is modified
        await call.message.edit_text(
            translator(spec.language).gettext(keyboards.SETTINGS), reply_markup=keyboards.chat_settings(spec)
        )
    await call.house.ask_for_charts(pointed)


def _choose(session: Session, chat_id: int, language: Language, chosen: dict[str, Any]) -> list[int]:
    """Keep the choice, also of a chat that is not known yet, which has this language so far."""
    chats.add(session, chat_id, clock.now(), language)
    return comparing.restyle(session, chat_id, **chosen)


async def _live(call: Call, comparison_id: int) -> None:
    await access.check(call, changes=True)
    asked = await call.house.read(_shown, call, comparison_id)
    put = await call.house.write(_put, call, asked, Mode.LIVE)
    await call.house.ask_for_charts([put])


async def _stop(call: Call, comparison_id: int) -> None:
    await access.check(call, changes=True)
    await call.house.read(_mine, call.chat_id, comparison_id)
    ended = await call.house.write(_put_down, call)
    if not ended:
        raise UserError(OLD)
    call.house.news.set()


async def _forget(call: Call, *, sure: bool) -> None:
    await access.check(call, changes=True)
    said = await call.translator()  # which is forgotten too
    if sure:
        await call.house.write(chats.forget, call.chat_id)
        done = lazy_gettext("Forgotten: nothing of this chat is stored any more.")
    else:
        done = lazy_gettext("Nothing was deleted.")
    with call.unless_refused():  # as when it was pressed again: there is nothing to modify
        await call.message.edit_text(said.gettext(done))


async def _try_again(call: Call) -> None:
    """An owner has mended what stopped X or Dropbox, or thinks so: both are asked again, one request first."""
    await access.check(call, changes=False)
    if not access.is_owner(call):
        raise UserError(lazy_gettext("Only the bot's owner can do that."))
    await call.house.write(notices.lift, clock.now())  # and the next tick asks
    said = await call.translator()
    with call.unless_refused():  # as when it was pressed before
        await call.message.edit_text(said.gettext("Being tried again now; /status tells how it went."))


def _mine(session: Session, chat_id: int, comparison_id: int) -> Comparison:
    """The comparison, if this chat tracks all its accounts; so nobody reads another chat's by its number."""
    found = comparisons.of(session, comparison_id)
    tracked = {account.id for account in chats.tracked(session, chat_id)}
    if found is None or not found.accounts or not tracked.issuperset(found.accounts):
        raise UserError(OLD)
    return found


def _shown(session: Session, call: Call, comparison_id: int) -> Comparison:
    """What the message shows by now: the button may be older than its accounts, theme and language."""
    _mine(session, call.chat_id, comparison_id)
    current = subscriptions.showing(session, call.chat_id, call.message.message_id)
    shown = comparing.shown_by(session, current) if current else None
    shown = shown or _mine(session, call.chat_id, _number_under(call.message))
    count = min(shown.spec.count, call.house.settings.posts_per_account)  # fewer may be read since
    return replace(shown, spec=replace(shown.spec, count=count))


def _number_under(message: Message) -> int:
    """The comparison that the chart's own buttons name."""
    return next(int(found[0]) for data in _buttons(message) if (found := NUMBER.search(data)))


def _put(session: Session, call: Call, asked: Comparison, mode: Mode) -> int:
    """Let the message show this comparison: by the subscription that it has, or by a new one. Returns what to draw."""
    current = subscriptions.showing(session, call.chat_id, call.message.message_id)
    if mode is Mode.LIVE:
        check_room(session, call.chat_id, asked, mode)
    if current is None:
        return show(session, subscription(call, mode, message_id=call.message.message_id), asked).comparison_id
    row = comparisons.find_or_add(session, asked)
    current.mode = mode if mode is Mode.LIVE else current.mode
    current.next_at = current.asked_at = clock.now()
    subscriptions.point(session, current.id, row.id, comparisons.want(session, row))
    return row.id


def _put_down(session: Session, call: Call) -> bool:
    """Let the live message stay as it is, with the buttons of a single chart."""
    current = subscriptions.showing(session, call.chat_id, call.message.message_id)
    if current is None or current.mode is not Mode.LIVE:
        return False
    current.mode, current.shown = Mode.ONCE, None
    session.flush()
    return True


def subscription(call: Call, mode: Mode, *, message_id: int | None) -> Subscription:
    return Subscription(
        chat_id=call.chat_id,
        thread_id=call.thread_id,
        everything=False,
        mode=mode,
        message_id=message_id,
        next_at=EARLIEST,
    )
