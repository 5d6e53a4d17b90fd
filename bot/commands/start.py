"""/start: what this is, in three lines. /start PAYLOAD, from a deep link: track the accounts that it names."""

from bot import access, deep_links, keyboards, phrasing
from bot.command import Command
from bot.command_context import CommandContext
from bot.commands import track
from pipeline.i18n import lazy_gettext
from pipeline.records import LazyString, Metric
from pipeline.settings import Settings
from pipeline.sources import registry
from pipeline.sources.registry import noun, told

NAMED = (Metric.REPOSTS, Metric.LIKES, Metric.VIEWS)
"""The metrics that say what the bot does, where they are told."""


def purpose(settings: Settings) -> LazyString:
    networks = registry.usable(settings)
    keys = [network.key for network in networks]
    return lazy_gettext(
        "I compare accounts on {networks}: whose posts get more {metrics:or}.",
        networks=registry.names(networks),
        metrics=[noun(metric, keys) for metric in NAMED if metric in told(keys)],
    )


async def run(command_context: CommandContext) -> None:
    handles = deep_links.handles_in(command_context.args[0]) if len(command_context.args) == 1 else []
    if handles:
        await access.check(command_context, changes=True)
        command_context.args[:] = handles
        await track.run(command_context)
        return
    settings = command_context.context.settings
    await command_context.answer(
        purpose(settings),
        lazy_gettext(
            "Send /track {examples}, then /compare for a chart or /subscribe for one that stays up to date.",
            examples=" ".join(phrasing.example_handles(settings)),
        ),
        lazy_gettext("/help shows everything else."),
        keyboard=keyboards.first_steps((await command_context.translator()).gettext),
    )


COMMAND = Command("start", lazy_gettext("what this bot does"), run, open=True)
