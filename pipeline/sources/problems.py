"""What may go wrong with any network, as texts for people. network: its name."""

from pipeline.i18n import lazy_gettext
from pipeline.records import LazyString


def not_in_time(network: str | LazyString) -> LazyString:
    return lazy_gettext("{network} did not answer in time", network=network)


def proxy_failed(network: str | LazyString, error: Exception) -> LazyString:
    """error: its text has the status with which the proxy refused, where it answered."""
    if "failed: 407" in str(error):
        return lazy_gettext("the proxy to {network} refuses the user or the password", network=network)
    return lazy_gettext("{network} cannot be reached through the proxy", network=network)


def not_readable(network: str | LazyString) -> LazyString:
    return lazy_gettext("{network} sent an answer that I can't read", network=network)


def no_money_left(network: str | LazyString) -> LazyString:
    return lazy_gettext("the money for {network} is spent", network=network)


def switched_off(network: str | LazyString) -> LazyString:
    return lazy_gettext("{network} is switched off by the bot's owner.", network=network)
