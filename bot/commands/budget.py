"""/budget: what reading costs, and where it goes. /budget @nasa: how an account is read, and why it waits."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from bot import access, account_readings, bill, group_names, phrasing
from bot.bill import Viewer
from bot.command import Command
from bot.command_context import CommandContext
from pipeline import clock
from pipeline.i18n import BLANK, lazy_gettext, lazy_ngettext
from pipeline.records import Handle, LazyString
from pipeline.store import accounts, chats
from pipeline.store.accounts import by_name

MAX_EXPLAINED = 3
"""Accounts that one answer explains."""


async def run(command_context: CommandContext) -> None:
    context = command_context.context
    named = await group_names.parse(command_context, command_context.args)
    viewer = Viewer(context.settings, command_context.chat_id, access.sees_all(command_context), clock.now())
    if handles := named.all_handles:
        lines = await context.read(_explain, handles, viewer)
    elif named.invalid:
        lines = [_untracked([phrasing.quote(word) for word in named.invalid])]
    else:
        lines = await context.read(bill.describe, viewer)
    await command_context.answer(*lines)


def _explain(session: Session, handles: Sequence[Handle], viewer: Viewer) -> list[LazyString]:
    """How these accounts are read, a paragraph each, and which of them the chat does not track."""
    sees_all, chat_id = viewer.sees_all, viewer.chat_id
    here = chats.list_tracked_accounts(session, chat_id)
    tracked = by_name([*here, *accounts.find_tracked(session, handles)] if sees_all else here)
    named = list(dict.fromkeys(tracked[handle.folded] for handle in handles if handle.folded in tracked))
    unknown = [f"@{handle.name}" for handle in handles if handle.folded not in tracked]
    paragraphs = [account_readings.describe(session, each, viewer) for each in named[:MAX_EXPLAINED]]
    paragraphs += [[_untracked(unknown)]] if unknown else []
    left_out = [account.handle for account in named[MAX_EXPLAINED:]]
    paragraphs += [[_left_out(left_out)]] if left_out else []
    return [line for paragraph in paragraphs for line in (*paragraph, BLANK)][:-1]


def _untracked(names: Sequence[str]) -> LazyString:
    listed = phrasing.list_some(names)
    return lazy_ngettext("Not tracked here: {names}", "Not tracked here: {names}", len(names), names=listed)


def _left_out(handles: Sequence[str]) -> LazyString:
    names = phrasing.list_handles(handles)
    return lazy_ngettext("Ask separately for {names}", "Ask separately for {names}", len(handles), names=names)


COMMAND = Command("budget", lazy_gettext("what reading costs"), run)
