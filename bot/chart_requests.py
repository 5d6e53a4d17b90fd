"""From the arguments of /compare and /subscribe to a comparison of accounts that the chat tracks."""

from collections.abc import Sequence
from dataclasses import replace

from bot import phrasing
from bot.command_context import CommandContext
from bot.parsing import ChartRequest, parse_chart_request
from pipeline.chart.views import fitted
from pipeline.errors import UserError
from pipeline.i18n import lazy_gettext
from pipeline.records import Comparison
from pipeline.store import chats
from pipeline.store.accounts import by_handle
from pipeline.store.tables import Account

MAX_SUGGESTED = 5
"""Handles in the command that is suggested for accounts that are not tracked."""
NOTHING_TRACKED = lazy_gettext(
    "This chat tracks no account yet. Start with /track and some names, for example /track @nasa @esa."
)


async def read(command_context: CommandContext) -> tuple[ChartRequest, Sequence[Account]]:
    """The request in a command's arguments, and the accounts it is about: those named, or all that the chat tracks.

    Raises UserError for arguments that cannot be parsed and for accounts that the chat does not track.
    """
    tracked = await command_context.context.read(chats.list_tracked_accounts, command_context.chat_id)
    if not tracked:
        raise UserError(NOTHING_TRACKED)
    max_posts = command_context.context.settings.posts_per_account
    request = parse_chart_request(command_context.args, [account.handle for account in tracked], max_posts)
    return request, _named(request, tracked) if request.handles else tracked


def _named(request: ChartRequest, tracked: Sequence[Account]) -> list[Account]:
    known = by_handle(tracked)
    untracked = [handle.name for handle in request.handles if handle.folded not in known]
    if untracked:
        raise UserError(
            lazy_gettext(
                "{names}: not tracked here. First /track {them}",
                names=phrasing.list_handles(untracked),
                them=" ".join(f"@{handle}" for handle in untracked[:MAX_SUGGESTED]),
            )
        )
    return [known[handle.folded] for handle in request.handles]


async def to_comparison(
    command_context: CommandContext, request: ChartRequest, accounts: Sequence[Account]
) -> Comparison:
    """The comparison that is requested, with the chat's defaults for what the request leaves open.

    Raises UserError where two of the request's choices exclude each other.
    """
    default = await command_context.context.read(chats.default_spec, command_context.chat_id)
    spec = request.spec(replace(default, count=command_context.context.settings.posts_per_account))
    return Comparison(tuple(sorted(account.id for account in accounts)), fitted(spec))
