"""/settings: the chat's time zone and quiet hours, and by buttons its charts' theme, its language and its sound."""

from dataclasses import replace

from bot.command import Command
from bot.command_context import CommandContext
from bot.descriptions import describe_settings
from bot.keyboards import chat_settings
from pipeline import clock
from pipeline.i18n import lazy_gettext
from pipeline.store import chats


async def run(command_context: CommandContext) -> None:
    context, chat_id = command_context.context, command_context.chat_id
    translator = await command_context.translator()
    spec = await context.read(chats.default_spec, chat_id)
    hours, silent = await context.read(chats.quiet_hours, chat_id), await context.read(chats.is_silent, chat_id)
    await command_context.answer(
        *describe_settings(hours, translator, clock.now()),
        keyboard=chat_settings(replace(spec, language=translator.language), silent=silent),
    )


COMMAND = Command(
    "settings", lazy_gettext("light or dark, English or Spanish, with or without sound"), run, changes=True
)
