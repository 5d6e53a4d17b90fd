"""/unsubscribe: end the chat's subscriptions, or those that show the named accounts."""

from bot import phrasing
from bot.command import Command
from bot.command_context import CommandContext
from bot.descriptions import describe_comparison
from bot.parsing import parse_handles
from pipeline.errors import UserError
from pipeline.i18n import lazy_gettext
from pipeline.store import chat_charts


async def run(command_context: CommandContext) -> None:
    handles, invalid = parse_handles(command_context.args)
    if invalid:
        raise UserError(
            lazy_gettext(
                "“{word}” is no account. /unsubscribe ends all; with @names, those that show them.",
                word=phrasing.quote(invalid[0]),
            )
        )
    ended = await command_context.context.write(chat_charts.unsubscribe, command_context.chat_id, handles)
    await command_context.answer(
        lazy_gettext("Ended; the last charts stay where they are:"),
        *(describe_comparison(each.comparison, each.accounts) for each in ended),
    )


COMMAND = Command("unsubscribe", lazy_gettext("end the charts that stay fresh"), run, changes=True)
