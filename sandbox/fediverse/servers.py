"""The servers of the stand-in of the fediverse: what software each has, and whom it answers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sandbox.fediverse.limits import Limits

HOST = re.compile(r"(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")


class ServerKind(StrEnum):
    """What a server is.

    MASTODON_4_2: tells no quotes, and has no statuses by their ids. PLEROMA: other software that speaks Mastodon's API,
    with the oddities of such: flakes for ids, boosts that are told though they are excluded, times with an offset.
    Those that show nothing to a guest: NO_GUESTS says 401, LOGIN redirects to a page, SIGNED_IN says 422, WALL answers
    every request with a page of HTML. NO_API has WebFinger, but not Mastodon's API. SITE has no accounts: it redirects
    WebFinger to the server that has the accounts of this domain. SILENT closes the connection.
    """

    MASTODON = "mastodon"
    MASTODON_4_2 = "mastodon-4.2"
    PLEROMA = "pleroma"
    NO_GUESTS = "no-guests"
    LOGIN = "login"
    SIGNED_IN = "signed-in"
    WALL = "wall"
    NO_API = "no-api"
    SITE = "site"
    SILENT = "silent"


@dataclass(frozen=True)
class Software:
    """flakes: its ids are flakes. zone: how its times end. honours_exclusions: of boosts, in a list of statuses."""

    version: str
    has_quotes: bool = True
    has_statuses_by_id: bool = True
    flakes: bool = False
    zone: str = "Z"
    honours_exclusions: bool = True


MASTODON = Software("4.5.2")
SOFTWARE: Mapping[ServerKind, Software] = {
    ServerKind.MASTODON_4_2: Software("4.2.27", has_quotes=False, has_statuses_by_id=False),
    ServerKind.PLEROMA: Software(
        "2.7.2 (compatible; Pleroma 2.9.1)",
        has_quotes=False,
        flakes=True,
        zone="+00:00",
        honours_exclusions=False,
    ),
}
WORDS = {
    "old": ServerKind.MASTODON_4_2,
    "pleroma": ServerKind.PLEROMA,
    "closed": ServerKind.NO_GUESTS,
    "login": ServerKind.LOGIN,
    "members": ServerKind.SIGNED_IN,
    "wall": ServerKind.WALL,
    "blog": ServerKind.NO_API,
    "nowhere": ServerKind.SILENT,
}
"""A host that was not set up is of the kind of a word in it, as in old.example; of Mastodon's without one."""


@dataclass
class Server:
    """host: where its API is. domain: what its accounts are called by, which may be another domain than host.

    server: of a SITE, the host that has its accounts. cache_s: answers are given again for so many seconds.
    """

    host: str
    domain: str
    kind: ServerKind = ServerKind.MASTODON
    server: str | None = None
    cache_s: float = 0
    limits: Limits = field(default_factory=Limits)

    @property
    def software(self) -> Software:
        return SOFTWARE.get(self.kind, MASTODON)


class Servers:
    """All hosts are servers; those that were not set up are made up when they are asked."""

    def __init__(self) -> None:
        self._servers: dict[str, Server] = {}

    def at(self, host: str) -> Server | None:
        """The server at this host; None for what is no host's name."""
        name = host.lower()
        if not HOST.fullmatch(name):
            return None
        return self._servers.setdefault(name, Server(name, name, _kind_by_words(name)))

    def of_domain(self, domain: str) -> Server | None:
        """The server that has the accounts of this domain; None for what is no domain."""
        asked = self.at(domain)
        return self.at(asked.server) if asked and asked.server else asked

    def put(self, server: Server) -> None:
        """Set up a server, and its domain where that is another host."""
        self._servers[server.host] = server
        if server.domain != server.host:
            self._servers[server.domain] = Server(server.domain, server.domain, ServerKind.SITE, server=server.host)

    def all(self) -> list[Server]:
        return list(self._servers.values())


def _kind_by_words(host: str) -> ServerKind:
    words = re.split(r"[.-]", host)
    return next((kind for word, kind in WORDS.items() if word in words), ServerKind.MASTODON)
