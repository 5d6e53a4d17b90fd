"""/untrack @nasa: stop following accounts."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from bot import words
from bot.call import Call
from bot.command import Command
from bot.comparing import drop_untracked, follow_tracked
from pipeline.errors import UserError
from pipeline.i18n import lazy_gettext
from pipeline.store import chats

WHICH = lazy_gettext(
    "Which accounts? Name them after the command, for example /untrack @nasa. /list shows what is tracked."
)


async def run(call: Call) -> None:
    handles, bad = words.handles(call.words)
    if not handles and not bad:
        raise UserError(WHICH)
    by_name = {account.handle.lower(): account for account in await call.house.read(chats.tracked, call.chat_id)}
    gone = [by_name[handle.lower()] for handle in handles if handle.lower() in by_name]
    unknown = [f"@{handle}" for handle in handles if handle.lower() not in by_name] + [*map(words.shown, bad)]
    ended = 0
    if gone:
        ended, pointed = await call.house.write(_untrack, call.chat_id, [account.id for account in gone])
        await call.house.ask_for_charts(pointed)
    lines = [
        lazy_gettext("No longer tracked: {names}", names=words.listed(account.handle for account in gone))
        if gone
        else None,
        lazy_gettext("Was not tracked: {names}", names=words.few(unknown)) if unknown else None,
        lazy_gettext("Subscriptions that compared them and ended: {count}", count=ended) if ended else None,
    ]
    await call.answer(*filter(None, lines))


def _untrack(session: Session, chat_id: int, account_ids: Sequence[int]) -> tuple[int, list[int]]:
    """Returns how many subscriptions ended, and the comparisons that are to be drawn without the accounts."""
    chats.untrack(session, chat_id, account_ids)
    pointed = follow_tracked(session, chat_id)
    return drop_untracked(session, chat_id), pointed


COMMAND = Command("untrack", lazy_gettext("stop following: /untrack @nasa"), run, changes=True)
