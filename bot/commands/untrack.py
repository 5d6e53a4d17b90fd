"""/untrack @nasa: stop following accounts."""

from collections.abc import Sequence

from bot import phrasing
from bot.command import Command
from bot.command_context import CommandContext
from bot.parsing import parse_handles
from pipeline.errors import UserError
from pipeline.i18n import lazy_gettext, lazy_ngettext
from pipeline.records import LazyString
from pipeline.store import chats, tracking
from pipeline.store.accounts import by_handle

WHICH_ACCOUNTS = lazy_gettext(
    "Which accounts? Name them after the command, for example /untrack @nasa. /list shows what is tracked."
)


async def run(command_context: CommandContext) -> None:
    context, chat_id = command_context.context, command_context.chat_id
    handles, invalid = parse_handles(command_context.args)
    if not handles and not invalid:
        raise UserError(WHICH_ACCOUNTS)
    tracked = by_handle(await context.read(chats.list_tracked_accounts, chat_id))
    accounts = [tracked[handle.folded] for handle in handles if handle.folded in tracked]
    untracked = [f"@{handle.name}" for handle in handles if handle.folded not in tracked]
    untracked += map(phrasing.quote, invalid)
    ended = 0
    if accounts:
        change = await context.write(tracking.untrack, chat_id, [account.id for account in accounts])
        ended = change.ended
        await context.request_charts(change.comparison_ids)
    await command_context.answer(*_report([account.handle for account in accounts], untracked, ended))


def _report(removed: Sequence[str], untracked: Sequence[str], ended: int) -> list[LazyString]:
    """removed: handles. untracked: what was named and not tracked. ended: a number of subscriptions."""
    lines = []
    if removed:
        names = phrasing.list_handles(removed)
        lines.append(
            lazy_ngettext("No longer tracked: {names}", "No longer tracked: {names}", len(removed), names=names)
        )
    if untracked:
        names = phrasing.list_some(untracked)
        lines.append(
            lazy_ngettext("Was not tracked: {names}", "Were not tracked: {names}", len(untracked), names=names)
        )
    if ended:
        lines.append(lazy_gettext("Subscriptions that compared them and ended: {number}", number=ended))
    return lines


COMMAND = Command("untrack", lazy_gettext("stop following: /untrack @nasa"), run, changes=True)
