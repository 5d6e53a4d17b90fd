"""What a press of a button under a chart does. In a group, who may not change the chart gets a copy of their own."""

import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from sqlalchemy.orm import Session
from telegram import InlineKeyboardMarkup, ReplyParameters
from telegram.constants import ChatType
from telegram.error import TelegramError

from bot import access, keyboards, network_readings, telegram_errors
from bot.chart_choices import CHOICES
from bot.command_context import CommandContext
from bot.keyboards import ShownChart, button_data
from bot.refusals import OUTDATED_BUTTON
from pipeline import clock
from pipeline.chart.views import fitted
from pipeline.errors import UserError
from pipeline.i18n import lazy_gettext
from pipeline.messaging.client import FileRequest
from pipeline.records import (
    ChartSpec,
    Comparison,
    DocumentFormat,
    LazyString,
    Metric,
    Mode,
    Normalization,
    Span,
    View,
)
from pipeline.store import accounts, chat_charts, comparisons
from pipeline.store.chat_charts import Destination
from pipeline.store.rules import UnknownChartError

if TYPE_CHECKING:
    from telegram.ext import ExtBot

ACTIONS = {"show", "set", "menu", "live", "stop", "refresh", "file"}
"""The first words of the data of these buttons."""
COMPARISON_ID = re.compile(r"[0-9]{1,9}")  # int() would accept other digits, signs and underscores too
OWNER = re.compile(r"@([0-9]{1,16})")
MENU_STAYS_OPEN = timedelta(seconds=20)
"""How long a live chart is not renewed while its menu is open, since an edit brings the chart's own buttons back."""
YOUR_COPY = lazy_gettext("This copy is yours: the chart above stays as it is.")
FILE_IS_COMING = lazy_gettext("The file comes in a moment.")


@dataclass(frozen=True, slots=True)
class Press:
    """A press under a chart. shown: the chart as the message shows it now. comparison: what that chart is of.

    may_change: whether the person may change the chart in its message.
    """

    command_context: CommandContext
    shown: ShownChart
    comparison: Comparison
    may_change: bool


Work = Coroutine[None, None, LazyString | None]
"""What a press does; it returns what the person is told in passing. It may raise UserError, RuleError."""


async def prepare(command_context: CommandContext) -> Work:
    """Check the press. Returns what is to be done, which may take longer. Raises UserError, UnknownChartError."""
    action, *args = [word for word in command_context.args if not OWNER.fullmatch(word)]
    number, *args = args or [""]
    if not COMPARISON_ID.fullmatch(number):
        raise UserError(OUTDATED_BUTTON)
    await access.check(command_context, changes=action in {"live", "stop"})
    shown, comparison = await command_context.context.read(_find_shown, command_context, int(number))
    may_change = await _may_change(command_context, shown)
    if not may_change and not command_context.in_group:  # in a channel only admins write
        raise UserError(access.ADMINS_ONLY)
    return _work(Press(command_context, shown, comparison, may_change), action, args)


async def foretell(command_context: CommandContext) -> LazyString | None:
    """What the person is told of a press, where that is known before it is done; None otherwise.

    Raises UserError, UnknownChartError.
    """
    match command_context.args:
        case ["refresh", number, *_] if COMPARISON_ID.fullmatch(number):
            await access.check(command_context, changes=False)
            _, comparison = await command_context.context.read(_find_shown, command_context, int(number))
            return await _next_reading(command_context, comparison)
    return None


async def _next_reading(command_context: CommandContext, comparison: Comparison) -> LazyString:
    context = command_context.context
    return await context.read(network_readings.describe_next, comparison.accounts, context.settings, clock.now())


