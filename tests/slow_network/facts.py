"""Slow: accounts like ada@hangs7_1.slow, each on the server that its handle names."""

import re
from dataclasses import replace
from datetime import timedelta

from pipeline.settings import Settings
from pipeline.sources.source import Limits
from tests.toy_network.facts import TOY

FILE = "slow.json"
HANGS = "hangs"
"""How the hosts that hang are named."""


def server(remote_id: str) -> str:
    return remote_id.partition("@")[2]


def limits(_settings: Settings) -> Limits:
    five_minutes = timedelta(minutes=5)
    return Limits(requests=150, window=five_minutes, older_requests=50, older_every=five_minutes)


def is_on(settings: Settings) -> bool:
    return (settings.data_dir / FILE).exists()


SLOW = replace(
    TOY,
    key="slow",
    name="Slow",
    package=__package__,
    handle=r"\w+@\w+_\w+\.slow",  # the underscore tells them from handles of networks before this one
    is_address=lambda text: re.fullmatch(r"https://\w+\.slow/.*", text) is not None,
    handle_in_address=lambda _: None,
    server=server,
    handle_server=server,
    limits=limits,
    is_on=is_on,
)
