"""/untrack @nasa: stop following accounts; /untrack rivals, all of a group.

/untrack rivals: with a colon ends the group alone; with accounts behind it, it takes these out of the group.
"""

from collections.abc import Sequence

from bot import group_names, phrasing
from bot.command import Command
from bot.command_context import CommandContext
from bot.parsing import find_group, parse_handles, split_group
from bot.remote import Remote
from pipeline.errors import UserError
from pipeline.i18n import lazy_gettext, lazy_ngettext
from pipeline.records import Handle, LazyString
from pipeline.sources import registry
from pipeline.store import chats, groups, tracking
from pipeline.store.accounts import by_name
from pipeline.store.tables import Account


async def run(command_context: CommandContext) -> None:
    context, chat_id = command_context.context, command_context.chat_id
    group, args = split_group(command_context.args)
    if group is not None:
        known = await context.read(groups.list_ids, chat_id)
        await _change_group(command_context, find_group(group, known) or group, *parse_handles(args))
        return
    named = await group_names.parse(command_context, args)
    handles, invalid = named.all_handles, named.invalid
    if not handles and not invalid:
        raise UserError(
            lazy_gettext(
                "Which accounts? Type them after the command, for example /untrack {example}. /list shows the "
                "ones tracked here.",
                example=phrasing.example_handles(context.settings)[0],
            )
        )
    tracked = by_name(await context.read(chats.list_tracked_accounts, chat_id))
    accounts = list(dict.fromkeys(tracked[handle.folded] for handle in handles if handle.folded in tracked))
    several = registry.are_several(context.settings)
    missing = [handle for handle in handles if handle.folded not in tracked]
    untracked = [*phrasing.name_accounts(missing, with_networks=several), *map(phrasing.quote, invalid)]
    ended = 0
    if accounts:
        change = await context.write(tracking.untrack, chat_id, [account.id for account in accounts])
        ended = change.ended
        await context.request_charts(change.comparison_ids)
    removed = [Handle(account.network, account.handle) for account in accounts]
    gone = [_gone(name) for name in named.groups]
    await command_context.answer(*_report(removed, untracked, ended, several=several), *gone)


async def _change_group(
    command_context: CommandContext, name: str, handles: Sequence[Handle], invalid: Sequence[str]
) -> None:
    """End the group, or take accounts out of it. They stay tracked."""
    context, chat_id = command_context.context, command_context.chat_id
    if not handles and not invalid:
        names = phrasing.list_handles(await context.write(tracking.end_group, chat_id, name))
        await command_context.answer(
            lazy_gettext("The group {group} is gone. Its accounts are still tracked: {names}", group=name, names=names)
        )
        return
    members = by_name(await context.read(groups.get, chat_id, name))
    taken = list(dict.fromkeys(members[handle.folded] for handle in handles if handle.folded in members))
    others = [f"@{handle.name}" for handle in handles if handle.folded not in members]
    redrawn = await context.write(tracking.take_from_group, chat_id, name, [account.id for account in taken])
    lines = _group_report(name, taken, [*others, *map(phrasing.quote, invalid)])
    is_gone = len(taken) == len({*members.values()})
    await command_context.answer(*lines, *([_gone(name)] if is_gone else []))
    await context.request_charts(redrawn)


def _group_report(name: str, taken: Sequence[Account], others: Sequence[str]) -> list[LazyString]:
    """taken: the accounts that left the group. others: what was named and is not in it."""
    lines = []
    if taken:
        names = phrasing.list_handles([account.handle for account in taken])
        lines.append(lazy_gettext("No longer in {group}, but still tracked: {names}", group=name, names=names))
    if others:
        names = phrasing.list_some(others)
        lines.append(lazy_gettext("Not in {group}: {names}", group=name, names=names))
    return lines


def _gone(name: str) -> LazyString:
    return lazy_gettext("{group} has no account left and is gone.", group=name)


def _report(removed: Sequence[Handle], untracked: Sequence[str], ended: int, *, several: bool) -> list[LazyString]:
    """untracked: what was named and not tracked. ended: a number of subscriptions. several: networks are on."""
    lines = []
    if removed:
        names = phrasing.list_accounts(removed, with_networks=several)
        lines.append(
            lazy_ngettext("No longer tracked: {names}", "No longer tracked: {names}", len(removed), names=names)
        )
    if untracked:
        names = phrasing.list_some(untracked)
        lines.append(
            lazy_ngettext("Was not tracked: {names}", "Were not tracked: {names}", len(untracked), names=names)
        )
    if ended:
        lines.append(lazy_gettext("Subscriptions ended, since they compared them: {number}", number=ended))
    return lines


COMMAND = Command(
    "untrack",
    lazy_gettext("stop following: /untrack @nasa"),
    run,
    changes=True,
    takes_group=True,
    remote=Remote.MARKED,
)
