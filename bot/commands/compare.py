"""/compare: a chart of all that the chat tracks, or of the accounts, metric, view and number of posts named."""

from bot import chart_requests
from bot.command import Command
from bot.command_context import CommandContext
from bot.descriptions import describe_comparison
from pipeline import clock
from pipeline.i18n import lazy_gettext
from pipeline.store import chat_charts, subscriptions


async def run(command_context: CommandContext) -> None:
    """Store the request before it is confirmed, so that a crash in between loses nothing."""
    context = command_context.context
    request, accounts = await chart_requests.read(command_context)
    comparison = await chart_requests.to_comparison(command_context, request, accounts)
    requested = await context.write(chat_charts.request_once, command_context.destination, comparison, clock.now())
    message_id = await command_context.answer(
        lazy_gettext("Drawing {what}…", what=describe_comparison(comparison, accounts))
    )
    await context.write_with_retries(subscriptions.set_message, requested.subscription_id, message_id, clock.now())
    await context.request_charts([requested.comparison_id])


COMMAND = Command("compare", lazy_gettext("draw a chart: /compare @nasa @esa likes 50"), run)
