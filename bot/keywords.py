"""The words that people type for what a chart shows, in every language; all of them work in every chat."""

import unicodedata
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cache
from typing import Any

from pipeline.chart.views import VIEWS
from pipeline.i18n import METRICS, REPLIES_NAMES, THEME_NAMES, lazy_gettext, translator
from pipeline.records import Language, LazyString, Metric, Normalization, Span, View
from pipeline.sources.registry import NETWORKS
from pipeline.sources.source import Network

OTHER_METRIC_WORDS = {
    Metric.REPOSTS: lazy_gettext("reposts, repost"),
    Metric.LIKES: lazy_gettext("like"),
    Metric.REPLIES: lazy_gettext("reply"),
    Metric.QUOTES: lazy_gettext("quote"),
    Metric.BOOKMARKS: lazy_gettext("bookmark"),
    Metric.VIEWS: lazy_gettext("view"),
    Metric.ENGAGEMENT: lazy_gettext("all"),
}
"""Beside a metric's name, with commas between them: one language may have more of them than another."""
OTHER_VIEW_WORDS = {View.GROWTH: lazy_gettext("digest")}
"""For /compare. In /subscribe the word also says when charts come."""
NORMALIZATION_WORDS = {
    Normalization.COUNT: lazy_gettext("count"),
    Normalization.RATE: lazy_gettext("rate"),
    Normalization.DAILY: lazy_gettext("daily"),
    Normalization.FOLLOWERS: lazy_gettext("followers"),
}
SPAN_WORDS = {Span.HOUR: lazy_gettext("hour"), Span.DAY: lazy_gettext("day"), Span.WEEK: lazy_gettext("week")}
OTHER_NORMALIZATION_WORDS = {Normalization.DAILY: lazy_gettext("per day")}
"""For /subscribe, where "daily" and its like say when charts come."""

PREPOSITIONS = frozenset(("in", "to", "en"))
"""Before the name of a channel that a command is about."""

Names = Mapping[Any, LazyString]


def keyword(word: str) -> tuple[str, StrEnum | bool] | None:
    """The field of ChartRequest that the word sets, and its value. Case and accents make no difference."""
    return keywords().get(folded(word))


def keywords() -> dict[str, tuple[str, StrEnum | bool]]:
    """Every keyword, folded, with the field of ChartRequest and the value that it sets."""
    return _keywords(tuple(NETWORKS.values()), tuple(VIEWS))


@cache
def _keywords(networks: tuple[Network, ...], views: tuple[View, ...]) -> dict[str, tuple[str, StrEnum | bool]]:
    """A network's own words come last: they win."""
    return {
        folded(word): (field, value)
        for field, names in _choices(networks, views)
        for language in Language
        for value, name in names.items()
        for word in translator(language).gettext(name).split(", ")
    } | {folded(word): ("metric", metric) for network in networks for word, metric in network.synonyms.items()}


def _choices(networks: tuple[Network, ...], views: tuple[View, ...]) -> Iterator[tuple[str, Names]]:
    """The field of ChartRequest and the words for its values."""
    yield "metric", METRICS
    yield "metric", OTHER_METRIC_WORDS
    yield "view", {view: VIEWS[view].name for view in views}
    yield "view", {view: VIEWS[view].keyword for view in views}
    yield "view", OTHER_VIEW_WORDS
    yield "normalization", NORMALIZATION_WORDS
    yield "normalization", OTHER_NORMALIZATION_WORDS
    yield "span", SPAN_WORDS
    yield "theme", THEME_NAMES
    yield "replies", REPLIES_NAMES
    for network in networks:
        yield "metric", network.nouns


def folded(word: str) -> str:
    """The word in lower case, without accents and hyphens."""
    decomposed = unicodedata.normalize("NFD", word.lower().replace("-", " "))
    return "".join(each for each in decomposed if not unicodedata.combining(each))
