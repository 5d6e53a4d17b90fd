"""Everything that the stand-in of X holds."""

from collections.abc import Callable, Sequence
from datetime import datetime

from sandbox.x.accounts import Accounts, LoadedAccount
from sandbox.x.bill import Bill
from sandbox.x.limits import Limits


class Backend:
    """The accounts with their posts, the bill and the request limits.

    loaded: the only accounts that exist; None for accounts that are made up when they are asked for.
    growing: whether their posts grow by themselves from the start.
    """

    def __init__(
        self, loaded: Sequence[LoadedAccount] | None, clock: Callable[[], datetime], *, growing: bool = False
    ) -> None:
        self._loaded, self.clock, self._growing = loaded, clock, growing
        self.reset()

    @property
    def has_file(self) -> bool:
        return self._loaded is not None

    def reset(self) -> None:
        self.accounts = Accounts(invents=self._loaded is None).with_loaded(self._loaded or [])
        self.accounts.growing_since = self.clock() if self._growing else None
        self.bill, self.limits = Bill(), Limits()
