"""The networks that accounts are of: one line each."""

from collections.abc import Iterable

from pipeline.i18n import METRICS
from pipeline.records import LazyString, Metric
from pipeline.settings import Settings
from pipeline.sources.source import Network
from pipeline.sources.x.facts import X

NETWORKS: dict[str, Network] = {
    network.key: network
    for network in (
        X,
    )
}  # fmt: skip
"""By their keys. Where handles look alike, the first network has them."""


def switched_on(settings: Settings) -> list[Network]:
    """The networks whose settings are there."""
    return [network for network in NETWORKS.values() if network.is_on(settings)]


def names() -> list[str]:
    """What people call the networks."""
    return [network.name for network in NETWORKS.values()]


def noun(metric: Metric, networks: Iterable[str]) -> LazyString:
    """The word for a metric of accounts of these networks, by key: a single network's own one, else the common one."""
    nouns = [NETWORKS[key].nouns.get(metric, METRICS[metric]) for key in set(networks)]
    return nouns[0] if len(nouns) == 1 else METRICS[metric]
