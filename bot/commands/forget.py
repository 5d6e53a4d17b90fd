"""/forget: delete all that is stored of the chat, after asking."""

from bot.call import Call
from bot.command import Command
from bot.keyboards import sure_to_forget
from pipeline.errors import UserError
from pipeline.i18n import lazy_gettext
from pipeline.store import chats

QUESTION = lazy_gettext(
    "Delete all that I have of this chat: what it tracks, its subscriptions and settings? This cannot be undone."
)


async def run(call: Call) -> None:
    if not await call.house.read(chats.is_known, call.chat_id):
        raise UserError(lazy_gettext("Nothing of this chat is stored."))
    await call.answer(QUESTION, keyboard=sure_to_forget(await call.translator()))


COMMAND = Command("forget", lazy_gettext("delete all that is stored of this chat"), run, changes=True)
