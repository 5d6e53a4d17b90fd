"""The inline keyboards under /list. bot.subscription_menu does what their buttons say."""

from collections.abc import Callable, Iterable
from datetime import time, timedelta

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from pipeline.records import LazyString
from pipeline.store.timing import LIVE, Schedule, Timing

Gettext = Callable[[str | LazyString], str]
"""A Translator's method of that name."""
TIMINGS = {
    "live": LIVE,
    "hour": Timing(timedelta(hours=1)),
    "day": Timing(schedule=Schedule((time(9),))),
    "week": Timing(schedule=Schedule((time(9),), (0,))),
}
"""The timings that are a button away, by the last word of its data; /subscribe takes every other."""


def of_list(subscriptions: Iterable[tuple[int, LazyString]], gettext: Gettext) -> InlineKeyboardMarkup | None:
    """A button for each subscription, by id, with its number in the list and its timing. None where there is none."""
    buttons = [
        _button(f"{number} · {gettext(timing)}", f"sub {subscription_id}")
        for number, (subscription_id, timing) in enumerate(subscriptions, 1)
    ]
    return (
        InlineKeyboardMarkup([buttons[start : start + 2] for start in range(0, len(buttons), 2)]) if buttons else None
    )


def of_subscription(
    subscription_id: int, chat_id: int, gettext: Gettext, *, paused: bool, pinned: bool | None
) -> InlineKeyboardMarkup:
    """What can be done to a subscription. pinned: None where it has no live message."""
    hold = ("resume", gettext("Resume")) if paused else ("pause", gettext("Pause"))
    actions = [hold, ("change", gettext("Change")), ("end", gettext("End"))]
    if pinned is not None:
        actions.append(("unpin", gettext("Unpin")) if pinned else ("pin", gettext("Pin")))
    buttons = [_button(name, f"sub {subscription_id} {action}") for action, name in actions]
    return InlineKeyboardMarkup([buttons[:2], buttons[2:], [_back(chat_id, gettext)]])


def of_timings(
    subscription_id: int, chat_id: int, timings: Iterable[tuple[str, LazyString]], gettext: Gettext
) -> InlineKeyboardMarkup:
    """The timings to change to, by their words in TIMINGS."""
    rows = [[_button(gettext(name), f"sub {subscription_id} {word}")] for word, name in timings]
    return InlineKeyboardMarkup([*rows, [_back(chat_id, gettext)]])


def _back(chat_id: int, gettext: Gettext) -> InlineKeyboardButton:
    return _button(gettext("Back"), f"list {chat_id}")


def _button(name: str, data: str) -> InlineKeyboardButton:
    return InlineKeyboardButton(name, callback_data=data)
