"""/help: every command by what one wants to do, with an example each."""

from collections.abc import Collection

from bot import phrasing
from bot.command import Command
from bot.command_context import CommandContext
from pipeline.i18n import BLANK, lazy_gettext
from pipeline.records import LazyString, Metric
from pipeline.settings import Settings
from pipeline.sources import registry
from pipeline.sources.registry import NETWORKS, noun, told


def text(settings: Settings) -> list[LazyString]:
    keys = [network.key for network in registry.usable(settings)]
    metrics = [noun(metric, keys) for metric in told(keys) if metric is not Metric.ENGAGEMENT]
    example, *_ = handles = phrasing.example_handles(settings)
    examples = " ".join(handles)
    return [
        lazy_gettext("Accounts"),
        lazy_gettext("/track {examples} – follow accounts: names or addresses, several at once", examples=examples),
        lazy_gettext("/untrack {example} – stop following", example=example),
        lazy_gettext("/track team: {example} – a group: /compare team", example=example),
        lazy_gettext("/list – what is followed here, and its charts"),
        BLANK,
        lazy_gettext("Charts"),
        lazy_gettext("/compare – {reposts} of the latest posts of everything tracked here", reposts=metrics[0]),
        lazy_gettext("/compare {example} likes 50 – this account, this metric, its last 50 posts", example=example),
        lazy_gettext("/compare growth week – other views: posts, growth, race; the buttons do that too"),
        _normalizations(keys),
        lazy_gettext("/subscribe – a chart that updates by itself"),
        lazy_gettext("/subscribe daily 9:00, digest weekly, in @channel – new charts at times; for a channel"),
        lazy_gettext("/pause, /resume, /unsubscribe, /pin – stop for a while, go on, end, pin"),
        lazy_gettext("/alerts on – tell when a post takes off"),
        BLANK,
        lazy_gettext("Metrics: {metrics}; all for engagement.", metrics=metrics),
        lazy_gettext("Only an account's own posts count; add “with replies” for its replies to others."),
        lazy_gettext("In groups, only admins can change things."),
        BLANK,
        lazy_gettext("About"),
        lazy_gettext("/settings – light or dark, language, sound"),
        lazy_gettext("/timezone Madrid – whose time is shown, /quiet 22-7 – no new messages at night"),
        lazy_gettext("/export, /import, /data – take figures and lists with you"),
        lazy_gettext("/budget – what reading costs, /budget {example} – how it is read", example=example),
        lazy_gettext("/status – is everything working here; the owner: /doctor, /version"),
        lazy_gettext("/privacy – what is stored, /forget – delete it, /id – this chat's id"),
    ]


def _normalizations(keys: Collection[str]) -> LazyString:
    """Of the words for what figures are divided by, those that make sense on these networks, by key."""
    if Metric.VIEWS in told(keys):
        return lazy_gettext(
            "/compare race daily, likes rate, likes followers – per day, per 1,000 views, per 1,000 followers"
        )
    return lazy_gettext("/compare race daily, likes followers – per day, per 1,000 followers")


def networks(settings: Settings) -> list[LazyString]:
    """Of which network each example is, where there are several, and why others are off."""
    on = registry.switched_on(settings)
    off = [network.why_off(settings) for network in NETWORKS.values() if network not in on]
    named = phrasing.name_accounts(map(registry.example, on), with_networks=True)
    told = [lazy_gettext("The network is told by how a name is written: {names}.", names=named)] if len(on) > 1 else []
    return [BLANK, *told, *off] if told or off else []


async def run(command_context: CommandContext) -> None:
    await command_context.answer(*text(command_context.context.settings), *networks(command_context.context.settings))


COMMAND = Command("help", lazy_gettext("all commands, with examples"), run, open=True)
