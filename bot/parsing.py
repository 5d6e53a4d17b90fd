"""Parsing a command's arguments: handles, addresses, metrics, views, numbers, intervals. Nothing here has effects."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from functools import cache
from typing import Any

from bot.handles import handle_in
from bot.phrasing import INTERVAL_UNITS, MAX_MESSAGE_LENGTH, quote
from bot.tokens import split_words
from pipeline.chart.views import VIEWS
from pipeline.errors import UserError
from pipeline.i18n import METRICS, SPAN_NAMES, THEME_NAMES, lazy_gettext, lazy_ngettext, translator
from pipeline.records import (
    ChartSpec,
    Handle,
    Language,
    LazyString,
    Metric,
    Mode,
    Normalization,
    Span,
    Theme,
    View,
)
from pipeline.sources.registry import NETWORKS, noun
from pipeline.sources.source import Network

MIN_POSTS = 5
MIN_INTERVAL, MAX_INTERVAL = timedelta(minutes=1), timedelta(days=31)

VIEWS_WITH_SPAN = [view for view, each in VIEWS.items() if each.takes_span]
COMMAND = re.compile(r"\s*/\w+(?:@\w+)?")
INTERVAL = re.compile(r"(\d{1,6})(m|min|h|d)", re.IGNORECASE)


def _by_name(names: Mapping[Any, LazyString]) -> dict[str, Any]:
    """The values by their names in every language, in lower case."""
    return {translator(language).gettext(name).lower(): value for language in Language for value, name in names.items()}


CHOICES: dict[str, dict[str, StrEnum]] = {
    "metric": _by_name(METRICS)
    | {
        "reposts": Metric.REPOSTS,
        "repost": Metric.REPOSTS,
        "like": Metric.LIKES,
        "reply": Metric.REPLIES,
        "quote": Metric.QUOTES,
        "bookmark": Metric.BOOKMARKS,
        "view": Metric.VIEWS,
        "all": Metric.ENGAGEMENT,
    },
    "view": _by_name({view: each.name for view, each in VIEWS.items()}),
    "normalization": {"rate": Normalization.RATE, "daily": Normalization.DAILY},
    "span": _by_name(SPAN_NAMES),
    "theme": _by_name(THEME_NAMES),
    "mode": {mode.value: mode for mode in (Mode.LIVE, Mode.NEW)},
}
"""The keywords of /compare and /subscribe with their values, by the field of ChartRequest that they set."""


@cache
def _keywords(networks: tuple[Network, ...]) -> dict[str, tuple[str, StrEnum]]:
    """The field and the value that each keyword sets, with these networks' own words for metrics."""
    metrics: dict[str, StrEnum] = {}
    for network in networks:
        metrics |= {**_by_name(network.nouns), **network.synonyms}
    choices = [*CHOICES.items(), ("metric", metrics)]
    return {word: (field, value) for field, values in choices for word, value in values.items()}


def keywords() -> dict[str, tuple[str, StrEnum]]:
    """Every keyword, in lower case, with the field of ChartRequest and the value that it sets."""
    return _keywords(tuple(NETWORKS.values()))


@dataclass
class ChartRequest:
    """The arguments of a /compare or /subscribe; None for each choice that they leave to the chat's defaults."""

    handles: list[Handle]
    metric: Metric | None = None
    view: View | None = None
    normalization: Normalization | None = None
    span: Span | None = None
    theme: Theme | None = None
    count: int | None = None
    mode: Mode | None = None
    interval: timedelta | None = None

    def spec(self, default: ChartSpec) -> ChartSpec:
        """The default spec with the choices of this request. Raises UserError where two choices exclude each other."""
        view = self.view or self._implied_view or default.view
        if self.normalization and view not in self._views_with_normalization:
            raise UserError(
                lazy_gettext(
                    "“{word}” does not go with {view}; it goes with {views}.",
                    word=self.normalization,
                    view=view,
                    views=self._views_with_normalization,
                )
            )
        if self.span and view not in VIEWS_WITH_SPAN:
            raise UserError(
                lazy_gettext(
                    "“{span}” goes with {view}, as in /compare {view} {span}.", span=self.span, view=VIEWS_WITH_SPAN[0]
                )
            )
        if self.normalization is Normalization.RATE and self.metric is Metric.VIEWS:
            raise UserError(lazy_gettext("A rate is per 1,000 views, so that views have none. Name another metric."))
        return replace(
            default,
            view=view,
            metric=self.metric or default.metric,
            count=self.count or default.count,
            normalization=self.normalization or default.normalization,
            span=self.span or default.span,
            theme=self.theme or default.theme,
        )

    @property
    def _implied_view(self) -> View | None:
        """The view of a keyword that only one view has."""
        possible = [VIEWS_WITH_SPAN] if self.span else []
        possible += [self._views_with_normalization] if self.normalization else []
        return next((views[0] for views in possible if len(views) == 1), None)

    @property
    def _views_with_normalization(self) -> list[View]:
        """The views that can be measured by the requested normalization."""
        return [view for view, each in VIEWS.items() if self.normalization in each.measures]


