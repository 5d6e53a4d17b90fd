"""From the arguments of /compare and /subscribe to a comparison of accounts that the chat tracks."""

from collections.abc import Sequence
from dataclasses import replace

from bot import phrasing, suggestions
from bot.command_context import CommandContext
from bot.parsing import ChartRequest, parse_chart_request
from pipeline.chart.views import fitted
from pipeline.errors import UserError
from pipeline.i18n import lazy_gettext, lazy_ngettext
from pipeline.records import Comparison, Handle, LazyString
from pipeline.settings import Settings
from pipeline.store import chats, groups
from pipeline.store.accounts import by_name
from pipeline.store.tables import Account

MAX_SUGGESTED = 5
"""Handles in the command that is suggested for accounts that are not tracked."""


def nothing_tracked(settings: Settings) -> UserError:
    """The answer where there is nothing to draw or to list."""
    return UserError(
        lazy_gettext(
            "This chat does not track any accounts yet. Start with /track {examples}",
            examples=" ".join(phrasing.example_handles(settings)),
        )
    )


class UntrackedError(UserError):
    """A request names accounts that the chat does not track."""

    def __init__(self, handles: Sequence[Handle], tracked: Sequence[Account]) -> None:
        self.handles = handles
        super().__init__(_not_tracked([handle.name for handle in handles], [each.handle for each in tracked]))


def _not_tracked(names: Sequence[str], tracked: Sequence[str]) -> LazyString:
    near = [handle for name in names if (handle := suggestions.nearest_handle(name, tracked))]
    listed, them = phrasing.list_handles(names), " ".join(f"@{name}" for name in names[:MAX_SUGGESTED])
    if near:
        return lazy_ngettext(
            "{names} is not tracked here. Did you mean {near:or}? Otherwise: /track {them}",
            "{names} are not tracked here. Did you mean {near:or}? Otherwise: /track {them}",
            len(names),
            names=listed,
            near=phrasing.list_handles(near),
            them=them,
        )
    return lazy_ngettext(
        "{names} is not tracked here. First: /track {them}",
        "{names} are not tracked here. First: /track {them}",
        len(names),
        names=listed,
        them=them,
    )


async def read(command_context: CommandContext) -> tuple[ChartRequest, Sequence[Account]]:
    """The request in a command's arguments, and the accounts it is about.

    These are the accounts and the groups that it names; where it names none, all that the chat tracks.

    Raises UserError for arguments that cannot be parsed and for accounts that the chat does not track.
    """
    tracked = await command_context.context.read(chats.list_tracked_accounts, command_context.chat_id)
    members = await command_context.context.read(groups.list_of_chat, command_context.chat_id)
    max_posts = command_context.context.settings.posts_per_account
    handles = [account.handle for account in tracked]
    request = parse_chart_request(command_context.args, handles, max_posts, members)
    if not tracked and not request.handles:
        raise nothing_tracked(command_context.context.settings)
    of_groups = [account for name in request.groups for account in members[name]]
    named = {account.id: account for account in (*_named(request, tracked), *of_groups)}
    return request, list(named.values()) or tracked


def _named(request: ChartRequest, tracked: Sequence[Account]) -> list[Account]:
    known = by_name(tracked)
    untracked = [handle for handle in request.handles if handle.folded not in known]
    if untracked:
        raise UntrackedError(untracked, tracked)
    return [known[handle.folded] for handle in request.handles]


async def to_comparison(
    command_context: CommandContext, request: ChartRequest, accounts: Sequence[Account]
) -> Comparison:
    """The comparison that is requested, with the chat's defaults for what the request leaves open.

    Raises UserError where two of the request's choices exclude each other.
    """
    default = await command_context.context.read(chats.default_spec, command_context.chat_id)
    most = command_context.context.settings.posts_per_account
    spec = request.spec(replace(default, count=most), {account.network for account in accounts})
    return Comparison(tuple(sorted(account.id for account in accounts)), fitted(spec))
