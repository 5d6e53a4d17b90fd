"""/unsubscribe: end the chat's subscriptions; those of named accounts or groups, or that of a chart replied to."""

from bot import pins, scopes
from bot.command import Command
from bot.command_context import CommandContext
from bot.descriptions import describe_summary
from bot.remote import Remote
from pipeline.i18n import lazy_gettext
from pipeline.store import chat_charts


async def run(command_context: CommandContext) -> None:
    context = command_context.context
    ended = await context.write(chat_charts.unsubscribe, await scopes.of_command(command_context))
    await command_context.answer(
        lazy_gettext("Ended; the last charts stay where they are:"), *map(describe_summary, ended)
    )
    await pins.unpin(command_context, ended)
    context.wake.set()


COMMAND = Command("unsubscribe", lazy_gettext("end the charts that stay fresh"), run, changes=True, remote=Remote.NAMED)
