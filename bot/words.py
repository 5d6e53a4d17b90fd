"""Reading what people type: handles, addresses, metrics, views, numbers, intervals. Nothing here changes anything."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from pipeline.errors import UserError
from pipeline.language import METRICS as METRICS_SAID
from pipeline.records import BASES, Basis, Look, Metric, Mode, Span, Theme, View

LONGEST_COMMAND = 4096  # Telegram's own limit for a message
LONGEST_ECHO = 24
FEWEST_POSTS = 5
SHORTEST_INTERVAL = timedelta(minutes=1)
LONGEST_INTERVAL = timedelta(days=31)

HANDLE = re.compile(r"@?([A-Za-z0-9_]{1,15})")
PROFILE = re.compile(
    r"(?:https?://)?(?:www\.|mobile\.)?(?:x|twitter)\.com/@?([A-Za-z0-9_]{1,15})/?(?:[?#].*)?", re.IGNORECASE
)
INTERVAL = re.compile(r"(\d{1,6})(m|min|h|d)", re.IGNORECASE)
UNITS = {"m": timedelta(minutes=1), "min": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}

METRICS = {metric.value: metric for metric in Metric} | {
    "retweets": Metric.REPOSTS,
    "retweet": Metric.REPOSTS,
    "repost": Metric.REPOSTS,
    "like": Metric.LIKES,
    "reply": Metric.REPLIES,
    "quote": Metric.QUOTES,
    "bookmark": Metric.BOOKMARKS,
    "view": Metric.VIEWS,
    "all": Metric.ENGAGEMENT,
}
CHOICES: dict[str, dict[str, StrEnum]] = {
    "metric": {**METRICS},
    "view": {view.value: view for view in View},
    "basis": {"rate": Basis.RATE, "daily": Basis.DAILY},
    "span": {span.value: span for span in Span},
    "theme": {theme.value: theme for theme in Theme},
    "mode": {mode.value: mode for mode in (Mode.LIVE, Mode.NEW)},
}
"""The words that choose something, by the field of a Wish that they fill."""
KNOWN = {word: (field, value) for field, values in CHOICES.items() for word, value in values.items()}


@dataclass
class Wish:
    """What a /compare or /subscribe asks for; None where it leaves the choice to us."""

    handles: list[str]
    metric: Metric | None = None
    view: View | None = None
    basis: Basis | None = None
    span: Span | None = None
    theme: Theme | None = None
    count: int | None = None
    mode: Mode | None = None
    interval: timedelta | None = None

    def look(self, usual: Look) -> Look:
        """The usual look with what was asked for. Raises UserError where two wishes do not go together."""
        view = self.view or self._implied or usual.view
        if self.basis and self.basis not in BASES[view]:
            raise UserError(f"“{self.basis}” does not go with {view}; it goes with {_views_with(self.basis)}.")
        if self.span and view is not View.GROWTH:
            raise UserError(f"“{self.span}” goes with growth, as in /compare growth {self.span}.")
        if self.basis is Basis.RATE and self.metric is Metric.VIEWS:
            raise UserError("A rate is per 1,000 views, so that views have none. Name another metric.")
        return replace(
            usual,
            view=view,
            metric=self.metric or usual.metric,
            count=self.count or usual.count,
            basis=self.basis or usual.basis,
            span=self.span or usual.span,
            theme=self.theme or usual.theme,
        )

    @property
    def _implied(self) -> View | None:
        """A word that goes with one view only asks for that view."""
        if self.span:
            return View.GROWTH
        return View.RACE if self.basis is Basis.DAILY else None


def _views_with(basis: Basis) -> str:
    return " and ".join(view for view in View if basis in BASES[view])


def split(text: str) -> list[str]:
    """The words after the command. Commas and semicolons part words as blanks do."""
    if len(text) > LONGEST_COMMAND:
        raise UserError(
            f"That command is {len(text):,} characters long; {LONGEST_COMMAND:,} are the most. Send it in parts."
        )
    return re.split(r"[\s,;]+", text.strip())[1:]


def handles(words: Iterable[str]) -> tuple[list[str], list[str]]:
    """The handles among the words, each once whatever its case, and the words that are none."""
    good: dict[str, str] = {}
    bad: dict[str, None] = {}
    for word in filter(None, words):
        handle = handle_in(word)
        if handle is None:
            bad.setdefault(word)
        else:
            good.setdefault(handle.lower(), handle)
    return list(good.values()), list(bad)


def handle_in(word: str) -> str | None:
    """The handle of @name, name or the address of a profile on X."""
    found = HANDLE.fullmatch(word) or PROFILE.fullmatch(word)
    return found[1] if found else None


def wish(words: Iterable[str], tracked: Iterable[str], most_posts: int) -> Wish:
    """Read the words of /compare or /subscribe in any order; a tracked account needs no @.

    Raises UserError for what it does not know.
    """
    read = Wish([])
    known = {handle.lower() for handle in tracked}
    for word in filter(None, words):
        _take(read, f"@{word}" if word.lower() in known - KNOWN.keys() else word, most_posts)
    read.handles = handles(read.handles)[0]
    return read


def _take(read: Wish, word: str, most_posts: int) -> None:
    known = KNOWN.get(word.lower())
    if known is not None:
        setattr(read, *known)
    elif word.isascii() and word.isdigit():
        read.count = _count(word, most_posts)
    elif interval := INTERVAL.fullmatch(word):
        read.interval = _interval(interval)
    elif (word.startswith("@") or "/" in word) and (handle := handle_in(word)):
        read.handles.append(handle)
    else:
        raise UserError(
            f"I don't know the word “{shown(word)}”. Name accounts as @name; the metrics are "
            f"{', '.join(METRICS_SAID.values())}; the views are {', '.join(View)}. /help has examples."
        )


def _count(word: str, most: int) -> int:
    if FEWEST_POSTS <= int(word[:7]) <= most:
        return int(word)
    raise UserError(f"I can compare the last {FEWEST_POSTS} to {most} posts of each account, not {shown(word)}.")


def _interval(found: re.Match[str]) -> timedelta:
    interval = int(found[1]) * UNITS[found[2].lower()]
    if SHORTEST_INTERVAL <= interval <= LONGEST_INTERVAL:
        return interval
    raise UserError("A new chart can come every 1m to 31d, for example /subscribe new 1h.")


def shown(text: str) -> str:
    """Somebody's text, safe to repeat: no control or direction marks, and short."""
    visible = "".join(char for char in text if unicodedata.category(char)[0] != "C")
    return visible if len(visible) <= LONGEST_ECHO else f"{visible[:LONGEST_ECHO]}…"


def cut(text: str) -> str:
    """As many of the text's lines as a message holds."""
    if len(text) <= LONGEST_COMMAND:
        return text
    return text[: LONGEST_COMMAND - 2].rpartition("\n")[0] + "\n…"


def listed(names: Iterable[str], most: int = 10) -> str:
    """@a, @b and @c; a long list is cut."""
    marked = [f"@{name}" for name in names]
    if len(marked) > most:
        marked = [*marked[: most - 1], f"{len(marked) - most + 1} more"]
    return " and ".join(filter(None, [", ".join(marked[:-1]), *marked[-1:]]))


def spoken(interval: timedelta) -> str:
    """An interval as people type it: 90m, 2h, 1d."""
    for unit in ("d", "h", "m"):
        if not interval % UNITS[unit]:
            return f"{interval // UNITS[unit]}{unit}"
    return f"{interval.total_seconds():.0f} s"
