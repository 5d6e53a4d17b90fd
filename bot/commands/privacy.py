"""/privacy: what is stored, why, and how long."""

from bot.command import Command
from bot.command_context import CommandContext
from pipeline.i18n import lazy_gettext
from pipeline.records import LazyString
from pipeline.sources import registry


def text() -> LazyString:
    return lazy_gettext(
        """\
What is stored of this chat: its id, the accounts that it tracks, its subscriptions, the ids of the messages that show \
them, the theme of its charts and its language, and the id of who had it begin. No names, no messages, and nothing \
else about its members.
Why: to draw and renew its charts.
How long: until /forget, which deletes it all at once. Where I am removed or blocked: 30 days.
What is stored of accounts on {networks}: their handle, and their public posts' ids, times and counts, but never the \
text. 30 days after the last chat used them they are deleted too.
Datasets: those posts as a file, for all that a chat tracks and for each subscription, on my disk and in the Dropbox \
of my owner where that is on. Where the last chat that follows a dataset ends that, it is deleted, within a minute; a \
single /compare of anything else leaves none.""",
        networks=registry.names(),
    )


async def run(command_context: CommandContext) -> None:
    await command_context.answer(text())


COMMAND = Command("privacy", lazy_gettext("what is stored, and how long"), run, open=True)
