"""/settings: the theme of this chat's charts and its language, by buttons."""

from dataclasses import replace

from bot.call import Call
from bot.command import Command
from bot.keyboards import SETTINGS, chat_settings
from pipeline.i18n import lazy_gettext
from pipeline.store import chats


async def run(call: Call) -> None:
    spec = await call.house.read(chats.spec, call.chat_id)
    await call.answer(SETTINGS, keyboard=chat_settings(replace(spec, language=(await call.translator()).language)))


COMMAND = Command("settings", lazy_gettext("light or dark, English or Spanish"), run, changes=True)
