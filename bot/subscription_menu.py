"""What the buttons under /list do: show a subscription, pause, change, pin or end it, all in the one message.

The message may be about another chat than its own, as an admin's private chat about a channel. What the person may do
there is checked at every press.
"""

import re

from sqlalchemy.orm import Session
from telegram import InlineKeyboardMarkup

from bot import access, phrasing, pins, remote, subscription_keyboards
from bot.command_context import CommandContext
from bot.commands import list as list_command
from bot.descriptions import describe_timing
from bot.entities import extract_entities
from bot.refusals import OUTDATED_LIST
from bot.subscription_keyboards import TIMINGS
from pipeline import clock
from pipeline.errors import UserError
from pipeline.i18n import lazy_gettext
from pipeline.records import LazyString, Mode
from pipeline.store import chat_charts, subscriptions
from pipeline.store.chat_charts import Scope
from pipeline.store.rules import NoSubscriptionError

ACTIONS = {"sub", "list"}
"""The first words of the buttons' data."""
NUMBER = re.compile(r"[0-9]{1,9}")  # int() would accept other digits, signs and underscores too
CHAT_ID = re.compile(r"-?[0-9]{1,16}")


async def press(command_context: CommandContext) -> None:
    """Do what the button says. Raises UserError for one that is outdated or invented."""
    match command_context.args:
        case ["list", chat_id] if CHAT_ID.fullmatch(chat_id):
            about = await _enter(command_context, int(chat_id))
            await _show_list(about)
        case ["sub", number, *action] if NUMBER.fullmatch(number) and len(action) <= 1:
            subscription = await command_context.context.read(subscriptions.find, int(number))
            if subscription is None:
                raise UserError(OUTDATED_LIST)
            about = await _enter(command_context, subscription.chat_id)
            await _act(about, Scope(subscription.chat_id, subscription_id=subscription.id), *action)
        case _:
            raise UserError(OUTDATED_LIST)


async def _enter(command_context: CommandContext, chat_id: int) -> CommandContext:
    """The press as one about this chat. Only a private chat may be about another, which the person must be admin of."""
    if chat_id == command_context.message.chat.id:
        await access.check(command_context, changes=True)
        return command_context
    if command_context.message.chat.id != command_context.user_id or chat_id > 0:
        raise UserError(OUTDATED_LIST)
    about = await remote.enter(command_context, chat_id)
    await access.check(about, changes=True)
    return about


async def _act(about: CommandContext, scope: Scope, action: str | None = None) -> None:
    context = about.context
    try:
        match action:
            case None | "change":
                await _show_subscription(about, scope, with_timings=action == "change")
                return
            case "pause":
                await context.write(chat_charts.pause, scope)
            case "resume":
                _, redrawn = await context.write(chat_charts.resume, scope, clock.now())
                await context.request_charts(redrawn)
            case "pin":
                await pins.pin(about, scope)
            case "unpin":
                await pins.unpin(about, await context.write(chat_charts.unpin, scope))
            case "end":
                await pins.unpin(about, await context.write(chat_charts.unsubscribe, scope))
                context.wake.set()
            case _ if action in TIMINGS:
                await _change_timing(about, scope, action)
            case _:
                raise UserError(OUTDATED_LIST)
    except NoSubscriptionError:
        raise UserError(OUTDATED_LIST) from None
    if action in {"end", *TIMINGS}:
        await _show_list(about)
    else:
        await _show_subscription(about, scope)


async def _change_timing(about: CommandContext, scope: Scope, word: str) -> None:
    changed = await about.context.write(chat_charts.change_timing, scope, TIMINGS[word], clock.now())
    await pins.unpin(about, [changed.before])
    await about.context.request_charts([changed.comparison_id])


async def _show_list(about: CommandContext) -> None:
    await _edit(about, *await list_command.content(about))


async def _show_subscription(about: CommandContext, scope: Scope, *, with_timings: bool = False) -> None:
    gettext = (await about.translator()).gettext

    def read(session: Session) -> tuple[LazyString, InlineKeyboardMarkup]:
        [subscription] = chat_charts.in_scope(session, scope)
        line, subscription_id = list_command.describe(session, subscription, about.thread_id), subscription.id
        if with_timings:
            names = [(word, describe_timing(each)) for word, each in TIMINGS.items() if each != subscription.timing]
            return line, subscription_keyboards.of_timings(subscription_id, scope.chat_id, names, gettext)
        pinned = subscription.pinned if subscription.mode is Mode.LIVE else None
        return line, subscription_keyboards.of_subscription(
            subscription_id, scope.chat_id, gettext, paused=subscription.paused, pinned=pinned
        )

    line, keyboard = await about.context.read(read)
    hint = lazy_gettext(
        "When shall it come? For another time, /subscribe again, for example /subscribe weekly fri 18:00"
    )
    await _edit(about, [line, hint] if with_timings else [line], keyboard)


async def _edit(about: CommandContext, lines: list[LazyString], keyboard: InlineKeyboardMarkup | None) -> None:
    gettext = (await about.translator()).gettext
    text, entities = extract_entities(phrasing.fit_message("\n".join(map(gettext, lines))))
    with about.ignoring_refusal():  # such as for a second press, which changes nothing
        await about.message.edit_text(text, entities=entities, reply_markup=keyboard)
