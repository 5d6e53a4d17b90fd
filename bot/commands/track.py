"""/track @nasa @user@host.example: follow accounts, after their networks confirmed each.

/track team: @nasa @esa also puts them into a group, which charts and subscriptions may be of.
"""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from bot import access, costs, phrasing
from bot.command import Command
from bot.command_context import CommandContext
from bot.handles import can_be_looked_up
from bot.parsing import check_group_name, find_group, parse_handles, split_group
from bot.remote import Remote
from bot.track_report import Found, Report
from pipeline import clock
from pipeline.errors import ServiceError, UserError
from pipeline.i18n import BLANK, lazy_gettext
from pipeline.records import Handle, LazyString, Profile, State
from pipeline.settings import Settings
from pipeline.sources import registry
from pipeline.sources.registry import NETWORKS
from pipeline.sources.source import Network
from pipeline.store import accounts, chats, groups, tracking
from pipeline.store.accounts import by_handle, by_name
from pipeline.store.tables import Account


class Grouped(NamedTuple):
    """The comparisons that show a changed group now, and what the answer says of it."""

    comparison_ids: Sequence[int]
    lines: Sequence[LazyString]


async def run(command_context: CommandContext) -> None:
    await track(command_context, command_context.args)


async def track(command_context: CommandContext, names: Sequence[str]) -> None:
    """Track the accounts with these names, and tell of each what came of it."""
    context, chat_id = command_context.context, command_context.chat_id
    group, args = split_group(names)
    typed, invalid = parse_handles(args)
    if not typed and not invalid:
        raise UserError(_which_accounts(context.settings))
    handles, problems = _readable(typed, context.settings)
    person, limits = _person(command_context), _limits(command_context)
    await context.read(tracking.check_room, chat_id, handles, person, limits)
    tracked = by_handle(await context.read(chats.list_tracked_accounts, chat_id))
    if group is not None:
        check_group_name(group, [account.handle for account in tracked.values()])
        group = find_group(group, await context.read(groups.list_ids, chat_id)) or group
        await context.read(groups.check_room, chat_id, group)
    unconfirmed = [handle for handle in handles if not _is_active(tracked.get(handle.folded))]
    invalid += [each.name for each in unconfirmed if not can_be_looked_up(each) and each.folded not in tracked]
    found, failures = await _look_up(command_context, unconfirmed)
    new, found_again = _untracked(_in_order(found, handles), tracked), _tracked(found, tracked)
    added = [each for each in new if each.profile.state is State.ACTIVE]
    costs_told = await _costs(command_context, added)
    change = await _track(command_context, added, person, limits) if added else None
    already = tracked.keys() - {each.handle.folded for each in new}
    named = [Handle(handle.network, tracked[handle.folded].handle) for handle in handles if handle.folded in already]
    present = {handle.folded: handle for handle in (*named, *found_again)}
    missing = [each.handle for each in new if each.profile.state is State.MISSING]
    near = await context.read(accounts.list_similar, [each.name for each in missing]) if missing else []
    report = Report(new, list(present.values()), invalid, [*problems, *failures], costs_told, context.settings, near)
    members = [*present.values(), *(each.handle for each in added)]
    grouped = await _put_in_group(command_context, group, members) if group and members else Grouped([], [])
    await command_context.answer(*report.lines(), *grouped.lines)
    if change is not None:  # only now, since this begins to cost
        await context.request_charts(change.comparison_ids, change.account_ids)
    if grouped.comparison_ids:
        await context.request_charts(grouped.comparison_ids)


def _which_accounts(settings: Settings) -> LazyString:
    examples = [*phrasing.example_handles(settings), registry.usable(settings)[-1].address_example]
    return lazy_gettext(
        "Which accounts? Type them after the command, for example /track {examples}", examples=" ".join(examples)
    )


def _readable(handles: Sequence[Handle], settings: Settings) -> tuple[list[Handle], list[LazyString]]:
    """The handles of networks that are switched on, and why the others' networks are off, each once."""
    networks = [NETWORKS[key] for key in dict.fromkeys(handle.network for handle in handles)]
    off = [network for network in networks if not network.is_on(settings)]
    readable = [handle for handle in handles if NETWORKS[handle.network] not in off]
    return readable, [network.why_off(settings) for network in off]


def _is_active(account: Account | None) -> bool:
    """Whether the handle surely is this account's: the handle of one that cannot be fetched may be another's by now."""
    return account is not None and account.state is State.ACTIVE


