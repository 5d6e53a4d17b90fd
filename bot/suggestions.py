"""The answer to a private message that is no command: one line, with the most similar command."""

import difflib
import re
from collections.abc import Callable, Collection, Coroutine
from typing import Any

from telegram import Update
from telegram.ext import ContextTypes

from bot import command
from bot.command import Command
from bot.command_context import CommandContext
from bot.context import Context
from bot.handles import handle_in, is_address
from bot.phrasing import MAX_MESSAGE_LENGTH
from bot.tokens import split_words, visible, without_fillers
from pipeline.i18n import lazy_gettext
from pipeline.records import LazyString

MIN_SIMILARITY = 0.7
"""How similar a mistyped word must be to a command, by difflib's ratio; 1 is equal."""
MIN_HANDLE_SIMILARITY = 0.75
MIN_PREFIX_LENGTH = 3
MAX_WORDS = 5
PLAIN_WORD = re.compile("@?[A-Za-z0-9_]{1,50}")
COMMANDS_OF_NAMES = {"track", "untrack"}
"""Commands whose arguments are all handles."""
NO_SUGGESTION = lazy_gettext("I only understand commands. /help lists them.")


def handler(
    context: Context, commands: Collection[str]
) -> Callable[[Update, ContextTypes.DEFAULT_TYPE], Coroutine[Any, Any, None]]:
    """The function that python-telegram-bot calls for messages that are no command.

    An edited message is answered only where it begins with a slash.
    """

    async def run(command_context: CommandContext) -> None:
        typed = command_context.message.text or ""
        if command_context.message.edit_date is None or typed.startswith("/"):
            await command_context.answer(_suggestion(typed, commands))

    return command.handler(context, Command("", NO_SUGGESTION, run))


def _suggestion(typed: str, commands: Collection[str]) -> LazyString:
    command_line = nearest(visible(typed[:MAX_MESSAGE_LENGTH]), commands)
    if command_line is None:
        return NO_SUGGESTION
    return lazy_gettext("Did you mean {command}? /help lists all commands.", command=f"`/{command_line}`")


def nearest(typed: str, commands: Collection[str]) -> str | None:
    """The command line that the text most likely meant, without its slash; None where no command is similar.

    `track @nasa` for "/trak nasa", "track nasa", "nasa" and an address of that profile.
    """
    first, rest = [*typed.lstrip("/ ").split(maxsplit=1), "", ""][:2]
    command = _similar_command(first.partition("@")[0].lower(), commands)
    if command:
        return " ".join(
            [command, *_plain_words(without_fillers(split_words(rest)), marked=command in COMMANDS_OF_NAMES)]
        )
    words = without_fillers(split_words(typed))
    are_marked = all(word.startswith("@") or "/" in word for word in words)
    are_names = bool(words) and all(map(handle_in, words)) and (are_marked or len(words) == 1)
    return " ".join(["track", *_plain_words(words, marked=True)]) if are_names else None


def nearest_handle(name: str, known: Collection[str]) -> str | None:
    """The most similar of the known handles, whatever their case."""
    handles = {handle.lower(): handle for handle in known}
    near = difflib.get_close_matches(name.lower(), handles, 1, MIN_HANDLE_SIMILARITY)
    return handles[near[0]] if near else None


def _similar_command(word: str, commands: Collection[str]) -> str | None:
    """The command that begins with the word, or else the most similar one."""
    completions = [each for each in commands if len(word) >= MIN_PREFIX_LENGTH and each.startswith(word)]
    return next(iter(completions or difflib.get_close_matches(word, commands, 1, MIN_SIMILARITY)), None)


def _plain_words(typed: list[str], *, marked: bool) -> list[str]:
    """The first words that are safe to repeat; marked: with an @ each."""
    words = [handle.name if is_address(word) and (handle := handle_in(word)) else word for word in typed[:MAX_WORDS]]
    plain = [word for word in words if PLAIN_WORD.fullmatch(word) or handle_in(word)]
    return [f"@{word.lstrip('@')}" if marked else word for word in plain]
