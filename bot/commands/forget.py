"""/forget: delete all that is stored of the chat, after asking."""

from bot.command import Command
from bot.command_context import CommandContext
from bot.keyboards import confirm_forget
from pipeline.errors import UserError
from pipeline.i18n import lazy_gettext
from pipeline.store import chats

QUESTION = lazy_gettext(
    "Delete everything about this chat: what it tracks, its subscriptions and its settings? This cannot be undone."
)


async def run(command_context: CommandContext) -> None:
    if not await command_context.context.read(chats.exists, command_context.chat_id):
        raise UserError(lazy_gettext("Nothing about this chat is stored."))
    await command_context.answer(QUESTION, keyboard=confirm_forget((await command_context.translator()).gettext))


COMMAND = Command("forget", lazy_gettext("delete everything about this chat"), run, changes=True)
