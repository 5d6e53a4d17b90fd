"""What a press of a button does. Its data may be old or invented, so everything in it is checked again."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from telegram import CallbackQuery, MaybeInaccessibleMessage, Message, Update
from telegram.constants import ChatType
from telegram.error import TelegramError
from telegram.ext import ContextTypes

from bot import (
    access,
    chart_buttons,
    example,
    keyboards,
    phrasing,
    prompt,
    subscription_menu,
    telegram_errors,
    time_zones,
)
from bot.command import TOO_MANY_COMMANDS, problem_of
from bot.command_context import CommandContext, translator_of
from bot.commands import compare, track
from bot.context import Context
from bot.descriptions import describe_settings
from bot.keyboards import Sound, button_data
from bot.refusals import OUTDATED_BUTTON
from pipeline import clock
from pipeline.errors import DATABASE_AWAY, UserError
from pipeline.i18n import Translator, lazy_gettext, translator
from pipeline.records import Language, LazyString, Theme
from pipeline.store import chat_charts, chats, circuit_breakers
from pipeline.store.rules import RuleError

log = logging.getLogger(__name__)

ANSWER_WITHIN_S = 0.7
"""A press whose outcome takes longer is answered before that."""
FORETOLD_WITHIN_S = 0.5
"""How much longer it may take to find out what such an answer can say already."""
ONE_MOMENT = lazy_gettext("One moment…")


class PressAnswer:
    """The answer to a press, given once. Telegram shows a progress bar on the button until then.

    foretell: finds what is said of an outcome that takes longer; None for ONE_MOMENT. reader: the translator for who
    pressed. It is asked for last, since the database may have to be read for it: presses would not take their turns in
    order if each waited for that first.
    """

    def __init__(self, query: CallbackQuery, reader: Callable[[], Awaitable[Translator]]) -> None:
        self.query, self.reader = query, reader
        self.foretell: Callable[[], Awaitable[LazyString | None]] | None = None
        self.is_given = False

    async def give(self, text: LazyString | None, *, is_problem: bool = False) -> None:
        """is_problem: the person has to close the text; any other one goes by itself."""
        if self.is_given:
            return
        self.is_given = True
        try:
            words = (await self.reader()).gettext(text) if text else None
            await self.query.answer(words, show_alert=is_problem)
        except TelegramError as error:  # such as for a press that is too old; what the press did stays
            log.info("a press was not answered: %s", telegram_errors.classify(error).text)

    @asynccontextmanager
    async def in_time(self) -> AsyncIterator[None]:
        """Answer early if the block is not done within ANSWER_WITHIN_S."""
        timer = asyncio.get_running_loop().create_task(self._give_later())
        try:
            yield
        finally:
            if not self.is_given:
                timer.cancel()
            await asyncio.wait({timer})

    async def _give_later(self) -> None:
        await asyncio.sleep(ANSWER_WITHIN_S)
        await self.give(await self._foretold() or ONE_MOMENT)

    async def _foretold(self) -> LazyString | None:
        try:
            async with asyncio.timeout(FORETOLD_WITHIN_S):
                return await self.foretell() if self.foretell else None
        except (TimeoutError, UserError, RuleError, TelegramError, *DATABASE_AWAY):  # the outcome will say why
            return None


def handler(context: Context) -> Callable[[Update, ContextTypes.DEFAULT_TYPE], Coroutine[Any, Any, None]]:
    """The function that python-telegram-bot calls for every press.

    It answers each, but those that flood control drops.
    """

    async def handle(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        query = update.callback_query
        if query is None or query.message is None or context.flood_control.is_ignored(query.from_user.id):
            return
        if context.flood_control.is_over_limit(query.from_user.id):
            context.flood_control.ignore(query.from_user.id)
            await PressAnswer(query, _english).give(TOO_MANY_COMMANDS, is_problem=True)
            return
        reader = partial(translator_of, context, query.message.chat, query.from_user)
        await _press(context, query, query.message, PressAnswer(query, reader))

    return handle


async def _english() -> Translator:
    """For who sent too much: no query to the database is spent on them."""
    return translator(Language.ENGLISH)


async def _press(
    context: Context, query: CallbackQuery, message: MaybeInaccessibleMessage, answer: PressAnswer
) -> None:
    """Do what the button says once it is its turn, and answer."""
    words = (query.data or "").split()
    if isinstance(message, Message) and message.is_accessible:
        command_context = CommandContext(context, message, query.from_user.id, words, query)
        answer.foretell = partial(chart_buttons.foretell, command_context)
    async with AsyncExitStack() as turn:
        await turn.enter_async_context(context.flood_control.admission(query.from_user.id))
        async with answer.in_time():
            await turn.enter_async_context(context.chat_lock(message.chat.id))
        if not isinstance(message, Message) or not message.is_accessible:
            await answer.give(OUTDATED_BUTTON, is_problem=True)
            return
        command_context = CommandContext(context, message, query.from_user.id, words, query)
        is_known = _belongs_under(words, message)
        problem = await problem_of(_run(command_context, answer)) if is_known else OUTDATED_BUTTON
    if problem and answer.is_given:
        await _tell_late(command_context, query, problem)
    await answer.give(problem, is_problem=problem is not None)


async def _tell_late(command_context: CommandContext, query: CallbackQuery, problem: LazyString) -> None:
    """Tell the person by a message; in private where that would be a post for all of a channel."""
    chat = command_context.message.chat
    if chat.type != ChatType.CHANNEL:
        await command_context.answer(problem)
        return
    text = (await command_context.translator()).gettext(problem)
    try:
        await query.get_bot().send_message(query.from_user.id, f"{phrasing.quote(chat.title or '')}: {text}")
    except TelegramError as error:  # such as for who never wrote to the bot
        log.info("a person was not told why a press failed: %s", telegram_errors.classify(error).text)


def _belongs_under(words: list[str], message: Message) -> bool:
    """Whether a button of this kind is under the message: a modified client may send any data for any message.

    The button itself may be gone, since a chart's buttons change with each delivery.
    """
    return _kind_of(words) in {_kind_of(each.split()) for each in button_data(message)}


def _kind_of(words: list[str]) -> str:
    """One kind for all buttons under a chart, and one for those under a list; for any other button its action."""
    action = next(iter(words), "")
    return "chart" if action in chart_buttons.ACTIONS else "list" if action in subscription_menu.ACTIONS else action


async def _run(command_context: CommandContext, answer: PressAnswer) -> None:
    match command_context.args:
        case [action, *_] if action in chart_buttons.ACTIONS:
            work = await chart_buttons.prepare(command_context)
            async with answer.in_time():
                remark = await work
            await answer.give(remark)
        case ["settings", choice] if choice in {*Theme, *Language, *Sound}:
            await _set_preference(command_context, choice)
        case ["zone", zone] if zone in time_zones.names().values():
            await _set_time_zone(command_context, zone)
        case ["forget", ("yes" | "no") as choice]:
            await _forget(command_context, confirmed=choice == "yes")
        case [("list" | "sub"), *_]:
            await subscription_menu.press(command_context)
        case ["example"]:
            await access.check(command_context, changes=False)
            await example.send(command_context)
        case ["names"]:
            await access.check(command_context, changes=True)
            await prompt.ask(command_context)
        case ["draw", *args]:
            await access.check(command_context, changes=True)
            await _track_and_draw(command_context, args)
        case ["again"]:
            await _retry_services(command_context)
        case _:
            raise UserError(OUTDATED_BUTTON)


async def _set_preference(command_context: CommandContext, choice: str) -> None:
    """Set what a button of /settings names, and mark the choice in the message."""
    await access.check(command_context, changes=True)
    redrawn = await (_set_sound if choice in set(Sound) else _set_look)(command_context, choice)
    await _show_settings(command_context)
    await command_context.context.request_charts(redrawn)


async def _set_look(command_context: CommandContext, choice: str) -> list[int]:
    """Set the theme of the chat's charts or its language; returns the comparisons to draw now."""
    context, chat_id = command_context.context, command_context.chat_id
    theme = Theme(choice) if choice in set(Theme) else None
    return await context.write(
        chat_charts.restyle,
        chat_id,
        theme=theme,
        language=None if theme else Language(choice),
        initial_language=(await command_context.translator()).language,
        now=clock.now(),
    )


