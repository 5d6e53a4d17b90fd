"""/compare: a chart of all that the chat tracks, or of the accounts, metric, view and number of posts named."""

from collections.abc import Sequence

from bot import chart_requests, keyboards
from bot.chart_requests import UntrackedError
from bot.command import Command
from bot.command_context import CommandContext
from bot.descriptions import describe_comparison
from pipeline import clock
from pipeline.i18n import lazy_gettext
from pipeline.records import Handle
from pipeline.store import chat_charts, subscriptions


async def run(command_context: CommandContext) -> None:
    """Draw; of accounts that are not tracked yet, offer to track them first."""
    try:
        await draw(command_context)
    except UntrackedError as error:
        gettext = (await command_context.translator()).gettext
        names = [handle.name for handle in error.handles]
        await command_context.answer(
            error.text, keyboard=keyboards.track_and_draw(gettext, names, command_context.args)
        )


async def draw(command_context: CommandContext) -> None:
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


async def untracked(command_context: CommandContext) -> Sequence[Handle]:
    """The accounts that the arguments name and the chat does not track."""
    try:
        await chart_requests.read(command_context)
    except UntrackedError as error:
        return error.handles
    return []


COMMAND = Command("compare", lazy_gettext("draw a chart: /compare @nasa @esa likes 50"), run)