async def _look_up(command_context: CommandContext, handles: Sequence[Handle]) -> tuple[list[Found], list[LazyString]]:
    """What the networks say of those handles that they accept, and why some of them say nothing."""
    names: dict[str, list[str]] = {}
    for handle in filter(can_be_looked_up, handles):
        names.setdefault(handle.network, []).append(handle.name)
    look_up = command_context.context.pipeline_client.look_up
    networks = [NETWORKS[key] for key in names]
    answers = await asyncio.gather(
        *(_answer(look_up(each, names[each.key], command_context.chat_id)) for each in networks)
    )
    found = [
        Found(network, profile)
        for network, answer in zip(networks, answers, strict=True)
        if not isinstance(answer, ServiceError)
        for profile in answer
    ]
    return found, [answer.text for answer in answers if isinstance(answer, ServiceError)]


async def _answer(profiles: Awaitable[Sequence[Profile]]) -> Sequence[Profile] | ServiceError:
    """A network that fails keeps no other network's accounts from being tracked."""
    try:
        return await profiles
    except ServiceError as error:
        return error


def _in_order(found: Sequence[Found], typed: Sequence[Handle]) -> list[Found]:
    """In the order in which the names were typed; one that leads to an account of another name comes last."""
    order = {handle.folded: index for index, handle in enumerate(typed)}
    return sorted(found, key=lambda each: order.get(each.handle.folded, len(order)))


def _untracked(found: Sequence[Found], tracked: Mapping[tuple[str, str], Account]) -> list[Found]:
    """The profiles that are not those of tracked accounts. One without an id is told apart by its handle alone.

    Two names may lead to one account, which is there once.
    """
    ids = {(account.network, account.remote_id) for account in tracked.values()}
    new = [
        each for each in found if each.key not in ids and (each.profile.remote_id or each.handle.folded not in tracked)
    ]
    return list({each.key if each.profile.remote_id else each.handle.folded: each for each in new}.values())


def _tracked(found: Sequence[Found], tracked: Mapping[tuple[str, str], Account]) -> list[Handle]:
    """The handles of the profiles that are those of tracked accounts, which may have been named otherwise."""
    ids = {(account.network, account.remote_id) for account in tracked.values()}
    return [each.handle for each in found if each.key in ids]


async def _track(
    command_context: CommandContext, added: Sequence[Found], person: tracking.Person, limits: tracking.Limits
) -> tracking.Tracked:
    context = command_context.context
    remote_ids: dict[str, list[str]] = {}
    for network, profile in added:
        remote_ids.setdefault(network.key, []).append(profile.remote_id or "")
    return await context.write(
        tracking.track,
        command_context.chat_id,
        remote_ids,
        person=person,
        limits=limits,
        language=(await command_context.translator()).language,
        now=clock.now(),
    )


async def _put_in_group(command_context: CommandContext, name: str, handles: Sequence[Handle]) -> Grouped:
    """Put the tracked accounts with these handles into the group."""
    context, chat_id = command_context.context, command_context.chat_id
    tracked = by_name(await context.read(chats.list_tracked_accounts, chat_id))
    account_ids = [tracked[handle.folded].id for handle in handles if handle.folded in tracked]
    redrawn = await context.write(tracking.put_in_group, chat_id, name, account_ids)
    members = await context.read(groups.get, chat_id, name)
    names = phrasing.list_handles([account.handle for account in members])
    told = lazy_gettext("Group {group}: {names}. Draw it: /compare {group}", group=name, names=names)
    return Grouped(redrawn, [BLANK, told])


def _person(command_context: CommandContext) -> tracking.Person:
    return tracking.Person(command_context.person, is_owner=access.is_owner(command_context))


def _limits(command_context: CommandContext) -> tracking.Limits:
    settings = command_context.context.settings
    return tracking.Limits(settings.max_chats, settings.max_accounts_per_chat)


async def _costs(command_context: CommandContext, added: Sequence[Found]) -> list[LazyString]:
    """What the accounts cost that are about to be tracked: lines for each network with a price, one for the others."""
    networks = dict.fromkeys(each.network for each in added)
    lines = [await _price(command_context, added, network) for network in networks if network.price is not None]
    free = registry.names(network for network in networks if network.price is None)
    return [
        *chain.from_iterable(lines),
        *([lazy_gettext("Reading {networks} is free.", networks=free)] if free else []),
    ]


async def _price(command_context: CommandContext, added: Sequence[Found], network: Network) -> list[LazyString]:
    context = command_context.context
    profiles = [each.profile for each in added if each.network is network]
    return await context.read(
        costs.describe, context.settings, network, profiles, chat_id=command_context.chat_id, now=clock.now()
    )


COMMAND = Command(
    "track",
    lazy_gettext("follow accounts: /track @nasa @esa"),
    run,
    changes=True,
    takes_group=True,
    remote=Remote.MARKED,
)
