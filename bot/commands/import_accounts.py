"""/import: track what a line of /export or a file names. The command is the file's caption, or a reply to the file."""

import asyncio
import re

from telegram import Document, Message
from telegram.error import TelegramError

from bot import account_files
from bot.command import Command
from bot.command_context import CommandContext
from bot.commands import track
from bot.parsing import split_args
from pipeline.errors import UserError
from pipeline.i18n import lazy_gettext

HOW = lazy_gettext(
    "Send the line that /export gives after /import. Or send a file, a CSV or a JSON list of names, with /import as "
    "its caption."
)
TOO_LARGE = lazy_gettext(
    "That file is larger than {most} MB. Nothing was changed: send a shorter one.", most=account_files.MAX_BYTES >> 20
)
NOT_HANDED_OUT = lazy_gettext("Telegram did not hand that file out. Nothing was changed: try again in a minute.")


async def run(command_context: CommandContext) -> None:
    """As /track, whose limits, prices and report it has."""
    await track.track(command_context, await _names(command_context))


async def _names(command_context: CommandContext) -> list[str]:
    """The names in the file, in the line behind the command, or in the message that it is a reply to."""
    replied = command_context.replied
    document = command_context.message.document or (replied.document if replied else None)
    if document is not None:
        return list(map(_marked, await asyncio.to_thread(account_files.names_in, await _download(document))))
    args = command_context.args or split_args((replied.text or "") if replied else "")
    names = [word for word in args if not word.startswith("/")]
    if not names:
        raise UserError(HOW)
    return names


def _marked(name: str) -> str:
    """The name with an @ where it is a plain word: in a file it is a name, also one like "and"."""
    return f"@{name}" if re.fullmatch(r"\w+", name) else name


async def _download(document: Document) -> bytes:
    if (document.file_size or 0) > account_files.MAX_BYTES:
        raise UserError(TOO_LARGE)
    try:
        file = await document.get_file()
        return bytes(await file.download_as_bytearray())
    except TelegramError:
        raise UserError(NOT_HANDED_OUT) from None


def is_in_caption(message: Message) -> bool:
    """Whether the message is a document with this command as its caption, which no CommandHandler sees."""
    words = (message.caption or "").split(None, 1)
    name, _, addressee = words[0].lower().partition("@") if words else ("", "", "")
    return name == f"/{COMMAND.name}" and addressee in {"", (message.get_bot().username or "").lower()}


COMMAND = Command("import", lazy_gettext("track what a line or a file names"), run, changes=True)
