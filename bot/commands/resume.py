"""/resume: go on with the chat's paused subscriptions, or with the one whose chart it replies to."""

from bot import scopes
from bot.command import Command
from bot.command_context import CommandContext
from bot.descriptions import describe_summary
from bot.remote import Remote
from pipeline import clock
from pipeline.i18n import lazy_gettext
from pipeline.store import chat_charts


async def run(command_context: CommandContext) -> None:
    context = command_context.context
    resumed, redrawn = await context.write(chat_charts.resume, await scopes.of_command(command_context), clock.now())
    await command_context.answer(lazy_gettext("These go on:"), *map(describe_summary, resumed))
    await context.request_charts(redrawn)


COMMAND = Command("resume", lazy_gettext("go on with paused charts"), run, changes=True, remote=Remote.NAMED)
