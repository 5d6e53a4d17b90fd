"""What a private chat is told that wrote something else than a command: one line, with the nearest command."""

import difflib
import re
from collections.abc import Callable, Collection, Coroutine
from typing import Any

from telegram import Update
from telegram.ext import ContextTypes

from bot import command, phrasing
from bot.command import Command
from bot.command_context import CommandContext
from bot.context import Context
from bot.handles import handle_in, visible, words_in
from pipeline.i18n import lazy_gettext
from pipeline.records import LazyString

ALIKE = 0.7
"""How alike a word and a command are that was mistyped; 1 is the same."""
SHORTEST = 3
MOST_WORDS = 5
PLAIN_WORD = re.compile("@?[A-Za-z0-9_]{1,50}")
NAMING = {"track", "untrack"}
"""Commands whose every word is a name."""
USUAL = lazy_gettext("I answer commands only; /help lists them.")


def handler(
    context: Context, commands: Collection[str]
) -> Callable[[Update, ContextTypes.DEFAULT_TYPE], Coroutine[Any, Any, None]]:
    """The function that python-telegram-bot calls for what is no command, also in an edit that begins with a slash."""

    async def run(command_context: CommandContext) -> None:
        typed = command_context.message.text or ""
        if command_context.message.edit_date is None or typed.startswith("/"):
            await command_context.answer(hint(typed, commands))

    return command.handler(context, Command("", USUAL, run))


def hint(typed: str, commands: Collection[str]) -> LazyString:
    """The nearest command, with the words that were typed as far as they are plain."""
    found = nearest(visible(typed[: phrasing.LONGEST_MESSAGE]), commands)
    return lazy_gettext("Did you mean {command}? /help lists all commands.", command=f"`/{found}`") if found else USUAL


def nearest(typed: str, commands: Collection[str]) -> str | None:
    """As in `track @nasa` for /trak nasa, track nasa, nasa or an address; None where nothing is near."""
    first, rest = [*typed.lstrip("/ ").split(maxsplit=1), "", ""][:2]
    command = _mistyped(first.partition("@")[0].lower(), commands)
    if command:
        return " ".join([command, *_plain(words_in(rest), marked=command in NAMING)])
    names = words_in(typed)
    are_marked = all(word.startswith("@") or "/" in word for word in names)
    are_names = bool(names) and all(map(handle_in, names)) and (are_marked or len(names) == 1)
    return " ".join(["track", *_plain(names, marked=True)]) if are_names else None


def _mistyped(word: str, commands: Collection[str]) -> str | None:
    """The command that the word begins, or is most like."""
    begun = [each for each in commands if len(word) >= SHORTEST and each.startswith(word)]
    return next(iter(begun or difflib.get_close_matches(word, commands, 1, ALIKE)), None)


def _plain(typed: list[str], *, marked: bool) -> list[str]:
    """The first words that may be repeated, with an @ each where they are names."""
    told = [handle_in(word) if "/" in word else word for word in typed[:MOST_WORDS]]
    return [f"@{word.lstrip('@')}" if marked else word for word in told if word and PLAIN_WORD.fullmatch(word)]
