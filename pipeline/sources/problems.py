"""What may go wrong with any network, as texts for people. network: its name."""

from pipeline.i18n import lazy_gettext
from pipeline.records import LazyString


def not_in_time(network: str) -> LazyString:
    return lazy_gettext("{network} did not answer in time", network=network)


def not_readable(network: str) -> LazyString:
    return lazy_gettext("{network}'s answer could not be read", network=network)
