"""/unsubscribe: end the chat's subscriptions, or those to the named accounts."""

from sqlalchemy.orm import Session

from bot import comparing, parsing, phrasing
from bot.command import Command
from bot.command_context import CommandContext
from pipeline.errors import UserError
from pipeline.i18n import lazy_gettext
from pipeline.records import LazyString
from pipeline.store import comparisons, subscriptions


async def run(command_context: CommandContext) -> None:
    handles, bad = parsing.parse_handles(command_context.args)
    if bad:
        raise UserError(
            lazy_gettext(
                "“{word}” is no account. /unsubscribe ends all; with @names, those that show them.",
                word=phrasing.quote(bad[0]),
            )
        )
    ended = await command_context.context.write(_end, command_context.chat_id, {handle.lower() for handle in handles})
    if not ended:
        raise UserError(lazy_gettext("There is no such subscription in this chat. /list shows what there is."))
    await command_context.answer(lazy_gettext("Ended; the last charts stay where they are:"), *ended)


def _end(session: Session, chat_id: int, names: set[str]) -> list[LazyString]:
    ended = []
    for each in subscriptions.list_of_chat(session, chat_id):
        accounts = comparisons.list_accounts(session, each.comparison_id)
        if names <= {account.handle.lower() for account in accounts}:
            ended.append(comparing.spoken(comparing.shown_by(session, each), accounts))
            subscriptions.remove(session, each.id)
    return ended


COMMAND = Command("unsubscribe", lazy_gettext("end the charts that stay fresh"), run, changes=True)
