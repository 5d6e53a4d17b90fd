"""Which subscriptions a command is about: those of the chat or of its topic, or the one whose chart it replies to."""

from telegram import Message

from bot.chart_buttons import named_under
from bot.command_context import CommandContext
from bot.keyboards import button_data
from pipeline.store.chat_charts import Scope
from pipeline.store.rules import UnknownChartError


def of_command(command_context: CommandContext) -> Scope:
    """In a forum's topic those of the topic, and in General those of the whole chat."""
    replied_to = command_context.replied_to
    if replied_to is None or command_context.target:
        return Scope(command_context.chat_id, command_context.thread_id)
    return Scope(
        command_context.chat_id, message_id=replied_to.message_id, comparison_id=_comparison_id_under(replied_to)
    )


def _comparison_id_under(message: Message) -> int | None:
    """The comparison that the buttons under a chart name; None under any other message."""
    try:
        return named_under(button_data(message))[0]
    except UnknownChartError:
        return None
