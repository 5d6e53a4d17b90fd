"""/untrack @nasa: stop following accounts."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from bot import parsing, phrasing
from bot.command import Command
from bot.command_context import CommandContext
from bot.comparing import drop_untracked, follow_tracked
from pipeline.errors import UserError
from pipeline.i18n import lazy_gettext, lazy_ngettext
from pipeline.records import LazyString
from pipeline.store import chats

WHICH = lazy_gettext(
    "Which accounts? Name them after the command, for example /untrack @nasa. /list shows what is tracked."
)


async def run(command_context: CommandContext) -> None:
    handles, bad = parsing.parse_handles(command_context.args)
    if not handles and not bad:
        raise UserError(WHICH)
    by_name = {
        account.handle.lower(): account
        for account in await command_context.context.read(chats.list_tracked_accounts, command_context.chat_id)
    }
    gone = [by_name[handle.lower()] for handle in handles if handle.lower() in by_name]
    unknown = [f"@{handle}" for handle in handles if handle.lower() not in by_name] + [*map(phrasing.quote, bad)]
    ended = 0
    if gone:
        ended, pointed = await command_context.context.write(
            _untrack, command_context.chat_id, [account.id for account in gone]
        )
        await command_context.context.ask_for_charts(pointed)
    await command_context.answer(*_report([account.handle for account in gone], unknown, ended))


def _report(gone: Sequence[str], unknown: Sequence[str], ended: int) -> list[LazyString]:
    lines = []
    if gone:
        names = phrasing.list_handles(gone)
        lines.append(lazy_ngettext("No longer tracked: {names}", "No longer tracked: {names}", len(gone), names=names))
    if unknown:
        names = phrasing.list_some(unknown)
        lines.append(lazy_ngettext("Was not tracked: {names}", "Were not tracked: {names}", len(unknown), names=names))
    if ended:
        lines.append(lazy_gettext("Subscriptions that compared them and ended: {number}", number=ended))
    return lines


def _untrack(session: Session, chat_id: int, account_ids: Sequence[int]) -> tuple[int, list[int]]:
    """Returns how many subscriptions ended, and the comparisons that are to be drawn without the accounts."""
    chats.untrack(session, chat_id, account_ids)
    pointed = follow_tracked(session, chat_id)
    return drop_untracked(session, chat_id), pointed


COMMAND = Command("untrack", lazy_gettext("stop following: /untrack @nasa"), run, changes=True)
