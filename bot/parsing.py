"""Reading what people type: handles, addresses, metrics, views, numbers, intervals. Nothing here changes anything."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any

from bot.handles import handle_in, words_in
from bot.phrasing import LONGEST_MESSAGE, UNITS, quote
from pipeline.errors import UserError
from pipeline.i18n import METRICS, SPAN_NAMES, THEME_NAMES, VIEW_NAMES, lazy_gettext, translator
from pipeline.records import (
    NORMALIZATIONS,
    ChartSpec,
    Language,
    LazyString,
    Metric,
    Mode,
    Normalization,
    Span,
    Theme,
    View,
)

FEWEST_POSTS = 5
SHORTEST_INTERVAL = timedelta(minutes=1)
LONGEST_INTERVAL = timedelta(days=31)

COMMAND = re.compile(r"\s*/\w+(?:@\w+)?")
INTERVAL = re.compile(r"(\d{1,6})(m|min|h|d)", re.IGNORECASE)


def _called(names: Mapping[Any, LazyString]) -> dict[str, Any]:
    """What has a name, by that name in every language."""
    return {translator(language).gettext(name).lower(): value for language in Language for value, name in names.items()}


CHOICES: dict[str, dict[str, StrEnum]] = {
    "metric": _called(METRICS)
    | {
        "reposts": Metric.REPOSTS,
        "retweet": Metric.REPOSTS,
        "repost": Metric.REPOSTS,
        "like": Metric.LIKES,
        "reply": Metric.REPLIES,
        "quote": Metric.QUOTES,
        "bookmark": Metric.BOOKMARKS,
        "view": Metric.VIEWS,
        "all": Metric.ENGAGEMENT,
    },
    "view": _called(VIEW_NAMES),
    "normalization": {"rate": Normalization.RATE, "daily": Normalization.DAILY},
    "span": _called(SPAN_NAMES),
    "theme": _called(THEME_NAMES),
    "mode": {mode.value: mode for mode in (Mode.LIVE, Mode.NEW)},
}
"""The words that choose something, by the field of a Wish that they fill."""
KNOWN = {word: (field, value) for field, values in CHOICES.items() for word, value in values.items()}


@dataclass
class ChartRequest:
    """What a /compare or /subscribe asks for; None where it leaves the choice to us."""

    handles: list[str]
    metric: Metric | None = None
    view: View | None = None
    normalization: Normalization | None = None
    span: Span | None = None
    theme: Theme | None = None
    count: int | None = None
    mode: Mode | None = None
    interval: timedelta | None = None

    def spec(self, usual: ChartSpec) -> ChartSpec:
        """The usual look with what was asked for. Raises UserError where two wishes do not go together."""
        view = self.view or self._implied or usual.view
        if self.normalization and self.normalization not in NORMALIZATIONS[view]:
            views = [other for other in View if self.normalization in NORMALIZATIONS[other]]
            raise UserError(
                lazy_gettext(
                    "“{word}” does not go with {view}; it goes with {views}.",
                    word=self.normalization,
                    view=view,
                    views=views,
                )
            )
        if self.span and view is not View.GROWTH:
            raise UserError(lazy_gettext("“{span}” goes with growth, as in /compare growth {span}.", span=self.span))
        if self.normalization is Normalization.RATE and self.metric is Metric.VIEWS:
            raise UserError(lazy_gettext("A rate is per 1,000 views, so that views have none. Name another metric."))
        return replace(
            usual,
            view=view,
            metric=self.metric or usual.metric,
            count=self.count or usual.count,
            normalization=self.normalization or usual.normalization,
            span=self.span or usual.span,
            theme=self.theme or usual.theme,
        )

    @property
    def _implied(self) -> View | None:
        """A word that goes with one view only asks for that view."""
        if self.span:
            return View.GROWTH
        return View.RACE if self.normalization is Normalization.DAILY else None


def split_args(typed: str) -> list[str]:
    """The words after the command, as `names.words_in` has them."""
    if len(typed) > LONGEST_MESSAGE:
        raise UserError(
            lazy_gettext(
                "That command is {length:number} characters long; {most:number} are the most. Send it in parts.",
                length=len(typed),
                most=LONGEST_MESSAGE,
            )
        )
    return words_in(COMMAND.sub("", typed, count=1))


def parse_handles(words: Iterable[str]) -> tuple[list[str], list[str]]:
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


def parse_chart_request(words: Iterable[str], tracked: Iterable[str], most_posts: int) -> ChartRequest:
    """Read the words of /compare or /subscribe in any order; a tracked account needs no @, unless it is such a word.

    Raises UserError for what it does not know.
    """
    read = ChartRequest([])
    known = {handle.lower() for handle in tracked}
    for word in _together(list(words)):
        _take(read, word, known, most_posts)
    read.handles = parse_handles(read.handles)[0]
    return read


def _together(words: Sequence[str]) -> Iterator[str]:
    """The words; the two of a name like "me gusta" as one."""
    rest = iter(zip(words, [*words[1:], ""], strict=False))
    for word, following in rest:
        both = f"{word} {following}"
        if both.lower() in KNOWN:
            next(rest)
        yield both if both.lower() in KNOWN else word


def _take(read: ChartRequest, word: str, tracked: Collection[str], most_posts: int) -> None:
    is_number = word.isascii() and word.isdigit()
    if word.lower() in KNOWN:
        setattr(read, *KNOWN[word.lower()])
    elif is_number and _is_count(word, most_posts):
        read.count = int(word)
    elif interval := INTERVAL.fullmatch(word):
        read.interval = _interval(interval)
    elif (handle := handle_in(word)) and (word.lower() in tracked or word.lower() != handle.lower()):
        read.handles.append(handle)
    elif is_number:
        raise _wrong_count(word, most_posts)
    else:
        raise UserError(
            lazy_gettext(
                "I don't know the word “{word}”. Name accounts as @name; the metrics are {metrics}; "
                "the views are {views}. /help has examples.",
                word=quote(word),
                metrics=[metric.words for metric in METRICS.values()],
                views=View,
            )
        )


def _is_count(word: str, most: int) -> bool:
    return FEWEST_POSTS <= int(word[:7]) <= most


def _wrong_count(word: str, most: int) -> UserError:
    return UserError(
        lazy_gettext(
            "I can compare the last {fewest} to {most:number} posts of each account, not {asked}.",
            fewest=FEWEST_POSTS,
            most=most,
            asked=quote(word),
        )
    )


def _interval(found: re.Match[str]) -> timedelta:
    interval = int(found[1]) * UNITS[found[2].lower()]
    if SHORTEST_INTERVAL <= interval <= LONGEST_INTERVAL:
        return interval
    raise UserError(lazy_gettext("A new chart can come every 1m to 31d, for example /subscribe new 1h."))
