"""/track @nasa @esa: follow accounts, after their networks confirmed each."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from bot import access, phrasing
from bot.command import Command
from bot.command_context import CommandContext
from bot.handles import can_be_looked_up, handle_in, network_of_page
from bot.parsing import parse_handles
from pipeline import clock
from pipeline.errors import ServiceError, UserError
from pipeline.i18n import BLANK, lazy_gettext, lazy_ngettext
from pipeline.records import Handle, LazyString, Profile, State
from pipeline.settings import Settings
from pipeline.sources import registry
from pipeline.sources.registry import NETWORKS
from pipeline.sources.source import Network, Price
from pipeline.store import chats, tracking
from pipeline.store.accounts import by_handle
from pipeline.store.tables import Account

CAUSES = {
    State.MISSING: lazy_gettext("no such account"),
    State.SUSPENDED: lazy_gettext("suspended by {network}"),
    State.PROTECTED: lazy_gettext("protected, so its posts cannot be read"),
}
MAX_NAMES = 20
"""In each list of the answer."""


class Found(NamedTuple):
    """What a network says of a handle."""

    network: Network
    profile: Profile

    @property
    def handle(self) -> Handle:
        return Handle(self.network.key, self.profile.handle)


async def run(command_context: CommandContext) -> None:
    context, chat_id = command_context.context, command_context.chat_id
    handles, invalid = parse_handles(command_context.args)
    if not handles and not invalid:
        raise UserError(_which_accounts())
    person, limits = _person(command_context), _limits(command_context)
    await context.read(tracking.check_room, chat_id, handles, person, limits)
    tracked = by_handle(await context.read(chats.list_tracked_accounts, chat_id))
    unconfirmed = [handle for handle in handles if not _is_active(tracked.get(handle.folded))]
    invalid += [each.name for each in unconfirmed if not can_be_looked_up(each) and each.folded not in tracked]
    found, problems = await _look_up(command_context, unconfirmed)
    new = _untracked(found, tracked)
    added = [each for each in new if each.profile.state is State.ACTIVE]
    if added:
        await _track(command_context, added, person, limits)
    already = tracked.keys() - {each.handle.folded for each in new}
    names = [tracked[handle.folded].handle for handle in handles if handle.folded in already]
    await command_context.answer(*_report(command_context, new, names, invalid, problems))


def _which_accounts() -> LazyString:
    examples = " ".join(network.address_example for network in NETWORKS.values())
    return lazy_gettext(
        "Which accounts? Name them after the command, for example /track @nasa @esa {examples}", examples=examples
    )


def _is_active(account: Account | None) -> bool:
    """Whether the handle surely is this account's: the handle of one that cannot be fetched may be another's by now."""
    return account is not None and account.state is State.ACTIVE


async def _look_up(command_context: CommandContext, handles: Sequence[Handle]) -> tuple[list[Found], list[LazyString]]:
    """What the networks say of those handles that they accept, and why some of them say nothing.

    Raises ServiceError where none says anything.
    """
    names: dict[str, list[str]] = {}
    for handle in filter(can_be_looked_up, handles):
        names.setdefault(handle.network, []).append(handle.name)
    look_up = command_context.context.pipeline_client.look_up
    networks = [NETWORKS[key] for key in names]
    answers = await asyncio.gather(*(_answer(look_up(each, names[each.key])) for each in networks))
    failures = [answer for answer in answers if isinstance(answer, ServiceError)]
    if failures and len(failures) == len(answers):
        raise failures[0]
    found = [
        Found(network, profile)
        for network, answer in zip(networks, answers, strict=True)
        if not isinstance(answer, ServiceError)
        for profile in answer
    ]
    return found, [failure.text for failure in failures]


async def _answer(profiles: Awaitable[Sequence[Profile]]) -> Sequence[Profile] | ServiceError:
    """A network that fails keeps no other network's accounts from being tracked."""
    try:
        return await profiles
    except ServiceError as error:
        return error


def _untracked(found: Sequence[Found], tracked: Mapping[tuple[str, str], Account]) -> list[Found]:
    """The profiles that are not those of tracked accounts. One without an id is told apart by its handle alone."""
    ids = {(account.network, account.remote_id) for account in tracked.values()}
    return [
        each
        for each in found
        if (each.network.key, each.profile.remote_id) not in ids
        and (each.profile.remote_id or each.handle.folded not in tracked)
    ]


