"""/subscribe: a chart that stays fresh in one message, or a new one at an interval: /subscribe new 1h."""

from datetime import timedelta

from sqlalchemy.orm import Session

from bot import comparing, words
from bot.buttons import subscription
from bot.call import Call
from bot.command import Command
from pipeline.errors import UserError
from pipeline.language import text
from pipeline.records import Comparison, Mode

USUAL_INTERVAL = timedelta(hours=1)


async def run(call: Call) -> None:
    wish, accounts = await comparing.read(call)
    mode = wish.mode or (Mode.NEW if wish.interval else Mode.LIVE)
    if mode is Mode.LIVE and wish.interval:
        raise UserError(
            text("A live chart is renewed whenever something changed. For a message at an interval: /subscribe new 1h")
        )
    asked = await comparing.comparison(call, wish, accounts)
    await call.house.read(comparing.check_room, call.chat_id, asked, mode)
    interval = (wish.interval or USUAL_INTERVAL) if mode is Mode.NEW else None
    what = comparing.spoken(asked, accounts)
    if interval:
        message_id = await call.answer(
            text(
                "Subscribed: every {interval} a new chart, if something changed: {what}.",
                interval=words.spoken(interval),
                what=what,
            )
        )
    else:
        message_id = await call.answer(text("Drawing the live chart: {what}…", what=what))
    await call.house.write(_subscribe, call, asked, interval, message_id, everything=not wish.handles)
    await call.house.ask_for_charts()


def _subscribe(  # noqa: PLR0913, PLR0917
    session: Session,
    call: Call,
    asked: Comparison,
    interval: timedelta | None,
    message_id: int | None,
    everything: bool,  # noqa: FBT001
) -> None:
    live = interval is None
    wanted = subscription(call, Mode.LIVE if live else Mode.NEW, message_id=message_id if live else None)
    wanted.everything = everything
    wanted.interval_s = None if interval is None else int(interval.total_seconds())
    comparing.show(session, wanted, asked)


COMMAND = Command("subscribe", text("a chart that stays fresh, or: /subscribe new 1h"), run, changes=True)
