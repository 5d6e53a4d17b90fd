"""The buttons under charts and questions. A button's data is a few words, read back in bot/buttons.py."""

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from pipeline.records import Metric, Mode, View

VIEW_NAMES = {View.SPREAD: "Spread", View.POSTS: "Post by post"}
METRICS = (Metric.REPOSTS, Metric.LIKES, Metric.REPLIES, Metric.VIEWS)


def under_chart(comparison_id: int, view: View, metric: Metric, mode: Mode) -> InlineKeyboardMarkup:
    """Views, metrics, and whether the message is kept fresh. What is shown now is marked."""
    views = [_button(VIEW_NAMES[each], each is view, f"show {comparison_id} {each} {metric}") for each in View]
    metrics = [
        _button(each.label.capitalize(), each is metric, f"show {comparison_id} {view} {each}") for each in METRICS
    ]
    keep = {
        Mode.ONCE: [InlineKeyboardButton("Keep it fresh", callback_data=f"live {comparison_id}")],
        Mode.LIVE: [InlineKeyboardButton("Stop keeping it fresh", callback_data=f"stop {comparison_id}")],
        Mode.NEW: [],
    }[mode]
    return InlineKeyboardMarkup([row for row in (views, metrics, keep) if row])


def sure_to_forget() -> InlineKeyboardMarkup:
    yes = InlineKeyboardButton("Yes, forget this chat", callback_data="forget yes")
    return InlineKeyboardMarkup([[yes, InlineKeyboardButton("Keep everything", callback_data="forget no")]])


def _button(name: str, current: bool, data: str) -> InlineKeyboardButton:  # noqa: FBT001
    return InlineKeyboardButton(f"• {name}" if current else name, callback_data=data)
