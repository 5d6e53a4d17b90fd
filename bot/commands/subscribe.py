"""/subscribe: a live chart, which is edited in one message; or a new message at an interval: /subscribe new 1h."""

from datetime import timedelta

from bot import chart_requests, phrasing
from bot.command import Command
from bot.command_context import CommandContext
from bot.descriptions import describe_comparison
from bot.parsing import ChartRequest
from pipeline import clock
from pipeline.errors import UserError
from pipeline.i18n import lazy_gettext
from pipeline.records import Mode
from pipeline.store import chat_charts, subscriptions

DEFAULT_INTERVAL = timedelta(hours=1)


async def run(command_context: CommandContext) -> None:
    """Store the subscription before it is confirmed, so that a crash in between loses nothing."""
    context = command_context.context
    request, accounts = await chart_requests.read(command_context)
    interval = _interval_of(request)
    comparison = await chart_requests.to_comparison(command_context, request, accounts)
    requested = await context.write(
        chat_charts.subscribe,
        command_context.destination,
        comparison,
        interval=interval,
        all_tracked=not request.handles,
        now=clock.now(),
    )
    what = describe_comparison(comparison, accounts)
    if interval:
        await command_context.answer(
            lazy_gettext(
                "Subscribed: every {interval} a new chart, if something changed: {what}.",
                interval=phrasing.interval_text(interval),
                what=what,
            )
        )
    else:
        message_id = await command_context.answer(lazy_gettext("Drawing the live chart: {what}…", what=what))
        await context.write_with_retries(subscriptions.set_message, requested.subscription_id, message_id, clock.now())
    await context.request_charts([requested.comparison_id])


def _interval_of(request: ChartRequest) -> timedelta | None:
    """The interval between new messages; None for a live chart. Raises UserError for a live chart at an interval."""
    if request.mode is Mode.LIVE and request.interval:
        raise UserError(
            lazy_gettext(
                "A live chart is renewed whenever something changed. For a message at an interval: /subscribe new 1h"
            )
        )
    return request.interval or (DEFAULT_INTERVAL if request.mode is Mode.NEW else None)


COMMAND = Command("subscribe", lazy_gettext("a chart that stays fresh, or: /subscribe new 1h"), run, changes=True)
