"""/compare: a chart of all that the chat tracks, or of the accounts, metric, view and number of posts named."""

from sqlalchemy.orm import Session

from bot import comparing
from bot.buttons import subscription
from bot.call import Call
from bot.command import Command
from pipeline.language import text
from pipeline.records import Comparison, Mode


async def run(call: Call) -> None:
    wish, accounts = await comparing.read(call)
    asked = await comparing.comparison(call, wish, accounts)
    message_id = await call.answer(text("Drawing {what}…", what=comparing.spoken(asked, accounts)))
    await call.house.ask_for_charts([await call.house.write(_show, call, asked, message_id)])


def _show(session: Session, call: Call, asked: Comparison, message_id: int | None) -> int:
    return comparing.show(session, subscription(call, Mode.ONCE, message_id=message_id), asked).comparison_id


COMMAND = Command("compare", text("draw a chart: /compare @nasa @esa likes 50"), run)
