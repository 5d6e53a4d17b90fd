"""The buttons under charts and questions. A button's data is a few words, read back in bot/buttons.py."""

from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum
from typing import Any

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from pipeline.language import BASIS_NAMES, METRICS, SPAN_NAMES, THEME_NAMES, VIEW_NAMES, Speech, speech, text
from pipeline.records import BASES, Language, Look, Metric, Mode, View

Row = list[InlineKeyboardButton]

SETTINGS = text("How charts look here, and which language I speak:")
"""What stands over the buttons of chat_settings."""
LANGUAGE_NAMES = {Language.ENGLISH: "English", Language.SPANISH: "Español"}
METRIC_ROWS = (
    (Metric.REPOSTS, Metric.LIKES, Metric.REPLIES, Metric.QUOTES),
    (Metric.BOOKMARKS, Metric.VIEWS, Metric.ENGAGEMENT),
)


def under_chart(comparison_id: int, look: Look, mode: Mode) -> InlineKeyboardMarkup:
    """Views, metrics, how they are measured, and whether the message is kept fresh. What is shown now is marked."""
    said = speech(look.language)
    rows = [
        _looks(comparison_id, look, "view", {each: said.say(name) for each, name in VIEW_NAMES.items()}),
        *(_looks(comparison_id, look, "metric", _metrics(said, row)) for row in METRIC_ROWS),
        _measures(comparison_id, look, said),
        _keep(comparison_id, mode, said),
    ]
    return InlineKeyboardMarkup([row for row in rows if row])


def _metrics(said: Speech, metrics: Iterable[Metric]) -> dict[Metric, str]:
    return {metric: said.say(METRICS[metric]).capitalize() for metric in metrics}


def _measures(comparison_id: int, look: Look, said: Speech) -> Row:
    if look.view is View.GROWTH:
        return _looks(comparison_id, look, "span", {each: said.say(name) for each, name in SPAN_NAMES.items()})
    bases = [basis for basis in BASES[look.view] if replace(look, basis=basis).fitted().basis is basis]
    return _looks(comparison_id, look, "basis", {each: said.say(BASIS_NAMES[each]) for each in bases})


def _looks(comparison_id: int, look: Look, field: str, names: dict[Any, str]) -> Row:
    """A button for each value of a field of the look; none where there is nothing to choose."""
    if len(names) == 1:
        return []
    looks = {name: replace(look, **{field: value}) for value, name in names.items()}
    return [_button(name, other == look, f"show {comparison_id} {_words(other)}") for name, other in looks.items()]


def _words(look: Look) -> str:
    return f"{look.view} {look.metric} {look.basis} {look.span}"


def _keep(comparison_id: int, mode: Mode, said: Speech) -> Row:
    match mode:
        case Mode.ONCE:
            return [InlineKeyboardButton(said.say("Keep it fresh"), callback_data=f"live {comparison_id}")]
        case Mode.LIVE:
            return [InlineKeyboardButton(said.say("Stop keeping it fresh"), callback_data=f"stop {comparison_id}")]
        case _:
            return []


def chat_settings(look: Look) -> InlineKeyboardMarkup:
    """The theme of the chat's charts, and its language."""
    said = speech(look.language)
    themes = {theme: said.say(name) for theme, name in THEME_NAMES.items()}
    return InlineKeyboardMarkup([_settings(themes, look.theme), _settings(LANGUAGE_NAMES, look.language)])


def _settings(names: dict[Any, str], current: StrEnum) -> Row:
    return [_button(name, value is current, f"settings {value}") for value, name in names.items()]


def sure_to_forget(said: Speech) -> InlineKeyboardMarkup:
    yes = InlineKeyboardButton(said.say("Yes, forget this chat"), callback_data="forget yes")
    return InlineKeyboardMarkup([[yes, InlineKeyboardButton(said.say("Keep everything"), callback_data="forget no")]])


def try_again(said: Speech) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton(said.say("Try again now"), callback_data="again")]])


def _button(name: str, current: bool, data: str) -> InlineKeyboardButton:  # noqa: FBT001
    return InlineKeyboardButton(f"• {name}" if current else name, callback_data=data)
