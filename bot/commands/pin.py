"""/pin: pin the live chart, silently, and each message that takes its place. A reply says which one of several."""

from bot import pins, scopes
from bot.command import Command
from bot.command_context import CommandContext
from bot.descriptions import find_description
from bot.remote import Remote
from pipeline.i18n import lazy_gettext


async def run(command_context: CommandContext) -> None:
    subscription_id = await pins.pin(command_context, await scopes.of_command(command_context))
    what = await command_context.context.read(find_description, subscription_id)
    await command_context.answer(
        lazy_gettext("Pinned, and so is each message that takes its place; /list unpins: {what}", what=what)
    )


COMMAND = Command("pin", lazy_gettext("pin the live chart"), run, changes=True, remote=Remote.NAMED)
