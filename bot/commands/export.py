"""/export: a line that tracks the same accounts elsewhere, and their posts as a CSV; /export team: of these alone.

As a reply to a chart it is about what that shows.
"""

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy.orm import Session

from bot import chart_requests
from bot.charts_in_messages import find_comparison
from bot.command import Command
from bot.command_context import CommandContext
from bot.handles import can_be_looked_up
from pipeline.chart.views import fitted
from pipeline.i18n import lazy_gettext
from pipeline.messaging.client import FileRequest
from pipeline.records import Comparison, DocumentFormat, Handle, LazyString
from pipeline.store import chats, comparisons
from pipeline.store.tables import Account

LONGEST_LINE = 3_000
"""Characters, so that a line is a command that fits into a message, with the words above it."""


async def run(command_context: CommandContext) -> None:
    context, chat_id = command_context.context, command_context.chat_id
    comparison = await requested_comparison(command_context)
    tracked = await context.read(chats.list_tracked_accounts, chat_id)
    lines = to_lines(account for account in tracked if account.id in comparison.accounts)
    for number, line in enumerate(lines):
        intro = [lazy_gettext("To track the same in another chat, send this there:")] if number == 0 else []
        await command_context.answer(*intro, LazyString("`{line}`", {"line": line}))
    comparison_id = await context.write(_row_id, comparison)
    place = chat_id, command_context.thread_id, command_context.message.message_id
    await context.pipeline_client.request_file(FileRequest(*place, comparison_id, DocumentFormat.CSV))


async def requested_comparison(command_context: CommandContext) -> Comparison:
    """What the command's words name, the chart that it is a reply to shows, or else all that the chat tracks.

    Raises UserError, RuleError.
    """
    context, most = command_context.context, command_context.context.settings.posts_per_account
    if command_context.args:
        return await chart_requests.to_comparison(command_context, *await chart_requests.read(command_context))
    if command_context.replied is not None:
        return await context.read(find_comparison, command_context.replied, most)
    tracked = await context.read(chats.list_tracked_accounts, command_context.chat_id)
    if not tracked:
        raise chart_requests.nothing_tracked(context.settings)
    default = await context.read(chats.default_spec, command_context.chat_id)
    return Comparison(tuple(sorted(account.id for account in tracked)), fitted(replace(default, count=most)))


def _row_id(session: Session, comparison: Comparison) -> int:
    return comparisons.get_or_create(session, comparison).id


def to_lines(accounts: Iterable[Account]) -> list[str]:
    """The commands that track these accounts, without those whose present name is not known."""
    handles = [Handle(account.network, account.handle) for account in accounts]
    lines: list[str] = []
    for name in (f"@{handle.name}" for handle in handles if can_be_looked_up(handle)):
        if not lines or len(lines[-1]) + len(name) >= LONGEST_LINE:
            lines.append("/track")
        lines[-1] += f" {name}"
    return lines


COMMAND = Command("export", lazy_gettext("the figures as a file, and a line to track the same elsewhere"), run)
