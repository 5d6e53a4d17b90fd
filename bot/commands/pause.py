"""/pause: send no charts of the chat's subscriptions, or of the one whose chart it replies to, until /resume."""

from bot import scopes
from bot.command import Command
from bot.command_context import CommandContext
from bot.descriptions import describe_summary
from bot.remote import Remote
from pipeline.i18n import lazy_gettext
from pipeline.store import chat_charts


async def run(command_context: CommandContext) -> None:
    paused = await command_context.context.write(chat_charts.pause, await scopes.of_command(command_context))
    await command_context.answer(
        lazy_gettext("Paused until /resume; the accounts are still read:"), *map(describe_summary, paused)
    )


COMMAND = Command("pause", lazy_gettext("stop the charts for a while"), run, changes=True, remote=Remote.NAMED)
