"""/compare: a chart of all that the chat tracks, or of the accounts, metric, view and number of posts named."""

from sqlalchemy.orm import Session

from bot import comparing
from bot.callbacks import subscription
from bot.command import Command
from bot.command_context import CommandContext
from pipeline import clock
from pipeline.i18n import lazy_gettext
from pipeline.records import Comparison, Mode
from pipeline.store import subscriptions


async def run(command_context: CommandContext) -> None:
    wish, accounts = await comparing.read(command_context)
    asked = await comparing.comparison(command_context, wish, accounts)
    subscription_id, drawn = await command_context.context.write(_show, command_context, asked)
    message_id = await command_context.answer(lazy_gettext("Drawing {what}…", what=comparing.spoken(asked, accounts)))
    await command_context.context.write_surely(subscriptions.set_message, subscription_id, message_id, clock.now())
    await command_context.context.ask_for_charts([drawn])


def _show(session: Session, command_context: CommandContext, asked: Comparison) -> tuple[int, int]:
    """Kept before the chat is told of it; waits for the message to show in. Returns its id and what is to be drawn."""
    wanted = subscription(command_context, Mode.ONCE, message_id=None)
    wanted.next_at = clock.now() + comparing.MESSAGE_WITHIN
    kept = comparing.show(session, wanted, asked)
    return kept.id, kept.comparison_id


COMMAND = Command("compare", lazy_gettext("draw a chart: /compare @nasa @esa likes 50"), run)
