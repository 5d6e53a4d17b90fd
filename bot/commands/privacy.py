"""/privacy: what is stored, why, and how long."""

from bot.bill import describe_price
from bot.command import Command
from bot.command_context import CommandContext
from pipeline.i18n import lazy_gettext
from pipeline.records import LazyString
from pipeline.settings import Settings
from pipeline.sources import registry


def text(settings: Settings) -> LazyString:
    return lazy_gettext(
        """\
What is stored about this chat: its id, the accounts it tracks and their groups, its subscriptions, the ids of the \
messages that show them, what it was alerted to, the theme of its charts, its language, time zone and quiet hours, \
whether new messages make a sound, the id of the person who started it, and in groups the id of who asks for a \
chart, until it is sent. No names, no messages, and nothing else about its members.
Why: to draw its charts and keep them up to date.
How long: until you send /forget. If you remove or block the bot, it is deleted after 30 days.
What is stored about accounts on {networks}: their handle and id, their number of followers day by day, and the ids, \
times and figures of their public posts, but never the text. It is deleted 30 days after the last chart that used \
it.
What account owners ask for: an account that asks to be shown only to people who are signed in is not read; if it \
asks for that later, everything stored about it is deleted. If an account asks search engines to leave it out, \
whoever tracks it is told so. A deleted post leaves charts and files the next time that post would be read.
Files: those posts, one file for everything a chat tracks and one for each subscription, on the bot's disk and in \
its owner's Dropbox if that is on. A file that no chat needs any more is deleted within a minute; a single /compare \
of anything else leaves none.""",
        networks=registry.names(registry.usable(settings)),
    )


def bills(settings: Settings) -> list[LazyString]:
    """What is stored of what was paid for, where a network that is switched on has a price."""
    prices = [describe_price(each, each.price) for each in registry.usable(settings) if each.price is not None]
    if not prices:
        return []
    return [
        lazy_gettext(
            "What is paid for: {prices}. Which posts and profiles were paid for on which day, and for which "
            "chat, is stored for 40 days; /forget deletes which chat it was.",
            prices=prices,
        )
    ]


def backups(settings: Settings) -> list[LazyString]:
    """That backups hold all this for a while longer, where they are made by themselves."""
    if settings.backup_to_dropbox is None:
        return []
    return [
        lazy_gettext(
            "Backups: every day, one of everything above goes to the Dropbox of the bot's owner, and the last seven "
            "are kept. What is deleted here is gone from them seven backups later."
        )
    ]


def contact(settings: Settings) -> list[LazyString]:
    return [lazy_gettext("My owner: {contact}", contact=settings.contact)] if settings.contact else []


async def run(command_context: CommandContext) -> None:
    settings = command_context.context.settings
    await command_context.answer(text(settings), *bills(settings), *backups(settings), *contact(settings))


COMMAND = Command("privacy", lazy_gettext("what is stored, and for how long"), run, open=True)