async def _track(
    command_context: CommandContext, added: Sequence[Found], person: tracking.Person, limits: tracking.Limits
) -> None:
    context = command_context.context
    remote_ids: dict[str, list[str]] = {}
    for network, profile in added:
        remote_ids.setdefault(network.key, []).append(profile.remote_id or "")
    change = await context.write(
        tracking.track,
        command_context.chat_id,
        remote_ids,
        person=person,
        limits=limits,
        language=(await command_context.translator()).language,
        now=clock.now(),
    )
    await context.request_charts(change.comparison_ids, change.account_ids)


def _person(command_context: CommandContext) -> tracking.Person:
    return tracking.Person(command_context.person, is_owner=access.is_owner(command_context))


def _limits(command_context: CommandContext) -> tracking.Limits:
    settings = command_context.context.settings
    return tracking.Limits(settings.max_chats, settings.max_accounts_per_chat)


def _report(
    command_context: CommandContext,
    new: Sequence[Found],
    already: Sequence[str],
    invalid: Sequence[str],
    problems: list[LazyString],
) -> list[LazyString]:
    """Paragraphs on the accounts added, those tracked already, those not found, and the cost.

    already: handles. invalid: words that are no handles. problems: why networks say nothing.
    """
    added = [each for each in new if each.profile.state is State.ACTIVE]
    paragraphs = [
        [_added([each.profile.handle for each in added])] if added else [],
        [_already_tracked(already)] if already else [],
        _not_found(new, invalid),
        problems,
        _costs(command_context, added),
    ]
    return [line for paragraph in paragraphs if paragraph for line in (*paragraph, BLANK)][:-1]


def _added(handles: Sequence[str]) -> LazyString:
    names = phrasing.list_handles(handles, MAX_NAMES)
    return lazy_ngettext("Added: {names}", "Added: {names}", len(handles), names=names)


def _already_tracked(handles: Sequence[str]) -> LazyString:
    names = phrasing.list_handles(handles, MAX_NAMES)
    return lazy_ngettext("Already there: {names}", "Already there: {names}", len(handles), names=names)


def _not_found(new: Sequence[Found], invalid: Sequence[str]) -> list[LazyString]:
    """A line for each handle and word that is not tracked, with the cause."""
    causes = {
        f"@{profile.handle}": replace(CAUSES[profile.state], values={"network": network.name})
        for network, profile in new
        if profile.state is not State.ACTIVE
    }
    causes |= {phrasing.quote(word): _why_invalid(word) for word in invalid}
    lines = [lazy_gettext("{name}: {cause}", name=name, cause=cause) for name, cause in causes.items()]
    if len(lines) > MAX_NAMES:
        lines[MAX_NAMES:] = [lazy_ngettext("and {count} more", "and {count} more", count=len(lines) - MAX_NAMES)]
    return [lazy_ngettext("Not found:", "Not found:", len(causes)), *lines] if lines else []


def _why_invalid(word: str) -> LazyString:
    page_of, handle = network_of_page(word), handle_in(word)
    if page_of is not None:
        return lazy_gettext("a page of {network}, not an account", network=page_of.name)
    if handle is None or len(handle.name) <= NETWORKS[handle.network].longest_handle:
        return lazy_gettext("not a name on {networks}", networks=registry.names())
    network = NETWORKS[handle.network]
    return lazy_ngettext(
        "not a name on {network}, where they have at most {count} letter",
        "not a name on {network}, where they have at most {count} letters",
        count=network.longest_handle,
        network=network.name,
    )


def _costs(command_context: CommandContext, added: Sequence[Found]) -> list[LazyString]:
    """What the added accounts cost on each network that has a price, and what to do next."""
    if not added:
        return []
    settings, counts = command_context.context.settings, Counter(each.network for each in added)
    costs = [_cost(network, network.price, count, settings) for network, count in counts.items() if network.price]
    return [*costs, lazy_gettext("Now /compare, or /subscribe for a chart that stays fresh.")]


def _cost(network: Network, price: Price, count: int, settings: Settings) -> LazyString:
    """What `count` accounts of the network cost a day at most, in US dollars."""
    each = price.post_usd * settings.posts_per_account
    return lazy_gettext(
        "{network} charges up to {each:usd} a day for each account, {all:usd} for those added; "
        "my budget is {most:usd} a day.",
        network=network.name,
        each=each,
        all=each * count,
        most=network.limits(settings).daily_usd,
    )


COMMAND = Command("track", lazy_gettext("follow accounts: /track @nasa @esa"), run, changes=True)
