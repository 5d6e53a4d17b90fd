"""/compare: a chart of all that the chat tracks, or of the accounts, metric, view and number of posts named."""

from sqlalchemy.orm import Session

from bot import comparing
from bot.buttons import subscription
from bot.call import Call
from bot.command import Command
from pipeline import clock
from pipeline.i18n import lazy_gettext
from pipeline.records import Comparison, Mode
from pipeline.store import subscriptions


async def run(call: Call) -> None:
    wish, accounts = await comparing.read(call)
    asked = await comparing.comparison(call, wish, accounts)
    subscription_id, drawn = await call.house.write(_show, call, asked)
    message_id = await call.answer(lazy_gettext("Drawing {what}…", what=comparing.spoken(asked, accounts)))
    await call.house.write_surely(subscriptions.show_in, subscription_id, message_id, clock.now())
    await call.house.ask_for_charts([drawn])


def _show(session: Session, call: Call, asked: Comparison) -> tuple[int, int]:
    """Kept before the chat is told of it; waits for the message to show in. Returns its id and what is to be drawn."""
    wanted = subscription(call, Mode.ONCE, message_id=None)
    wanted.next_at = clock.now() + comparing.MESSAGE_WITHIN
    kept = comparing.show(session, wanted, asked)
    return kept.id, kept.comparison_id


COMMAND = Command("compare", lazy_gettext("draw a chart: /compare @nasa @esa likes 50"), run)
