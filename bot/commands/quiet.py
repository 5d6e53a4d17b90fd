"""/quiet: when the chat gets no message that nobody asked for: /quiet 22-7, /quiet off."""

from bot.command import Command
from bot.command_context import CommandContext
from bot.descriptions import describe_quiet_hours
from bot.parsing import parse_quiet_hours
from pipeline import clock
from pipeline.i18n import lazy_gettext
from pipeline.store import chats


async def run(command_context: CommandContext) -> None:
    context, chat_id = command_context.context, command_context.chat_id
    translator = await command_context.translator()
    if not command_context.args:
        hours = await context.read(chats.quiet_hours, chat_id)
        await command_context.answer(describe_quiet_hours(hours, translator, clock.now()))
        return
    hours = parse_quiet_hours(" ".join(command_context.args))
    await context.write(chats.set_quiet_hours, chat_id, hours, language=translator.language, now=clock.now())
    context.wake.set()
    if hours is None:
        await command_context.answer(lazy_gettext("No quiet hours: new messages come at any time."))
        return
    await command_context.answer(
        describe_quiet_hours(hours, translator, clock.now()),
        lazy_gettext(
            "Until they are over I send nothing new on my own. Charts that update in their message go on, and so do "
            "answers to you."
        ),
    )


COMMAND = Command("quiet", lazy_gettext("no new messages at night: /quiet 22-7"), run, changes=True)
