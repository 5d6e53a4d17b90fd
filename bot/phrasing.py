"""How values stand in answers: names, lists, intervals, and text of other people's, made safe to repeat."""

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import timedelta

from bot.handles import UNSEEN
from pipeline.i18n import lazy_gettext
from pipeline.records import LazyString

LONGEST_MESSAGE = 4096
"""Characters of a message. Source: Telegram's Bot API, sendMessage."""
LONGEST_ECHO = 24
LONGEST_REASON = 120
UNITS = {"m": timedelta(minutes=1), "min": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


def quote(typed: str) -> str:
    """Somebody's text, safe to repeat: short, without what cannot be seen, and set so that nothing in it is a link."""
    letters = unicodedata.normalize("NFC", typed).replace("`", "'")
    visible = "".join(each for each in letters if unicodedata.category(each)[0] not in "CM" and each not in UNSEEN)
    return f"`{visible}`" if len(visible) <= LONGEST_ECHO else f"`{visible[:LONGEST_ECHO]}…`"


def shorten(told: str) -> str:
    """What a service said, as much of it as fits in a line."""
    line = " ".join(told.split())
    return line if len(line) <= LONGEST_REASON else f"{line[: LONGEST_REASON - 1]}…"


def fit_message(said: str) -> str:
    """As many of its lines as a message holds."""
    if len(said) <= LONGEST_MESSAGE:
        return said
    return said[: LONGEST_MESSAGE - 2].rpartition("\n")[0] + "\n…"


def list_handles(handles: Iterable[str], most: int = 10) -> list[str | LazyString]:
    """@a, @b and @c, as a text writes them."""
    return list_some([f"@{handle}" for handle in handles], most)


def list_some(names: Sequence[str], most: int = 10) -> list[str | LazyString]:
    """The names; of a long list the first ones, and how many more there are."""
    if len(names) <= most:
        return [*names]
    return [*names[: most - 1], lazy_gettext("{count} more", count=len(names) - most + 1)]


def interval_text(interval: timedelta) -> str:
    """An interval as people type it: 90m, 2h, 1d."""
    for unit in ("d", "h", "m"):
        if not interval % UNITS[unit]:
            return f"{interval // UNITS[unit]}{unit}"
    return f"{interval.total_seconds():.0f} s"
