"""/data: where in the owner's Dropbox the dataset is of all that the chat tracks, or of the chart it is a reply to."""

from sqlalchemy.orm import Session

from bot import access
from bot.command import Command
from bot.command_context import CommandContext
from bot.commands.export import requested_comparison
from pipeline.i18n import lazy_gettext
from pipeline.records import Comparison
from pipeline.store import datasets, dropbox_files

OFF = lazy_gettext("The bot's owner has set up no Dropbox. /export sends the figures as a file.")
NO_FILE = lazy_gettext("There is no file of that in the owner's Dropbox yet. /export sends the figures as a file.")
SHARING = lazy_gettext(
    "Nobody else sees it. Before you share it from Dropbox, read the networks' terms: they let you pass on the posts' "
    "ids, but not publish the figures of all."
)


async def run(command_context: CommandContext) -> None:
    context = command_context.context
    comparison = await requested_comparison(command_context)
    if not context.settings.dropbox_is_on:
        await command_context.answer(OFF)
        return
    path = await context.read(_path, comparison)
    if path is None:
        await command_context.answer(NO_FILE)
        return
    where = lazy_gettext("In the Dropbox of the bot's owner, in the app's folder: `{path}`", path=path)
    await command_context.answer(where, *([SHARING] if access.is_owner(command_context) else []))


def _path(session: Session, comparison: Comparison) -> str | None:
    """Where the comparison's dataset is in Dropbox; None where it was not uploaded yet."""
    key = datasets.make_key(comparison.spec.count, comparison.accounts)
    return dropbox_files.find_path(session, key)


COMMAND = Command("data", lazy_gettext("where the figures are in Dropbox"), run)