def _work(pressed: Press, action: str, args: list[str]) -> Work:
    """What is to be done for a button with this data. Raises UserError where there is no such button."""
    work: Work
    match action, args:
        case "show", choices:
            work = _show(pressed, lambda spec: chosen_spec(choices, spec))
        case "set", [field, value] if field in CHOICES:
            work = _show(pressed, lambda _: CHOICES[field].choose(pressed.shown.subject, value))
        case "menu", [name] if name in {*CHOICES, *keyboards.MENUS, keyboards.CLOSED}:
            work = _open_menu(pressed, name)
        case "file", [file_format] if file_format in set(DocumentFormat):
            work = _send_file(pressed, DocumentFormat(file_format))
        case "refresh", []:
            work = _refresh(pressed)
        case "live", []:
            work = _keep_live(pressed)
        case "stop", []:
            work = _stop_updates(pressed)
        case _:
            raise UserError(OUTDATED_BUTTON)
    return work


def chosen_spec(choices: list[str], spec: ChartSpec) -> ChartSpec:
    """The spec with the choices in an old button's data: view, metric, normalization, span. Raises ValueError."""
    view, metric, normalization, span = choices
    return fitted(
        replace(
            spec, view=View(view), metric=Metric(metric), normalization=Normalization(normalization), span=Span(span)
        )
    )


def _find_shown(session: Session, command_context: CommandContext, comparison_id: int) -> tuple[ShownChart, Comparison]:
    """What the message shows now, by its subscription or by its buttons, after a check of the pressed button's id.

    Raises UnknownChartError.
    """
    message, max_posts = command_context.message, command_context.context.settings.posts_per_account
    place = message.chat.id, message.message_id
    named_id, owner_id = named_under(button_data(message))
    chat_charts.own_comparison(session, message.chat.id, comparison_id)
    comparison = chat_charts.comparison_in_message(session, *place, comparison_id=named_id, max_posts=max_posts)
    networks = {account.network for account in accounts.get_many(session, comparison.accounts)}
    mode = chat_charts.mode_in_message(session, *place, named_id)
    shown = ShownChart(
        named_id, comparison.spec, mode, networks, owner_id, max_posts, accounts=len(comparison.accounts)
    )
    return shown, comparison


def named_under(buttons: list[str]) -> tuple[int, int | None]:
    """The comparison that the buttons under a chart name, and the chart's owner."""
    for action, *words in map(str.split, buttons):
        if action in ACTIONS and words and COMPARISON_ID.fullmatch(words[0]):
            owner = OWNER.fullmatch(words[-1])
            return int(words[0]), int(owner[1]) if owner else None
    raise UnknownChartError


async def _show(pressed: Press, choose: Callable[[ChartSpec], ChartSpec]) -> LazyString | None:
    """Show the same accounts by another spec. choose: raises ValueError for what is not to be chosen."""
    try:
        spec = choose(pressed.shown.spec)
    except ValueError:
        raise UserError(OUTDATED_BUTTON) from None
    destination, remark = await _destination(pressed, keyboards.closed)
    await _draw(pressed, destination, replace(pressed.comparison, spec=spec))
    return remark


async def _draw(pressed: Press, destination: Destination, comparison: Comparison) -> None:
    context = pressed.command_context.context
    redrawn = await context.write(chat_charts.show_in_message, destination, comparison, clock.now())
    await context.request_charts(redrawn)


async def _open_menu(pressed: Press, name: str) -> LazyString | None:
    command_context = pressed.command_context
    if not pressed.may_change:
        _, remark = await _open_copy(pressed, lambda copy: keyboards.menu(copy, name))
        return remark
    message = command_context.message
    if pressed.shown.mode is Mode.LIVE and name != keyboards.CLOSED:
        until = clock.now() + MENU_STAYS_OPEN
        await command_context.context.write(chat_charts.hold, message.chat.id, message.message_id, until)
    with command_context.ignoring_refusal():  # such as for a second press, which changes nothing
        await message.edit_reply_markup(keyboards.menu(pressed.shown, name))
    return None


async def _refresh(pressed: Press) -> LazyString:
    """Draw the chart anew from what is stored, which costs nothing; not while the message waits for a chart anyway."""
    context, now = pressed.command_context.context, clock.now()
    destination, _ = await _destination(pressed, keyboards.closed)
    if not await context.read(chat_charts.is_awaited, destination):
        redrawn = await context.write(chat_charts.show_in_message, destination, pressed.comparison, now)
        context.wake.set()
        await context.pipeline_client.redraw(redrawn)
    return await _next_reading(pressed.command_context, pressed.comparison)


