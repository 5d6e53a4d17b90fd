"""The networks: whether each can be reached, and takes the token. It is asked for nothing that costs money."""

from collections.abc import Iterator
from functools import partial
from typing import cast

from bot.doctor.finding import Check, Finding, warning, well, wrong
from pipeline.clock import TOLERATED_S
from pipeline.errors import ServiceError
from pipeline.i18n import lazy_gettext
from pipeline.records import LazyString, State
from pipeline.settings import BotSettings
from pipeline.sources import registry
from pipeline.sources.registry import NETWORKS
from pipeline.sources.source import Network, PricedSource, Source, connect


def run(network: Network, settings: BotSettings) -> Iterator[Finding]:
    label = registry.label(network.key)
    if not network.is_on(settings):
        yield well(network.why_off(settings))
        return
    source = connect(network, settings)
    try:
        yield _ask(network, source, label)
    except ServiceError as error:
        yield wrong(_refused(label, error) if error.permanent else _not_reached(label, error.text))
    ahead_s = source.observed().clock_ahead_s or 0
    if abs(ahead_s) > TOLERATED_S:
        yield warning(
            lazy_gettext(
                "Clock: this machine's differs by {seconds:number} s from that of {network}. Set it",
                seconds=round(abs(ahead_s)),
                network=label,
            )
        )


def _ask(network: Network, source: Source, label: str) -> Finding:
    """Ask a network with a price how much it has counted, and any other for an account. Raises ServiceError."""
    if network.price is not None:
        counted = cast("PricedSource", source).usage()
        if counted is None:
            return warning(
                lazy_gettext(
                    "{network}: answers, but does not tell the app what it has counted. If nothing is read, look at "
                    "the app and its token in the developer console",
                    network=label,
                )
            )
        return well(
            lazy_gettext(
                "{network}: accepts the token, and has counted {posts:number} posts this month",
                network=label,
                posts=counted,
            )
        )
    [profile] = source.look_up([registry.example(network).name])
    if profile.state is State.UNREADABLE and profile.note is not None:
        return wrong(_not_reached(label, profile.note))
    return well(lazy_gettext("{network}: can be read", network=label))


def _refused(label: str, error: ServiceError) -> LazyString:
    return lazy_gettext(
        "{network}: {problem}. Look at the app, its token and its credits in the developer console, and at the token "
        "in the settings",
        network=label,
        problem=error.text,
    )


def _not_reached(label: str, problem: LazyString) -> LazyString:
    return lazy_gettext(
        "{network}: {problem}. If that lasts, look at this machine's network", network=label, problem=problem
    )


CHECKS = [Check(registry.label(network.key), partial(run, network)) for network in NETWORKS.values()]
