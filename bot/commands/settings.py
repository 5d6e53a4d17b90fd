"""/settings: the theme of this chat's charts and its language, by buttons."""

from dataclasses import replace

from bot.command import Command
from bot.command_context import CommandContext
from bot.keyboards import SETTINGS, chat_settings
from pipeline.i18n import lazy_gettext
from pipeline.store import chats


async def run(command_context: CommandContext) -> None:
    spec = await command_context.context.read(chats.default_spec, command_context.chat_id)
    await command_context.answer(
        SETTINGS, keyboard=chat_settings(replace(spec, language=(await command_context.translator()).language))
    )


COMMAND = Command("settings", lazy_gettext("light or dark, English or Spanish"), run, changes=True)
