"""/track @nasa @esa: follow accounts, after the network confirmed each."""

from collections.abc import Mapping, Sequence

from bot import access, phrasing
from bot.command import Command
from bot.command_context import CommandContext
from bot.handles import MAX_LOOKUP_LENGTH, can_be_looked_up, handle_in, is_page_address
from bot.parsing import parse_handles
from pipeline import clock
from pipeline.errors import UserError
from pipeline.i18n import BLANK, lazy_gettext, lazy_ngettext
from pipeline.records import NETWORK, LazyString, Profile, State
from pipeline.store import chats, ledger, tracking
from pipeline.store.tables import Account

WHICH_ACCOUNTS = lazy_gettext(
    "Which accounts? Name them after the command, for example /track @nasa @esa https://x.com/spacex"
)
CAUSES = {
    State.MISSING: lazy_gettext("no such account"),
    State.SUSPENDED: lazy_gettext("suspended by X"),
    State.PROTECTED: lazy_gettext("protected, so its posts cannot be read"),
}
MAX_NAMES = 20
"""In each list of the answer."""


async def run(command_context: CommandContext) -> None:
    context, chat_id = command_context.context, command_context.chat_id
    handles, invalid = parse_handles(command_context.args)
    if not handles and not invalid:
        raise UserError(WHICH_ACCOUNTS)
    person, limits = _person(command_context), _limits(command_context)
    await context.read(tracking.check_room, chat_id, handles, person, limits)
    tracked = {account.handle.lower(): account for account in await context.read(chats.list_tracked_accounts, chat_id)}
    unconfirmed = [handle for handle in handles if not _is_active(tracked.get(handle.lower()))]
    invalid += [handle for handle in unconfirmed if not can_be_looked_up(handle) and handle.lower() not in tracked]
    new_profiles = _untracked(await _look_up(command_context, unconfirmed), tracked)
    added = [profile for profile in new_profiles if profile.state is State.ACTIVE]
    if added:
        await _track(command_context, added, person, limits)
    other_names = {profile.handle.lower() for profile in new_profiles}
    already = [tracked[name].handle for name in map(str.lower, handles) if name in tracked and name not in other_names]
    await command_context.answer(*_report(command_context, added, already, new_profiles, invalid))


def _is_active(account: Account | None) -> bool:
    """Whether the handle surely is this account's: the handle of one that cannot be fetched may be another's by now."""
    return account is not None and account.state is State.ACTIVE


async def _look_up(command_context: CommandContext, handles: Sequence[str]) -> Sequence[Profile]:
    """What the network says of those handles that it accepts. Raises ServiceError."""
    accepted = [handle for handle in handles if can_be_looked_up(handle)]
    return await command_context.context.pipeline_client.look_up(accepted) if accepted else []


def _untracked(profiles: Sequence[Profile], tracked: Mapping[str, Account]) -> list[Profile]:
    """The profiles that are not those of tracked accounts. One without an id is told apart by its handle alone."""
    ids = {account.remote_id for account in tracked.values()}
    return [
        profile
        for profile in profiles
        if profile.remote_id not in ids and (profile.remote_id or profile.handle.lower() not in tracked)
    ]


async def _track(
    command_context: CommandContext, profiles: Sequence[Profile], person: tracking.Person, limits: tracking.Limits
) -> None:
    context = command_context.context
    change = await context.write(
        tracking.track,
        command_context.chat_id,
        [profile.remote_id or "" for profile in profiles],
        NETWORK,
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
    added: Sequence[Profile],
    already: Sequence[str],
    profiles: Sequence[Profile],
    invalid: Sequence[str],
) -> list[LazyString]:
    """Paragraphs on the accounts added, those tracked already, those not found, and the cost.

    already: handles. profiles: all that were looked up. invalid: words that are no handles.
    """
    paragraphs = [
        [_added([profile.handle for profile in added])] if added else [],
        [_already_tracked(already)] if already else [],
        _not_found(profiles, invalid),
        [_cost(command_context, len(added))] if added else [],
    ]
    return [line for paragraph in paragraphs if paragraph for line in (*paragraph, BLANK)][:-1]


def _added(handles: Sequence[str]) -> LazyString:
    names = phrasing.list_handles(handles, MAX_NAMES)
    return lazy_ngettext("Added: {names}", "Added: {names}", len(handles), names=names)


def _already_tracked(handles: Sequence[str]) -> LazyString:
    names = phrasing.list_handles(handles, MAX_NAMES)
    return lazy_ngettext("Already there: {names}", "Already there: {names}", len(handles), names=names)


def _not_found(profiles: Sequence[Profile], invalid: Sequence[str]) -> list[LazyString]:
    """A line for each handle and word that is not tracked, with the cause."""
    causes = {f"@{each.handle}": CAUSES[each.state] for each in profiles if each.state is not State.ACTIVE}
    causes |= {phrasing.quote(word): _why_invalid(word) for word in invalid}
    lines = [lazy_gettext("{name}: {cause}", name=name, cause=cause) for name, cause in causes.items()]
    if len(lines) > MAX_NAMES:
        lines[MAX_NAMES:] = [lazy_ngettext("and {count} more", "and {count} more", count=len(lines) - MAX_NAMES)]
    return [lazy_ngettext("Not found:", "Not found:", len(causes)), *lines] if lines else []


def _why_invalid(word: str) -> LazyString:
    if is_page_address(word):
        return lazy_gettext("a page of X, not an account")
    if len(handle_in(word) or "") > MAX_LOOKUP_LENGTH:
        return lazy_ngettext(
            "not a name on X, where they have at most {count} letter",
            "not a name on X, where they have at most {count} letters",
            count=MAX_LOOKUP_LENGTH,
        )
    return lazy_gettext("not a name on X")


def _cost(command_context: CommandContext, count: int) -> LazyString:
    """What `count` accounts cost a day at most, in US dollars."""
    settings = command_context.context.settings
    each = ledger.post_usd(settings.posts_per_account)
    return lazy_gettext(
        "X charges up to {each:usd} a day for each account, {all:usd} for those added; my budget is {most:usd} a day. "
        "Now /compare, or /subscribe for a chart that stays fresh.",
        each=each,
        all=each * count,
        most=settings.x_daily_usd,
    )


COMMAND = Command("track", lazy_gettext("follow accounts: /track @nasa @esa"), run, changes=True)
