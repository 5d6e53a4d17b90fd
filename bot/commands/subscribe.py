"""/subscribe: a live chart, which is edited in one message; or new messages: /subscribe every 1h, daily 9:00."""

from dataclasses import replace

from bot import chart_requests, timing
from bot.command import Command
from bot.command_context import CommandContext
from bot.descriptions import describe_comparison, describe_summary
from bot.remote import Remote
from pipeline import clock
from pipeline.i18n import lazy_gettext
from pipeline.records import LazyString
from pipeline.store import chat_charts, subscriptions
from pipeline.store.chat_charts import Requested, Summary
from pipeline.store.timing import LIVE


async def run(command_context: CommandContext) -> None:
    """Store the subscription before it is confirmed, so that a crash in between loses nothing."""
    context = command_context.context
    when, args = timing.parse(command_context.args)
    request, accounts = await chart_requests.read(replace(command_context, args=args))
    comparison = await chart_requests.to_comparison(command_context, request, accounts)
    requested = await context.write(
        chat_charts.subscribe,
        command_context.destination,
        comparison,
        timing=when,
        all_tracked=not (request.handles or request.groups),
        group_names=request.groups,
        now=clock.now(),
    )
    if when == LIVE and command_context.target is None:
        what = describe_comparison(comparison, accounts)
        message_id = await command_context.answer(lazy_gettext("Drawing the live chart: {what}…", what=what))
        await context.write_with_retries(subscriptions.set_message, requested.subscription_id, message_id, clock.now())
    else:
        await command_context.answer(_confirmation(Summary(comparison, accounts, when), requested))
    if when == LIVE and command_context.target:  # what was just answered is in another chat
        await context.write_with_retries(subscriptions.set_message, requested.subscription_id, None, clock.now())
    await context.request_charts([requested.comparison_id])


def _confirmation(summary: Summary, requested: Requested) -> LazyString:
    what = describe_summary(summary)
    if summary.timing.schedule:
        return lazy_gettext(
            "Subscribed: {what}. The first chart comes on {at:moment}.", what=what, at=requested.next_at
        )
    if summary.timing.interval:
        return lazy_gettext("Subscribed: {what}, if something changed.", what=what)
    return lazy_gettext("Subscribed: {what}.", what=what)


COMMAND = Command(
    "subscribe",
    lazy_gettext("a chart that stays fresh, or: /subscribe daily 9:00"),
    run,
    changes=True,
    remote=Remote.NAMED,
)