def split_args(typed: str) -> list[str]:
    """The words after the command; see tokens.split_words. Raises UserError for a command longer than a message."""
    if len(typed) > MAX_MESSAGE_LENGTH:
        raise UserError(
            lazy_gettext(
                "That command is {length:number} characters long; {most:number} are the most. Send it in parts.",
                length=len(typed),
                most=MAX_MESSAGE_LENGTH,
            )
        )
    return split_words(COMMAND.sub("", typed, count=1))


def parse_handles(args: Iterable[str]) -> tuple[list[Handle], list[str]]:
    """The handles among the arguments, each once whatever its case, and the arguments that name no account."""
    handles: list[Handle] = []
    invalid: dict[str, None] = {}
    for word in filter(None, args):
        handle = handle_in(word)
        if handle is None:
            invalid.setdefault(word)
        else:
            handles.append(handle)
    return _unique(handles), list(invalid)


def _unique(handles: Iterable[Handle]) -> list[Handle]:
    """Each handle once, in the case in which it comes first."""
    unique: dict[tuple[str, str], Handle] = {}
    for handle in handles:
        unique.setdefault(handle.folded, handle)
    return list(unique.values())


def parse_chart_request(args: Sequence[str], tracked: Iterable[str], max_posts: int) -> ChartRequest:
    """Parse the arguments of /compare or /subscribe, in any order.

    tracked: handles that need no @, unless they are keywords or numbers. max_posts: the highest count of posts.
    Raises UserError for an unknown word and for a figure out of range.
    """
    request = ChartRequest([])
    tracked_names = {handle.lower() for handle in tracked}
    for word in _join_keywords(args):
        _add_argument(request, word, tracked_names, max_posts)
    request.handles = _unique(request.handles)
    return request


def _join_keywords(args: Sequence[str]) -> Iterator[str]:
    """The arguments; the two words of a keyword like "me gusta" as one."""
    pairs = iter(zip(args, [*args[1:], ""], strict=False))
    for word, following in pairs:
        both = f"{word} {following}"
        if both.lower() in keywords():
            next(pairs)
        yield both if both.lower() in keywords() else word


def _add_argument(request: ChartRequest, word: str, tracked_names: Collection[str], max_posts: int) -> None:
    is_number = word.isascii() and word.isdigit()
    if keyword := keywords().get(word.lower()):
        setattr(request, *keyword)
    elif is_number and _is_count(word, max_posts):
        request.count = int(word)
    elif interval := INTERVAL.fullmatch(word):
        request.interval = _parse_interval(interval)
    elif (handle := handle_in(word)) and (word.lower() in tracked_names or word.lower() != handle.name.lower()):
        request.handles.append(handle)
    elif is_number:
        raise _count_error(word, max_posts)
    else:
        raise UserError(
            lazy_gettext(
                "I don't know the word “{word}”. Name accounts as @name; the metrics are {metrics}; "
                "the views are {views}. /help has examples.",
                word=quote(word),
                metrics=[noun(metric, NETWORKS).msgid for metric in Metric],
                views=View,
            )
        )


def _is_count(word: str, max_posts: int) -> bool:
    return MIN_POSTS <= int(word[:7]) <= max_posts


def _count_error(word: str, max_posts: int) -> UserError:
    return UserError(
        lazy_ngettext(
            "I can compare only the last post of each account, not {asked}.",
            "I can compare the last {fewest} to {count:number} posts of each account, not {asked}.",
            count=max_posts,
            fewest=MIN_POSTS,
            asked=quote(word),
        )
    )


def _parse_interval(match: re.Match[str]) -> timedelta:
    interval = int(match[1]) * INTERVAL_UNITS[match[2].lower()]
    if MIN_INTERVAL <= interval <= MAX_INTERVAL:
        return interval
    raise UserError(lazy_gettext("A new chart can come every 1m to 31d, for example /subscribe new 1h."))
