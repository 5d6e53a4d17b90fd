"""/unsubscribe: end the chat's subscriptions, or those to the named accounts."""

from sqlalchemy.orm import Session

from bot import comparing, words
from bot.call import Call
from bot.command import Command
from pipeline.errors import UserError
from pipeline.language import text
from pipeline.records import Text
from pipeline.store import comparisons, subscriptions


async def run(call: Call) -> None:
    handles, bad = words.handles(call.words)
    if bad:
        raise UserError(
            text(
                "“{word}” is no account. /unsubscribe ends all; with @names, those that show them.",
                word=words.shown(bad[0]),
            )
        )
    ended = await call.house.write(_end, call.chat_id, {handle.lower() for handle in handles})
    if not ended:
        raise UserError(text("There is no such subscription in this chat. /list shows what there is."))
    await call.answer(text("Ended; the last charts stay where they are:"), *ended)


def _end(session: Session, chat_id: int, names: set[str]) -> list[Text]:
    ended = []
    for each in subscriptions.of_chat(session, chat_id):
        accounts = comparisons.accounts_of(session, each.comparison_id)
        if names <= {account.handle.lower() for account in accounts}:
            ended.append(comparing.spoken(comparing.shown_by(session, each), accounts))
            subscriptions.remove(session, each.id)
    return ended


COMMAND = Command("unsubscribe", text("end the charts that stay fresh"), run, changes=True)
