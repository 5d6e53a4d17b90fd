"""Everything that the stand-in of the fediverse holds."""

from collections.abc import Callable
from datetime import datetime

from sandbox.fediverse.accounts import Accounts
from sandbox.fediverse.cache import Cache
from sandbox.fediverse.records import Account
from sandbox.fediverse.servers import Servers


class Backend:
    """The servers, their accounts with their posts, and the caches before them."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.reset()

    def reset(self) -> None:
        self.servers, self.accounts, self.cache = Servers(), Accounts(), Cache()

    def account(self, handle: str) -> Account | None:
        """The account of a handle on its own server, made up if need be; None where its domain can have no server."""
        username, _, domain = handle.partition("@")
        server = self.servers.of_domain(domain)
        return self.accounts.named(server, username) if server else None
