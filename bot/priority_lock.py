"""A line in which what people wait for goes before all else."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class PriorityLock:
    """Lets one through after the other: those in a hurry first, and of equals the one that came first."""

    def __init__(self) -> None:
        self.urgent: deque[asyncio.Future[None]] = deque()
        self.others: deque[asyncio.Future[None]] = deque()
        self.is_taken = False

    @asynccontextmanager
    async def turn(self, *, urgent: bool) -> AsyncIterator[None]:
        if self.is_taken:
            await self._wait(self.urgent if urgent else self.others)
        self.is_taken = True
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, behind: deque[asyncio.Future[None]]) -> None:
        mine = asyncio.get_running_loop().create_future()
        behind.append(mine)
        try:
            await mine
        except asyncio.CancelledError:
            if not mine.cancelled():  # it was let through already
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        for waiting in (self.urgent, self.others):
            while waiting:
                following = waiting.popleft()
                if not following.done():
                    following.set_result(None)
                    return
        self.is_taken = False
