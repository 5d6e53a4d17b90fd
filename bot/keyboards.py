"""The inline keyboards under charts and questions. bot.callbacks parses the data of their buttons."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from enum import StrEnum
from typing import Any

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from pipeline.chart.views import VIEWS, fitted
from pipeline.i18n import (
    LANGUAGE_NAMES,
    NORMALIZATION_NAMES,
    SPAN_NAMES,
    THEME_NAMES,
    lazy_gettext,
    translator,
)
from pipeline.records import ChartSpec, LazyString, Metric, Mode
from pipeline.sources.registry import NETWORKS, noun

Row = list[InlineKeyboardButton]
Gettext = Callable[[str | LazyString], str]
"""A Translator's method of that name."""

SETTINGS = lazy_gettext("How charts look here, and which language I speak:")
"""The message over the buttons of chat_settings."""
METRIC_ROWS = (
    (Metric.REPOSTS, Metric.LIKES, Metric.REPLIES, Metric.QUOTES),
    (Metric.BOOKMARKS, Metric.VIEWS, Metric.ENGAGEMENT),
)


def under_chart(comparison_id: int, spec: ChartSpec, mode: Mode, networks: Collection[str]) -> InlineKeyboardMarkup:
    """Views, metrics, normalizations or spans, and whether the chart is live. The present choices are marked.

    networks: those of the accounts, by key. A metric that none of them tells has no button.
    """
    gettext = translator(spec.language).gettext
    rows = [
        _choices(comparison_id, spec, "view", {view: gettext(each.name) for view, each in VIEWS.items()}),
        *(_choices(comparison_id, spec, "metric", _metric_names(gettext, row, networks)) for row in METRIC_ROWS),
        _spans(comparison_id, spec, gettext),
        _normalizations(comparison_id, spec, gettext),
        _live_button(comparison_id, mode, gettext),
    ]
    return InlineKeyboardMarkup([row for row in rows if row])


def _metric_names(gettext: Gettext, metrics: Iterable[Metric], networks: Collection[str]) -> dict[Metric, str]:
    told = [metric for metric in metrics if any(metric not in NETWORKS[key].lacks for key in networks)]
    return {metric: gettext(noun(metric, networks)).capitalize() for metric in told}


def _spans(comparison_id: int, spec: ChartSpec, gettext: Gettext) -> Row:
    if not VIEWS[spec.view].takes_span:
        return []
    return _choices(comparison_id, spec, "span", {each: gettext(name) for each, name in SPAN_NAMES.items()})


def _normalizations(comparison_id: int, spec: ChartSpec, gettext: Gettext) -> Row:
    names = {
        each: gettext(NORMALIZATION_NAMES[each])
        for each in VIEWS[spec.view].measures
        if fitted(replace(spec, normalization=each)).normalization is each
    }
    return _choices(comparison_id, spec, "normalization", names)


def _choices(comparison_id: int, spec: ChartSpec, field: str, names: dict[Any, str]) -> Row:
    """A button for each value of a field of the spec; none where there is nothing to choose."""
    if len(names) == 1:
        return []
    specs = {name: replace(spec, **{field: value}) for value, name in names.items()}
    return [_button(name, other == spec, f"show {comparison_id} {_data_of(other)}") for name, other in specs.items()]


def _data_of(spec: ChartSpec) -> str:
    """The choices as callbacks.chosen_spec parses them."""
    return f"{spec.view} {spec.metric} {spec.normalization} {spec.span}"


def _live_button(comparison_id: int, mode: Mode, gettext: Gettext) -> Row:
    match mode:
        case Mode.ONCE:
            return [InlineKeyboardButton(gettext("Keep it fresh"), callback_data=f"live {comparison_id}")]
        case Mode.LIVE:
            return [InlineKeyboardButton(gettext("Stop keeping it fresh"), callback_data=f"stop {comparison_id}")]
        case _:
            return []


def chat_settings(spec: ChartSpec) -> InlineKeyboardMarkup:
    """The theme of the chat's charts, and its language."""
    gettext = translator(spec.language).gettext
    themes = {theme: gettext(name) for theme, name in THEME_NAMES.items()}
    return InlineKeyboardMarkup([_preferences(themes, spec.theme), _preferences(LANGUAGE_NAMES, spec.language)])


def _preferences(names: dict[Any, str], current: StrEnum) -> Row:
    return [_button(name, value is current, f"settings {value}") for value, name in names.items()]


def confirm_forget(gettext: Gettext) -> InlineKeyboardMarkup:
    yes = InlineKeyboardButton(gettext("Yes, forget this chat"), callback_data="forget yes")
    return InlineKeyboardMarkup([[yes, InlineKeyboardButton(gettext("Keep everything"), callback_data="forget no")]])


def retry_services(gettext: Gettext) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton(gettext("Try again now"), callback_data="again")]])


def _button(name: str, current: bool, data: str) -> InlineKeyboardButton:  # noqa: FBT001
    return InlineKeyboardButton(f"• {name}" if current else name, callback_data=data)
