"""What a command is: its name, its line in the menu and its function stand together in one file."""

import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from telegram import Message, Update
from telegram.ext import ContextTypes

from bot import access, words
from bot.call import Call
from bot.flood_control import MOST_WAITING
from bot.house import House
from pipeline.errors import DATABASE_AWAY, ServiceError, UserError, is_away
from pipeline.i18n import lazy_gettext
from pipeline.records import LazyString

log = logging.getLogger(__name__)

TOO_MUCH = lazy_gettext(
    "That is too much at once: I answer your first {count:number} commands, leave out the rest, "
    "and listen to you again in a minute.",
    count=MOST_WAITING,
)


@dataclass(frozen=True)
class Command:
    """changes: in groups for admins only. open: answered also in chats that are not served."""

    name: str
    menu: LazyString
    run: Callable[[Call], Awaitable[object]]
    changes: bool = False
    open: bool = False


def handler(house: House, command: Command) -> Callable[[Update, ContextTypes.DEFAULT_TYPE], Coroutine[Any, Any, None]]:
    """The function that python-telegram-bot calls."""

    async def handle(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
        message = update.effective_message
        if not isinstance(message, Message) or not house.answered.is_new(message):
            return
        user_id = update.effective_user.id if update.effective_user else None
        call = Call(house, message, user_id, [])
        if house.flood_control.is_left_out(call.person):
            return
        if house.flood_control.is_too_much(call.person):
            await _slow_down(call)
            return
        async with house.flood_control.turn(call.person), house.turn(call.chat_id):
            problem = await problem_of(_run(call, command))
            if problem:
                await call.answer(problem)

    return handle


async def _slow_down(call: Call) -> None:
    """Told once, in the person's turn; what else they send is dropped without any look-up."""
    call.house.flood_control.leave_out(call.person)
    log.warning("a person in chat %d sends more than can be answered", call.chat_id)
    async with call.house.flood_control.turn(call.person):
        await call.answer(TOO_MUCH)


async def _run(call: Call, command: Command) -> None:
    call.words.extend(words.split(call.message.text or ""))
    if not command.open:
        await access.check(call, changes=command.changes)
    await command.run(call)


async def problem_of(work: Awaitable[object]) -> LazyString | None:
    """Do the work; what a person is to be told where it cannot be done."""
    try:
        await work
    except (UserError, ServiceError) as error:
        return error.text
    except Exception as error:  # noqa: BLE001 the border of the process: one command's failure must not end the others
        return _excuse(error)
    return None


def _excuse(error: Exception) -> LazyString:
    """Log what kept the work from being done, and say what a person is to do."""
    if is_away(error) and isinstance(error, DATABASE_AWAY):
        log.error("the database cannot be used", exc_info=error)
        return lazy_gettext("My memory cannot be used just now. Nothing in it is lost; try again in a minute.")
    if is_away(error):
        log.error("the pipeline cannot be reached", exc_info=error)
        return lazy_gettext(
            "The part of me that reads and draws cannot be reached just now. Nothing is lost; try again in a minute."
        )
    mark = uuid4().hex[:8]
    log.error("a command failed, mark %s", mark, exc_info=error)
    return lazy_gettext(
        "Something went wrong; it is in the log as {mark}. Try again, and tell the bot's owner if it stays.",
        mark=mark,
    )