async def _set_sound(command_context: CommandContext, choice: str) -> list[int]:
    """Set how messages come that nobody just asked for; nothing is drawn for it."""
    language = (await command_context.translator()).language
    await command_context.context.write(
        chats.set_silent, command_context.chat_id, silent=choice == Sound.SILENT, language=language, now=clock.now()
    )
    return []


async def _show_settings(command_context: CommandContext) -> None:
    """Mark in the message what is chosen."""
    context, chat_id = command_context.context, command_context.chat_id
    spec = await context.read(chats.default_spec, chat_id)
    hours, silent = await context.read(chats.quiet_hours, chat_id), await context.read(chats.is_silent, chat_id)
    reader = translator(spec.language, spec.time_zone)
    lines = map(reader.gettext, describe_settings(hours, reader, clock.now()))
    with command_context.ignoring_refusal():  # such as for a press of the choice that is marked already
        await command_context.message.edit_text(
            "\n".join(lines), reply_markup=keyboards.chat_settings(spec, silent=silent)
        )


async def _set_time_zone(command_context: CommandContext, zone: str) -> None:
    """Set the time zone of the city that is meant, of several with the name; the question is answered, and goes."""
    await access.check(command_context, changes=True)
    await time_zones.set_zone(command_context, zone)
    with command_context.ignoring_refusal():  # such as for a second press
        await command_context.message.delete()


async def _forget(command_context: CommandContext, *, confirmed: bool) -> None:
    await access.check(command_context, changes=True)
    translator = await command_context.translator()  # before the chat's language is deleted
    if confirmed:
        await command_context.context.write(chats.delete_chat, command_context.chat_id)
        outcome = lazy_gettext("Done: everything about this chat has been deleted.")
    else:
        outcome = lazy_gettext("Nothing was deleted.")
    with command_context.ignoring_refusal():  # such as for a second press, which changes nothing
        await command_context.message.edit_text(translator.gettext(outcome))


async def _track_and_draw(command_context: CommandContext, args: list[str]) -> None:
    """Track the accounts that a /compare named and the chat does not track, then draw it."""
    handles = await compare.untracked(replace(command_context, args=args))
    if handles:
        await track.run(replace(command_context, args=[f"@{each.name}" for each in handles]))
    await compare.draw(replace(command_context, args=args, query=None))


async def _retry_services(command_context: CommandContext) -> None:
    """Let the owner have every service whose circuit breaker is open tried again at the next tick."""
    await access.check(command_context, changes=False)
    if not access.is_owner(command_context):
        raise UserError(lazy_gettext("Only the bot's owner can do that."))
    await command_context.context.write(circuit_breakers.half_open, clock.now())
    translator = await command_context.translator()
    with command_context.ignoring_refusal():  # such as for a second press, which changes nothing
        await command_context.message.edit_text(translator.gettext("Trying again now; /status shows how it went."))
