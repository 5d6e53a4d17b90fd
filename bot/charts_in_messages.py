"""Which of the chat's charts a message shows, where a command is a reply to it."""

import re

from sqlalchemy.orm import Session
from telegram import Message

from bot.keyboards import button_data
from pipeline.errors import UserError
from pipeline.i18n import lazy_gettext
from pipeline.records import Comparison
from pipeline.store import chat_charts, subscriptions

CHART_BUTTON = re.compile(r"[a-z]+ ([0-9]{1,9})(?: .*)?")
"""The data of a button under a chart: what it does, and the comparison's id."""


def find_comparison(session: Session, message: Message, max_posts: int) -> Comparison:
    """What the chart in the message shows. max_posts: how many posts of an account are fetched.

    Raises UserError where the message shows no chart, UnknownChartError where the chat does not track its accounts.
    """
    subscription = subscriptions.find_by_message(session, message.chat.id, message.message_id)
    comparison_id = _named_under(message) if subscription is None else subscription.comparison_id
    if comparison_id is None:
        raise UserError(lazy_gettext("That message has no chart. Reply to a chart, or send the command alone."))
    place = message.chat.id, message.message_id
    return chat_charts.comparison_in_message(session, *place, comparison_id=comparison_id, max_posts=max_posts)


def _named_under(message: Message) -> int | None:
    """The id of the comparison that the message's buttons name."""
    found = next(filter(None, map(CHART_BUTTON.fullmatch, button_data(message))), None)
    return int(found[1]) if found else None
