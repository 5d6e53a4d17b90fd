"""/subscribe: a chart that stays fresh in one message, or a new one at an interval: /subscribe new 1h."""

from datetime import timedelta

from sqlalchemy.orm import Session

from bot import comparing, words
from bot.buttons import subscription
from bot.call import Call
from bot.command import Command
from pipeline import clock
from pipeline.errors import UserError
from pipeline.i18n import lazy_gettext
from pipeline.records import Comparison, Mode
from pipeline.store import subscriptions

USUAL_INTERVAL = timedelta(hours=1)


async def run(call: Call) -> None:
    wish, accounts = await comparing.read(call)
    mode = wish.mode or (Mode.NEW if wish.interval else Mode.LIVE)
    if mode is Mode.LIVE and wish.interval:
        raise UserError(
            lazy_gettext(
                "A live chart is renewed whenever something changed. For a message at an interval: /subscribe new 1h"
            )
        )
    asked = await comparing.comparison(call, wish, accounts)
    await call.house.read(comparing.check_room, call.chat_id, asked, mode)
    interval = (wish.interval or USUAL_INTERVAL) if mode is Mode.NEW else None
    what = comparing.spoken(asked, accounts)
    subscription_id, drawn = await call.house.write(_subscribe, call, asked, interval, everything=not wish.handles)
    if interval:
        await call.answer(
            lazy_gettext(
                "Subscribed: every {interval} a new chart, if something changed: {what}.",
                interval=words.spoken(interval),
                what=what,
            )
        )
    else:
        message_id = await call.answer(lazy_gettext("Drawing the live chart: {what}…", what=what))
        await call.house.write_surely(subscriptions.show_in, subscription_id, message_id, clock.now())
    await call.house.ask_for_charts([drawn])


def _subscribe(
    session: Session, call: Call, asked: Comparison, interval: timedelta | None, *, everything: bool
) -> tuple[int, int]:
    """Kept before the chat is told of it. A live one waits a moment for the message to show in.

    Returns its id and that of what is to be drawn.
    """
    wanted = subscription(call, Mode.LIVE if interval is None else Mode.NEW, message_id=None)
    wanted.everything = everything
    wanted.interval_s = None if interval is None else int(interval.total_seconds())
    wanted.next_at = clock.now() + comparing.MESSAGE_WITHIN if interval is None else wanted.next_at
    kept = comparing.show(session, wanted, asked)
    return kept.id, kept.comparison_id


COMMAND = Command("subscribe", lazy_gettext("a chart that stays fresh, or: /subscribe new 1h"), run, changes=True)
