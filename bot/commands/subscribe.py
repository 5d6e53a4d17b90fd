"""/subscribe: a chart that stays fresh in one message, or a new one at an interval: /subscribe new 1h."""

from datetime import timedelta

from sqlalchemy.orm import Session

from bot import comparing, phrasing
from bot.callbacks import subscription
from bot.command import Command
from bot.command_context import CommandContext
from pipeline import clock
from pipeline.errors import UserError
from pipeline.i18n import lazy_gettext
from pipeline.records import Comparison, Mode
from pipeline.store import subscriptions

USUAL_INTERVAL = timedelta(hours=1)


async def run(command_context: CommandContext) -> None:
    wish, accounts = await comparing.read(command_context)
    mode = wish.mode or (Mode.NEW if wish.interval else Mode.LIVE)
    if mode is Mode.LIVE and wish.interval:
        raise UserError(
            lazy_gettext(
                "A live chart is renewed whenever something changed. For a message at an interval: /subscribe new 1h"
            )
        )
    asked = await comparing.comparison(command_context, wish, accounts)
    await command_context.context.read(comparing.check_room, command_context.chat_id, asked, mode)
    interval = (wish.interval or USUAL_INTERVAL) if mode is Mode.NEW else None
    what = comparing.spoken(asked, accounts)
    subscription_id, drawn = await command_context.context.write(
        _subscribe, command_context, asked, interval, everything=not wish.handles
    )
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
        await command_context.context.write_surely(subscriptions.set_message, subscription_id, message_id, clock.now())
    await command_context.context.ask_for_charts([drawn])


def _subscribe(
    session: Session,
    command_context: CommandContext,
    asked: Comparison,
    interval: timedelta | None,
    *,
    everything: bool,
) -> tuple[int, int]:
    """Kept before the chat is told of it. A live one waits a moment for the message to show in.

    Returns its id and that of what is to be drawn.
    """
    wanted = subscription(command_context, Mode.LIVE if interval is None else Mode.NEW, message_id=None)
    wanted.all_tracked = everything
    wanted.interval_s = None if interval is None else int(interval.total_seconds())
    wanted.next_at = clock.now() + comparing.MESSAGE_WITHIN if interval is None else wanted.next_at
    kept = comparing.show(session, wanted, asked)
    return kept.id, kept.comparison_id


COMMAND = Command("subscribe", lazy_gettext("a chart that stays fresh, or: /subscribe new 1h"), run, changes=True)
