"""Everything that the stand-in of Bluesky holds."""

from collections.abc import Callable
from datetime import datetime

from sandbox.bluesky.accounts import Accounts
from sandbox.bluesky.cache import Cache
from sandbox.bluesky.limits import Limits


class Backend:
    """The accounts with their posts, the request limit and the cache."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.reset()

    def reset(self) -> None:
        self.accounts, self.limits, self.cache = Accounts(), Limits(), Cache()
