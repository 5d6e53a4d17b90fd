"""The networks that accounts are of: one line each."""

from collections.abc import Collection, Iterable

from pipeline.i18n import METRICS
from pipeline.records import Handle, LazyString, Metric
from pipeline.settings import Settings
from pipeline.sources.bluesky.facts import BLUESKY
from pipeline.sources.fediverse.facts import FEDIVERSE
from pipeline.sources.source import Network
from pipeline.sources.x.facts import X

NETWORKS: dict[str, Network] = {
    network.key: network
    for network in (
        X,
        BLUESKY,
        FEDIVERSE,
    )
}  # fmt: skip
"""By their keys. Where handles look alike, the first network has them."""


def switched_on(settings: Settings) -> list[Network]:
    """The networks whose settings are there."""
    return [network for network in NETWORKS.values() if network.is_on(settings)]


def usable(settings: Settings) -> list[Network]:
    """The networks that are switched on; all where none is, for texts that have to name some."""
    return switched_on(settings) or list(NETWORKS.values())


def are_several(settings: Settings) -> bool:
    """Whether accounts may be of more than one network, so that texts say of which each is."""
    return len(switched_on(settings)) > 1


def names(networks: Iterable[Network]) -> list[str | LazyString]:
    """What people call the networks in a sentence."""
    return [network.name for network in networks]


def noun(metric: Metric, networks: Iterable[str]) -> LazyString:
    """The word for a metric of accounts of these networks, by key: a single network's own one, else the common one."""
    nouns = [NETWORKS[key].nouns.get(metric, METRICS[metric]) for key in set(networks)]
    return nouns[0] if len(nouns) == 1 else METRICS[metric]


def told(networks: Collection[str]) -> list[Metric]:
    """The metrics that at least one of these networks, by key, tells."""
    return [metric for metric in Metric if any(metric not in NETWORKS[key].lacks for key in networks)]


def example(network: Network) -> Handle:
    """The account of the network's example of an address."""
    return Handle(network.key, network.handle_in_address(network.address_example) or "")


def label(key: str) -> str:
    """What a network is called beside the name of an account."""
    return NETWORKS[key].label or str(NETWORKS[key].name)


def parts(metric: Metric, networks: Collection[str]) -> tuple[Metric, ...]:
    """The counts that make up a metric of accounts of these networks, by key.

    Engagement is the sum of those that all of them surely tell, so that it is of the same counts for each account.
    """
    unsure = {part for key in networks for part in NETWORKS[key].lacks | NETWORKS[key].varies}
    return tuple(part for part in metric.parts if part not in unsure) if len(metric.parts) > 1 else metric.parts
