"""The handles of accounts in what people type: @nasa, nasa.gov, ada@social.example, or an account's address.

The facts of the networks say whose it is. bot.tokens cuts a message into words and takes the punctuation off; this
module alone says which word names an account.
"""

import re
import unicodedata
from functools import cache

from pipeline.records import Handle
from pipeline.sources.registry import NETWORKS
from pipeline.sources.source import Network

FORMER = "-old[0-9]*"
"""The suffix of a handle that now belongs to another account; pipeline.store.accounts adds it."""
APOSTROPHE = "['`\u2019\u02bc\xb4]"
MAX_MARKED_LENGTH = 300  # characters, more than any name has; matching a longer word would take too long


def handle_in(word: str) -> Handle | None:
    """The handle of @name, of a bare name, or of an address of a profile, one of its tabs or one of its posts.

    None where the word names no account.
    """
    network = _network_of_address(word)
    if network is not None:
        name = network.handle_in_address(word)
        return Handle(network.key, name) if name else None
    found = ((key, _name(network).fullmatch(word)) for key, network in NETWORKS.items())
    return next((Handle(key, name[1]) for key, name in found if name), None)


def marked_handle(word: str) -> str | None:
    """The handle of an @name with punctuation around it. An accent is a letter, so @nasá names nobody.

    Of several networks' handles it is the one that begins first: the signs in @_@social.example are no punctuation.
    """
    if len(word) > MAX_MARKED_LENGTH or any(map(_is_accent, word)):
        return None
    names = filter(None, (_marked_name(network).fullmatch(word) for network in NETWORKS.values()))
    first = min(names, key=lambda name: name.start("handle"), default=None)
    return None if first is None else first["handle"]


def can_be_looked_up(handle: Handle) -> bool:
    """Whether the network accepts the handle in a look-up."""
    network = NETWORKS[handle.network]
    return len(handle.name) <= network.longest_handle and re.fullmatch(network.handle, handle.name) is not None


def is_address(word: str) -> bool:
    return _network_of_address(word) is not None


def network_of_page(word: str) -> Network | None:
    """The network of an address that belongs to no account; None for any other word."""
    network = _network_of_address(word)
    return network if network and handle_in(word) is None else None


def without_page_titles(text: str) -> str:
    """The text without what follows an account's name in the titles of a network's pages."""
    for network in NETWORKS.values():
        text = re.sub(network.page_title, " ", text) if network.page_title else text
    return text


def _network_of_address(word: str) -> Network | None:
    return next((network for network in NETWORKS.values() if network.is_address(word)), None)


@cache
def _name(network: Network) -> re.Pattern[str]:
    return re.compile(f"@?((?:{network.handle})(?:{FORMER})?)")


@cache
def _marked_name(network: Network) -> re.Pattern[str]:
    """A handle with its @ and the punctuation around it: "@nasa", __@nasa__, @nasa's."""
    handle = f"(?P<handle>(?:{network.handle})(?:{FORMER})?)"
    owner = rf"(?:[^\w@]*{APOSTROPHE}s)?"
    return re.compile(rf"[\W_]*?(?P<around>_*)@{handle}(?P=around){owner}[^\w@]*", re.IGNORECASE)


def _is_accent(character: str) -> bool:
    return unicodedata.category(character).startswith("M")
