"""Which subscriptions a command is about: those of the chat or of its topic, or the one whose chart it replies to.

Accounts or groups that it names leave of these the ones that show them.
"""

from dataclasses import replace

from telegram import Message

from bot import group_names, phrasing
from bot.chart_buttons import named_under
from bot.command_context import CommandContext
from bot.keyboards import button_data
from pipeline.errors import UserError
from pipeline.i18n import lazy_gettext
from pipeline.store.chat_charts import Scope
from pipeline.store.rules import UnknownChartError


async def of_command(command_context: CommandContext) -> Scope:
    """In a forum's topic those of the topic, and in General those of the whole chat. Raises UserError."""
    named = await group_names.parse(command_context, command_context.args)
    if named.invalid:
        raise UserError(
            lazy_gettext(
                "“{word}” is no account or group. With such names the command is about the charts that show them, "
                "without any about all charts here.",
                word=phrasing.quote(named.invalid[0]),
            )
        )
    scope = Scope(command_context.chat_id, handles=tuple(named.handles), groups=tuple(named.groups))
    replied_to = command_context.replied_to
    if replied_to is None or command_context.target:
        return replace(scope, thread_id=command_context.thread_id)
    return replace(
        scope,
        message_id=replied_to.message_id,
        comparison_id=_comparison_id_under(replied_to),
        is_sent_by_itself=any(data.startswith("stop ") for data in button_data(replied_to)),
    )


def _comparison_id_under(message: Message) -> int | None:
    """The comparison that the buttons under a chart name; None under any other message."""
    try:
        return named_under(button_data(message))[0]
    except UnknownChartError:
        return None
