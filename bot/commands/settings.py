"""/settings: the theme of this chat's charts and its language, by buttons."""

from dataclasses import replace

from bot.call import Call
from bot.command import Command
from bot.keyboards import SETTINGS, chat_settings
from pipeline.language import text
from pipeline.store import chats


async def run(call: Call) -> None:
    look = await call.house.read(chats.look, call.chat_id)
    await call.answer(SETTINGS, keyboard=chat_settings(replace(look, language=(await call.speech()).language)))


COMMAND = Command("settings", text("light or dark, English or Spanish"), run, changes=True)
