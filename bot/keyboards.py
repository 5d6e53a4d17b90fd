"""The buttons under charts and questions. A button's data is a few words, read back in bot/buttons.py."""

from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum
from typing import Any

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from pipeline.chart.views import VIEWS, fitted
from pipeline.i18n import (
    LANGUAGE_NAMES,
    METRICS,
    NORMALIZATION_NAMES,
    SPAN_NAMES,
    THEME_NAMES,
    Translator,
    lazy_gettext,
    translator,
)
from pipeline.records import ChartSpec, Metric, Mode

Row = list[InlineKeyboardButton]

SETTINGS = lazy_gettext("How charts look here, and which language I speak:")
"""What stands over the buttons of chat_settings."""
METRIC_ROWS = (
    (Metric.REPOSTS, Metric.LIKES, Metric.REPLIES, Metric.QUOTES),
    (Metric.BOOKMARKS, Metric.VIEWS, Metric.ENGAGEMENT),
)


def under_chart(comparison_id: int, spec: ChartSpec, mode: Mode) -> InlineKeyboardMarkup:
    """Views, metrics, how they are measured, and whether the message is kept fresh. What is shown now is marked."""
    said = translator(spec.language)
    rows = [
        _looks(comparison_id, spec, "view", {view: said.gettext(each.name) for view, each in VIEWS.items()}),
        *(_looks(comparison_id, spec, "metric", _metrics(said, row)) for row in METRIC_ROWS),
        _spans(comparison_id, spec, said),
        _normalizations(comparison_id, spec, said),
        _keep(comparison_id, mode, said),
    ]
    return InlineKeyboardMarkup([row for row in rows if row])


def _metrics(said: Translator, metrics: Iterable[Metric]) -> dict[Metric, str]:
    return {metric: said.gettext(METRICS[metric]).capitalize() for metric in metrics}


def _spans(comparison_id: int, spec: ChartSpec, said: Translator) -> Row:
    if not VIEWS[spec.view].takes_span:
        return []
    return _looks(comparison_id, spec, "span", {each: said.gettext(name) for each, name in SPAN_NAMES.items()})


def _normalizations(comparison_id: int, spec: ChartSpec, said: Translator) -> Row:
    names = {
        each: said.gettext(NORMALIZATION_NAMES[each])
        for each in VIEWS[spec.view].measures
        if fitted(replace(spec, normalization=each)).normalization is each
    }
    return _looks(comparison_id, spec, "normalization", names)


def _looks(comparison_id: int, spec: ChartSpec, field: str, names: dict[Any, str]) -> Row:
    """A button for each value of a field of the look; none where there is nothing to choose."""
    if len(names) == 1:
        return []
    looks = {name: replace(spec, **{field: value}) for value, name in names.items()}
    return [_button(name, other == spec, f"show {comparison_id} {_words(other)}") for name, other in looks.items()]


def _words(spec: ChartSpec) -> str:
    return f"{spec.view} {spec.metric} {spec.normalization} {spec.span}"


def _keep(comparison_id: int, mode: Mode, said: Translator) -> Row:
    match mode:
        case Mode.ONCE:
            return [InlineKeyboardButton(said.gettext("Keep it fresh"), callback_data=f"live {comparison_id}")]
        case Mode.LIVE:
            return [InlineKeyboardButton(said.gettext("Stop keeping it fresh"), callback_data=f"stop {comparison_id}")]
        case _:
            return []


def chat_settings(spec: ChartSpec) -> InlineKeyboardMarkup:
    """The theme of the chat's charts, and its language."""
    said = translator(spec.language)
    themes = {theme: said.gettext(name) for theme, name in THEME_NAMES.items()}
    return InlineKeyboardMarkup([_settings(themes, spec.theme), _settings(LANGUAGE_NAMES, spec.language)])


def _settings(names: dict[Any, str], current: StrEnum) -> Row:
    return [_button(name, value is current, f"settings {value}") for value, name in names.items()]


def sure_to_forget(said: Translator) -> InlineKeyboardMarkup:
    yes = InlineKeyboardButton(said.gettext("Yes, forget this chat"), callback_data="forget yes")
    return InlineKeyboardMarkup(
        [[yes, InlineKeyboardButton(said.gettext("Keep everything"), callback_data="forget no")]]
    )


def try_again(said: Translator) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton(said.gettext("Try again now"), callback_data="again")]])


def _button(name: str, current: bool, data: str) -> InlineKeyboardButton:  # noqa: FBT001
    return InlineKeyboardButton(f"• {name}" if current else name, callback_data=data)
