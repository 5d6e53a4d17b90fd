"""A lock for asyncio tasks that lets urgent waiters go first."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class PriorityLock:
    """Mutual exclusion with two priorities. Waiters of equal priority get the lock in the order they came."""

    def __init__(self) -> None:
        self.urgent_waiters: deque[asyncio.Future[None]] = deque()
        self.other_waiters: deque[asyncio.Future[None]] = deque()
        self.is_locked = False

    @asynccontextmanager
    async def hold(self, *, urgent: bool) -> AsyncIterator[None]:
        """Wait for the lock and hold it until the end of the block."""
        if self.is_locked:
            await self._wait_in(self.urgent_waiters if urgent else self.other_waiters)
        self.is_locked = True
        try:
            yield
        finally:
            self._release()

    async def _wait_in(self, waiters: deque[asyncio.Future[None]]) -> None:
        waiter = asyncio.get_running_loop().create_future()
        waiters.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if not waiter.cancelled():  # the lock was handed to this task before it was cancelled
                self._release()
            raise

    def _release(self) -> None:
        """Hand the lock to the next waiter, or unlock it where nobody waits."""
        for waiters in (self.urgent_waiters, self.other_waiters):
            while waiters:
                waiter = waiters.popleft()
                if not waiter.done():
                    waiter.set_result(None)
                    return
        self.is_locked = False
