"""What pressing a button does. Its data may be old, or made up: everything in it is checked again."""

from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session
from telegram import Message, Update
from telegram.error import BadRequest
from telegram.ext import ContextTypes

from bot import access
from bot.call import Call
from bot.command import problem_of
from bot.comparing import EARLIEST, check_room, show
from bot.house import House
from pipeline.errors import UserError
from pipeline.records import Comparison, Metric, Mode, View
from pipeline.store import chats, comparisons, subscriptions
from pipeline.store.tables import Subscription

OLD = "This button belongs to an earlier chart. Send /compare for a new one."


def handler(house: House) -> Callable[[Update, ContextTypes.DEFAULT_TYPE], Coroutine[Any, Any, None]]:
    """The function that python-telegram-bot calls for every button. It always answers the press."""

    async def handle(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
        query = update.callback_query
        if query is None:
            return
        if not isinstance(query.message, Message):
            await query.answer(OLD, show_alert=True)
            return
        if house.is_crowded(query.message.chat.id):
            await query.answer("Too much at once here. Press again in a moment.", show_alert=True)
            return
        call = Call(house, query.message, query.from_user.id, (query.data or "").split(), query)
        async with house.turn(call.chat_id):
            problem = await problem_of(_run(call))
        try:
            await query.answer(problem, show_alert=problem is not None)
        except BadRequest:  # the press is too old to be answered
            return

    return handle


async def _run(call: Call) -> None:
    match call.words:
        case ["show", number, view, metric] if number.isdigit() and view in set(View) and metric in set(Metric):
            await _show(call, int(number), View(view), Metric(metric))
        case ["live", number] if number.isdigit():
            await _live(call, int(number))
        case ["stop", number] if number.isdigit():
            await _stop(call, int(number))
        case ["forget", ("yes" | "no") as choice]:
            await _forget(call, sure=choice == "yes")
        case _:
            raise UserError(OLD)


async def _show(call: Call, comparison_id: int, view: View, metric: Metric) -> None:
    """Show the same accounts by another view or metric, in the same message."""
    current = await call.house.read(subscriptions.showing, call.chat_id, call.message.message_id)
    await access.check(call, changes=current is not None and current.mode is not Mode.ONCE)
    asked = replace(await call.house.read(_mine, call.chat_id, comparison_id), view=view, metric=metric)
    await call.house.write(_put, call, asked, Mode.ONCE)
    await call.house.ask_for_charts()


async def _live(call: Call, comparison_id: int) -> None:
    await access.check(call, changes=True)
    asked = await call.house.read(_mine, call.chat_id, comparison_id)
    await call.house.write(_put, call, asked, Mode.LIVE)
    await call.house.ask_for_charts()


async def _stop(call: Call, comparison_id: int) -> None:
    await access.check(call, changes=True)
    await call.house.read(_mine, call.chat_id, comparison_id)
    ended = await call.house.write(_put_down, call)
    if not ended:
        raise UserError(OLD)
    await call.house.ask_for_charts()


async def _forget(call: Call, *, sure: bool) -> None:
    await access.check(call, changes=True)
    if sure:
        await call.house.write(chats.forget, call.chat_id)
    await call.message.edit_text(
        "Forgotten: nothing of this chat is stored any more." if sure else "Nothing was deleted."
    )


def _mine(session: Session, chat_id: int, comparison_id: int) -> Comparison:
    """The comparison, if this chat tracks all its accounts; so nobody reads another chat's by its number."""
    found = comparisons.of(session, comparison_id)
    tracked = {account.id for account in chats.tracked(session, chat_id)}
    if found is None or not found.accounts or not tracked.issuperset(found.accounts):
        raise UserError(OLD)
    return found


def _put(session: Session, call: Call, asked: Comparison, mode: Mode) -> None:
    """Let the message show this comparison: by the subscription that it has, or by a new one."""
    current = subscriptions.showing(session, call.chat_id, call.message.message_id)
    if mode is Mode.LIVE:
        check_room(session, call.chat_id, asked, mode)
    if current is None:
        show(session, subscription(call, mode, message_id=call.message.message_id), asked)
        return
    row = comparisons.find_or_add(session, asked)
    current.mode = mode if mode is Mode.LIVE else current.mode
    current.next_at = datetime.now(UTC)
    subscriptions.point(session, current.id, row.id, comparisons.want(session, row))


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
