"""/settings: the theme of this chat's charts and its language, by buttons."""

from bot import comparing
from bot.call import Call
from bot.command import Command
from bot.keyboards import SETTINGS, chat_settings
from pipeline.errors import UserError
from pipeline.language import text
from pipeline.store import chats


async def run(call: Call) -> None:
    if not await call.house.read(chats.is_known, call.chat_id):
        raise UserError(comparing.NOTHING_TRACKED)
    look = await call.house.read(chats.look, call.chat_id)
    await call.answer(SETTINGS, keyboard=chat_settings(look))


COMMAND = Command("settings", text("light or dark, English or Spanish"), run, changes=True)
