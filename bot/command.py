"""What a command is, and how every command is run: flood control, access, errors."""

import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from telegram import Message, Update
from telegram.ext import ContextTypes

from bot import access, refusals, remote
from bot.command_context import CommandContext
from bot.context import Context
from bot.flood_control import MAX_WAITING
from bot.parsing import split_args
from bot.remote import Remote
from pipeline.errors import DATABASE_AWAY, ServiceError, UserError, is_away
from pipeline.i18n import lazy_gettext, lazy_ngettext
from pipeline.records import LazyString
from pipeline.store.rules import RuleError

log = logging.getLogger(__name__)

TOO_MANY_COMMANDS = lazy_ngettext(
    "Too many commands at once. I'll answer the first one and listen again in a minute.",
    "Too many commands at once. I'll answer the first {count:number} and listen again in a minute.",
    count=MAX_WAITING,
)
PIPELINE_AWAY = lazy_gettext(
    "The part of the bot that draws charts is not answering. Nothing is lost; try again in a minute."
)


@dataclass(frozen=True)
class Command:
    """A command: its name, its line in the menu and its function, which stand together in one file of bot/commands.

    changes: only admins may use it in a group. open: it is answered in chats that are not served too.
    owners: only owners may use it, in private, and also while the database is away; it is in nobody's menu.
    takes_group: its arguments may begin with the name of a group of accounts and a colon.
    remote: how it names another chat, as an admin of a channel does in their private chat with the bot.
    """

    name: str
    menu: LazyString
    run: Callable[[CommandContext], Awaitable[object]]
    changes: bool = False
    open: bool = False
    owners: bool = False
    takes_group: bool = False
    remote: Remote = Remote.NO


def handler(
    context: Context, command: Command
) -> Callable[[Update, ContextTypes.DEFAULT_TYPE], Coroutine[Any, Any, None]]:
    """The function that python-telegram-bot calls for the command."""

    async def handle(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        message = update.effective_message
        if not isinstance(message, Message) or not context.answered_messages.is_new(message):
            return
        user_id = update.effective_user.id if update.effective_user else None
        command_context = CommandContext(context, message, user_id, [])
        person = command_context.person
        if context.flood_control.is_ignored(person):
            return
        if context.flood_control.is_over_limit(person):
            await _ignore(command_context)
            return
        async with context.flood_control.admission(person), context.chat_lock(command_context.chat_id):
            problem = await problem_of(_run(command_context, command))
            if problem:
                await command_context.answer(problem)

    return handle


async def _ignore(command_context: CommandContext) -> None:
    """Tell a person once that they sent too much; what else they send is dropped without a query to the database."""
    flood_control = command_context.context.flood_control
    flood_control.ignore(command_context.person)
    log.warning("a person in chat %d sends more than can be answered", command_context.chat_id)
    async with flood_control.admission(command_context.person):
        await command_context.answer(TOO_MANY_COMMANDS)


async def _run(command_context: CommandContext, command: Command) -> None:
    message = command_context.message
    typed = message.text or message.caption or ""
    command_context.args.extend(split_args(typed, takes_group=command.takes_group))
    target = await remote.find_target(command_context, command.remote)
    if target is not None:
        async with command_context.context.chat_lock(target.chat_id):
            await _run_checked(target, command)
    else:
        await _run_checked(command_context, command)


async def _run_checked(command_context: CommandContext, command: Command) -> None:
    if command.owners:
        access.check_owner(command_context)
    elif not command.open:
        await access.check(command_context, changes=command.changes)
    await command.run(command_context)


async def problem_of(work: Awaitable[object]) -> LazyString | None:
    """Do the work. Returns what the person is told where it failed; None where it is done."""
    try:
        await work
    except (UserError, ServiceError) as error:
        return error.text
    except RuleError as error:
        return refusals.describe(error)
    except Exception as error:  # noqa: BLE001 the border of the process: one command's failure must not end the others
        return _log_and_describe(error)
    return None


def _log_and_describe(error: Exception) -> LazyString:
    """Log an unexpected error, and tell the person what to do; a fault of ours is named by its id in the log."""
    if is_away(error) and isinstance(error, DATABASE_AWAY):
        log.error("the database cannot be used", exc_info=error)
        return lazy_gettext("I can't reach my database just now. Nothing is lost; try again in a minute.")
    if is_away(error):
        log.error("the pipeline cannot be reached", exc_info=error)
        return PIPELINE_AWAY
    log_id = uuid4().hex[:8]
    log.error("a command failed, mark %s", log_id, exc_info=error)
    return lazy_gettext(
        "Something went wrong (log {mark}). Try again; if it keeps happening, tell the bot's owner.",
        mark=log_id,
    )
