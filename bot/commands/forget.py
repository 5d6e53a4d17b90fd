"""/forget: delete all that is stored of the chat, after asking."""

from bot.command import Command
from bot.command_context import CommandContext
from bot.keyboards import confirm_forget
from pipeline.errors import UserError
from pipeline.i18n import lazy_gettext
from pipeline.store import chats

QUESTION = lazy_gettext(
    "Delete all that I have of this chat: what it tracks, its subscriptions and settings? This cannot be undone."
)


async def run(command_context: CommandContext) -> None:
    if not await command_context.context.read(chats.exists, command_context.chat_id):
        raise UserError(lazy_gettext("Nothing of this chat is stored."))
    await command_context.answer(QUESTION, keyboard=confirm_forget((await command_context.translator()).gettext))


COMMAND = Command("forget", lazy_gettext("delete all that is stored of this chat"), run, changes=True)
