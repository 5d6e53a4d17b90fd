"""/help: every command by what one wants to do, with an example each."""

from bot.command import Command
from bot.command_context import CommandContext
from pipeline.i18n import lazy_gettext
from pipeline.records import LazyString, Metric
from pipeline.sources.registry import NETWORKS, noun


def text() -> LazyString:
    return lazy_gettext(
        """\
Accounts
/track @nasa @esa – follow accounts; names, addresses, several at once
/untrack @esa – stop following
/list – what this chat follows and keeps fresh

Charts
/compare – {reposts} of the last posts of all that is tracked
/compare @nasa @esa likes 50 – these accounts, that metric, their last 50 posts
/compare posts, growth or race – other views; so do the buttons
/compare growth week, race daily, likes rate – of a week, per day, per 1,000 views
/subscribe – one chart that changes in place whenever the figures do
/subscribe new 1h – a new message every hour, if something changed
/unsubscribe – end that

Metrics: {reposts}, likes, replies, quotes, bookmarks, views, all. Only own posts count; reposts are left out.
In groups, changes are for admins.

About
/settings – light or dark, English or Spanish
/status – is all well, and what it costs
/privacy – what is stored, /forget – delete it
/id – this chat's id""",
        reposts=noun(Metric.REPOSTS, NETWORKS),
    )


async def run(command_context: CommandContext) -> None:
    await command_context.answer(text())


COMMAND = Command("help", lazy_gettext("all commands with examples"), run, open=True)
