"""The buttons under charts and questions. A button's data is a few words, read back in bot/buttons.py."""

from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum
from typing import Any

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from pipeline.language import METRICS, Speech, speech, text
from pipeline.records import BASES, Basis, Language, Look, Metric, Mode, Span, Theme, View

Row = list[InlineKeyboardButton]

VIEW_NAMES = {
    View.SPREAD: text("Spread"),
    View.POSTS: text("Posts"),
    View.GROWTH: text("Growth"),
    View.RACE: text("Race"),
}
BASIS_NAMES = {
    Basis.COUNT: text("As counted"),
    Basis.RATE: text("Per 1,000 views"),
    Basis.DAILY: text("Per day"),
}
SPAN_NAMES = {Span.HOUR: text("Hour"), Span.DAY: text("Day"), Span.WEEK: text("Week")}
THEME_NAMES = {Theme.LIGHT: text("Light"), Theme.DARK: text("Dark")}
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
    """The theme and the language of the chat's charts."""
    said = speech(look.language)
    themes = {theme: said.say(name) for theme, name in THEME_NAMES.items()}
    return InlineKeyboardMarkup([_settings(themes, look.theme), _settings(LANGUAGE_NAMES, look.language)])


def _settings(names: dict[Any, str], current: StrEnum) -> Row:
    return [_button(name, value is current, f"settings {value}") for value, name in names.items()]


def sure_to_forget() -> InlineKeyboardMarkup:
    yes = InlineKeyboardButton("Yes, forget this chat", callback_data="forget yes")
    return InlineKeyboardMarkup([[yes, InlineKeyboardButton("Keep everything", callback_data="forget no")]])


def _button(name: str, current: bool, data: str) -> InlineKeyboardButton:  # noqa: FBT001
    return InlineKeyboardButton(f"• {name}" if current else name, callback_data=data)