async def _send_file(pressed: Press, file_format: DocumentFormat) -> LazyString:
    """Have the file made; bot.file_sender sends it as a reply to the chart, which stays as it is."""
    command_context = pressed.command_context
    context, message = command_context.context, command_context.message
    comparison_id = await context.write(_row_id, pressed.comparison)
    await context.pipeline_client.request_file(
        FileRequest(message.chat.id, command_context.thread_id, message.message_id, comparison_id, file_format)
    )
    return FILE_IS_COMING


def _row_id(session: Session, comparison: Comparison) -> int:
    return comparisons.get_or_create(session, comparison).id


async def _keep_live(pressed: Press) -> None:
    context = pressed.command_context.context
    destination = pressed.command_context.destination
    redrawn = await context.write(chat_charts.keep_live, destination, pressed.comparison, clock.now())
    await context.request_charts(redrawn)


async def _stop_updates(pressed: Press) -> None:
    command_context, shown = pressed.command_context, pressed.shown
    context, message = command_context.context, command_context.message
    await context.write(chat_charts.stop_updates, message.chat.id, message.message_id, shown.comparison_id)
    context.wake.set()
    if shown.mode is Mode.NEW:
        with command_context.ignoring_refusal():
            await message.edit_reply_markup(keyboards.closed(replace(shown, mode=Mode.ONCE)))


async def _destination(
    pressed: Press, keyboard: Callable[[ShownChart], InlineKeyboardMarkup]
) -> tuple[Destination, LazyString | None]:
    """The chart's own message, or that of a new copy with this keyboard; and what the person is told of it."""
    if pressed.may_change:
        return replace(pressed.command_context.destination, owner_id=pressed.shown.owner_id), None
    return await _open_copy(pressed, keyboard)


async def _may_change(command_context: CommandContext, shown: ShownChart) -> bool:
    """Whether the person may change the chart in its message.

    In a group that is who asked for the chart, until it is kept fresh for all, and every admin.
    """
    if command_context.message.chat.type == ChatType.PRIVATE:
        return True
    is_own = shown.owner_id is not None and shown.owner_id == command_context.user_id
    return (is_own and shown.mode is Mode.ONCE) or await access.is_chat_admin(command_context)


async def _open_copy(
    pressed: Press, keyboard: Callable[[ShownChart], InlineKeyboardMarkup]
) -> tuple[Destination, LazyString]:
    """Send the picture once more as a reply to the chart; its buttons name the person as its owner.

    Raises UserError where too many copies are opened, and where Telegram refuses one.
    """
    command_context, owner_id = pressed.command_context, pressed.command_context.user_id
    message = command_context.message
    if not message.photo or owner_id is None:
        raise UserError(OUTDATED_BUTTON)
    if not command_context.context.copy_limits.admit(message.chat.id, owner_id):
        raise UserError(lazy_gettext("Many charts were opened here just now. Try again in a minute."))
    copy = replace(pressed.shown, mode=Mode.ONCE, owner_id=owner_id)
    try:
        sent = await cast("ExtBot[bool]", message.get_bot()).send_photo(
            message.chat.id,
            message.photo[-1].file_id,
            caption=message.caption,
            caption_entities=message.caption_entities,
            message_thread_id=command_context.thread_id,
            reply_markup=keyboard(copy),
            reply_parameters=ReplyParameters(message.message_id, allow_sending_without_reply=True),
            disable_notification=True,
            rate_limit_args=True,
        )
    except TelegramError as error:
        await command_context.context.update_chat(message.chat.id, telegram_errors.classify(error))
        raise UserError(lazy_gettext("Telegram takes no chart here just now. Try again in a minute.")) from error
    return Destination(message.chat.id, command_context.thread_id, sent.message_id, owner_id), YOUR_COPY
