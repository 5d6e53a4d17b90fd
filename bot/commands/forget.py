"""/forget: delete all that is stored of the chat, after asking."""

from bot.call import Call
from bot.command import Command
from bot.keyboards import sure_to_forget
from pipeline.errors import UserError
from pipeline.store import chats


async def run(call: Call) -> None:
    if not await call.house.read(chats.is_known, call.chat_id):
        raise UserError("Nothing of this chat is stored.")
    text = "Delete all that I have of this chat: what it tracks, its subscriptions and settings? This cannot be undone."
    await call.answer(text, sure_to_forget())


COMMAND = Command("forget", "delete all that is stored of this chat", run, changes=True)
