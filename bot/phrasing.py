"""How answers write values: handles, lists, intervals, and foreign text, quoted so that it is harmless."""

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import timedelta

from bot.tokens import INVISIBLE
from pipeline.i18n import lazy_gettext, lazy_ngettext
from pipeline.records import Handle, LazyString
from pipeline.settings import Settings
from pipeline.sources import registry
from pipeline.sources.registry import NETWORKS

Names = Sequence[str | LazyString] | LazyString
"""A value for a text's field that lists names."""
MAX_MESSAGE_LENGTH = 4096
"""Characters of a message. Source: Telegram's Bot API, sendMessage."""
MAX_QUOTE_LENGTH = 24
MAX_REASON_LENGTH = 120
INTERVAL_UNITS = {
    "m": timedelta(minutes=1),
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}


def quote(typed: str) -> str:
    """Foreign text that is safe to repeat: short, without invisible characters, in backticks so that it has no link."""
    composed = unicodedata.normalize("NFC", typed).replace("`", "'")
    visible = "".join(each for each in composed if unicodedata.category(each)[0] not in "CM" and each not in INVISIBLE)
    return f"`{visible}`" if len(visible) <= MAX_QUOTE_LENGTH else f"`{visible[:MAX_QUOTE_LENGTH]}…`"


def shorten(reason: str) -> str:
    """A service's own text on one line, cut after MAX_REASON_LENGTH characters."""
    line = " ".join(reason.split())
    return line if len(line) <= MAX_REASON_LENGTH else f"{line[: MAX_REASON_LENGTH - 1]}…"


def fit_message(text: str) -> str:
    """As many lines of the text as one message holds."""
    if len(text) <= MAX_MESSAGE_LENGTH:
        return text
    return text[: MAX_MESSAGE_LENGTH - 2].rpartition("\n")[0] + "\n…"


def list_handles(handles: Iterable[str], most: int = 10) -> list[str | LazyString]:
    """The handles with an @ each, at most `most` of them, as a value for a text's field: "@a, @b and @c"."""
    return list_some([f"@{handle}" for handle in handles], most)


def name_accounts(handles: Iterable[Handle], *, with_networks: bool) -> list[str]:
    """The handles with an @ each, where asked for with their networks in brackets behind them."""
    return [f"@{each.name} ({registry.label(each.network)})" if with_networks else f"@{each.name}" for each in handles]


def list_accounts(handles: Sequence[Handle], most: int = 10, *, with_networks: bool) -> Names:
    """The first accounts, as a value for a text's field; with networks, one of several accounts is told once."""
    networks = {handle.network for handle in handles}
    if not with_networks or len(handles) == 1 or len(networks) > 1:
        return list_some(name_accounts(handles, with_networks=with_networks), most)
    names = list_some(name_accounts(handles, with_networks=False), most)
    return lazy_gettext("{names}, on {networks}", names=names, networks=[NETWORKS[key].name for key in networks])


def example_handles(settings: Settings) -> list[str]:
    """A handle with its @ of each network that is switched on, as people might track it."""
    return name_accounts(map(registry.example, registry.usable(settings)), with_networks=False)


def list_some(names: Sequence[str], most: int = 10) -> list[str | LazyString]:
    """The names; of more than `most`, the first ones and how many more there are."""
    if len(names) <= most:
        return [*names]
    return [*names[: most - 1], lazy_ngettext("{count} more", "{count} more", count=len(names) - most + 1)]


def interval_text(interval: timedelta) -> str:
    """An interval as people type it: 90m, 2h, 1d."""
    for unit in ("d", "h", "m"):
        if not interval % INTERVAL_UNITS[unit]:
            return f"{interval // INTERVAL_UNITS[unit]}{unit}"
    return f"{interval.total_seconds():.0f} s"
