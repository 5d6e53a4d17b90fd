"""/unsubscribe: end the chat's subscriptions, those that show the named accounts, or the one of a chart replied to."""

from bot import phrasing, pins, scopes
from bot.command import Command
from bot.command_context import CommandContext
from bot.descriptions import describe_summary
from bot.parsing import parse_handles
from bot.remote import Remote
from pipeline.errors import UserError
from pipeline.i18n import lazy_gettext
from pipeline.store import chat_charts


async def run(command_context: CommandContext) -> None:
    context = command_context.context
    handles, invalid = parse_handles(command_context.args)
    if invalid:
        raise UserError(
            lazy_gettext(
                "“{word}” is no account. /unsubscribe ends all; with @names, those that show them.",
                word=phrasing.quote(invalid[0]),
            )
        )
    ended = await context.write(chat_charts.unsubscribe, scopes.of_command(command_context), handles)
    await command_context.answer(
        lazy_gettext("Ended; the last charts stay where they are:"), *map(describe_summary, ended)
    )
    await pins.unpin(command_context, ended)
    context.wake.set()


COMMAND = Command("unsubscribe", lazy_gettext("end the charts that stay fresh"), run, changes=True, remote=Remote.NAMED)
