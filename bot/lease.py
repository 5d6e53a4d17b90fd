"""The lease that lets one bot speak to Telegram; any other bot with the same token waits as a standby.

The holder renews its entry in Redis. A standby takes over once the entry has stood unchanged for LEASE_S by the
standby's own clock, and the holder speaks no longer than LEASE_S after it began its last renewal, by its own: no clock
needs to agree with another. A holder that was frozen or cut off finds the other's entry, and ends its process.

Where Redis does not answer, the holder goes on if no standby was waiting, as on one machine where one bot runs; there a
bot starts without it.
"""

import asyncio
import fcntl
import logging
import os
import platform
from collections.abc import Awaitable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar, cast
from uuid import uuid4

from redis import RedisError
from redis import TimeoutError as RedisTimeoutError
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from pipeline.clock import steady
from pipeline.settings import BotSettings

T = TypeVar("T")
log = logging.getLogger(__name__)

LEASE_S = 8
RENEWED_EVERY_S = 2
LOOK_EVERY_S, RETRY_EVERY_S = 1, 0.2
TIMEOUT_S = 1
FREE = "free"
"""The entry of a holder that has ended. Where there is none at all, Redis may have been wiped a moment ago."""
NO_FOLDER = "-"
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
REPLACE = """
local entry = redis.call('get', KEYS[1])
if entry and string.sub(entry, 1, #ARGV[1]) ~= ARGV[1] then return 0 end
redis.call('set', KEYS[1], ARGV[2])
local standby = redis.call('get', KEYS[2])
return standby and standby ~= ARGV[3] and 2 or 1
"""
"""Set the entry where it begins so, or is missing. Returns 0 where another bot has it; 2 where another one waits."""


class BotLease:
    """An entry: a holder's token, the number of its renewals and, where it has locked it, which folder its DATA_DIR is.

    is_standby: while it waits for another bot's end. is_held: from when it took the lease until it ends itself.
    is_awaited: another bot waits as a standby. valid_until: by the steady clock.
    """

    def __init__(self, settings: BotSettings) -> None:
        bot_id = settings.telegram_bot_token.get_secret_value().partition(":")[0]
        self.key, self.standby_key = f"tallybird:bot:{bot_id}", f"tallybird:standby:{bot_id}"
        self.redis = Redis.from_url(
            settings.redis_address,
            retry=Retry(NoBackoff(), 1),  # a connection may have ended while the process was frozen
            decode_responses=True,
        )
        self.folder = settings.data_dir
        self.is_one_machine = settings.database_url is None
        """Whether all bots share DATA_DIR, as those that share a database of SQLite do."""
        self.token, self.renewals = uuid4().hex, 0
        self.is_standby = self.is_held = self.is_awaited = False
        self.valid_until = 0.0
        self.descriptor: int | None = None

    async def acquire(self) -> None:
        """Wait as a standby until no other bot has the lease, and take it."""
        entry, since = await self._look(), steady()
        while not (self._may_take(entry, steady() - since) and await self._take(entry)):
            if not self.is_standby:
                self.is_standby = True
                log.info("another bot with this token runs, or may run: this one waits as its standby")
            looked_at = steady()
            await asyncio.sleep(LOOK_EVERY_S)
            found = await self._look()
            if found != entry or steady() - looked_at > 2 * LOOK_EVERY_S + TIMEOUT_S:
                entry, since = found, steady()  # what could not be seen for a while may have changed meanwhile
        self.is_standby, self.is_held = False, True
        log.info("this bot speaks to Telegram from now on")

    async def keep(self) -> None:
        """Renew the lease, without end. Ends the process where another bot has it."""
        while True:
            began = steady()
            try:
                is_ours = await self._replace(self.token)
            except (RedisError, OSError):  # the latter where DATA_DIR is away
                if not self.is_awaited:
                    self.valid_until = began + LEASE_S
            else:
                if not is_ours:
                    log.error("another bot with this token has taken over: this one ends, to wait as a standby")
                    os._exit(1)  # at once: whatever it has begun is the other's by now
            await asyncio.sleep(RENEWED_EVERY_S)

    async def held(self) -> None:
        """Wait until this bot surely has the lease. What a standby does before it has one is not held up."""
        while self.is_held and steady() >= self.valid_until:  # noqa: ASYNC110 time alone ends it
            await asyncio.sleep(LOOK_EVERY_S / 10)

    async def release(self) -> None:
        """Let a standby take over at once."""
        with suppress(RedisError):
            if self.is_held:
                await self._replace(self.token, FREE)
        self.is_held = False
        self._unlock_folder()
        await self.redis.aclose()

    async def _look(self) -> str | None:
        """The entry, while the holder hears that a standby waits. It takes as long as Redis is away, unless alone."""
        problem = ""
        while True:
            try:
                async with self.redis.pipeline(transaction=False) as pipe:
                    pipe.get(self.key)
                    pipe.set(self.standby_key, self.token, ex=LEASE_S)
                    entry, _ = await _in_time(pipe.execute())
            except RedisError as error:
                if self._is_alone():
                    return FREE
                if problem != (problem := type(error).__name__):
                    log.warning("whether another bot runs cannot be told without Redis: %s", problem)
                await asyncio.sleep(RETRY_EVERY_S)
            else:
                return cast("str | None", entry)

    def _may_take(self, entry: str | None, unchanged_s: float) -> bool:
        """Whether no bot has the lease any more. One that has locked DATA_DIR is surely dead once this one can."""
        self._lock_folder()
        if entry == FREE or unchanged_s >= LEASE_S or (entry and entry.startswith(self.token)):
            return True
        folder = entry.rpartition(" ")[2] if entry else None
        locked = None if self.descriptor is None else _identify(self.descriptor)
        is_dead = locked is not None and folder != NO_FOLDER and (self.is_one_machine or folder == locked)
        if not is_dead:
            self._unlock_folder()  # the holder may have taken over from a frozen bot that had locked it
        return is_dead

    async def _take(self, entry: str | None) -> bool:
        """Replace what was found, if it is there still. Returns whether this bot has the lease."""
        try:
            return await self._replace(entry or self.token)
        except RedisError:
            self.valid_until = steady() + LEASE_S
            return self._is_alone()

    async def _replace(self, entry: str, by: str = "") -> bool:
        """Replace an entry that begins so, by this bot's own where none is given. Returns whether it is there now."""
        began = steady()
        if not by:
            self.renewals += 1
            self._lock_folder()
            by = f"{self.token} {self.renewals} {NO_FOLDER if self.descriptor is None else _identify(self.descriptor)}"
        asked = self.redis.eval(REPLACE, 2, self.key, self.standby_key, entry, by, self.token)
        answer = await _in_time(cast("Awaitable[int]", asked))
        if answer:
            self.valid_until, self.is_awaited = began + LEASE_S, answer > 1
        return bool(answer)

    def _is_alone(self) -> bool:
        """Whether no other bot can run, which needs no Redis: all share DATA_DIR, and this one has locked it."""
        return self.is_one_machine and self._lock_folder()

    def _lock_folder(self) -> bool:
        """Whether this process has the lock on DATA_DIR, which the system frees as soon as the process is dead."""
        if self.descriptor is not None:
            return True
        descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # another process has it, or the file system has no locks
            os.close(descriptor)
            return False
        self.descriptor = descriptor
        return True

    def _unlock_folder(self) -> None:
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None


async def _in_time(answer: Awaitable[T]) -> T:
    """Redis' answer. Raises RedisError where none comes in time, or it cannot be reached.

    With a timeout of redis-py's, a task that is cancelled just when a command is sent would go on (docs/upstream.md).
    """
    try:
        async with asyncio.timeout(TIMEOUT_S):
            return await answer
    except TimeoutError as error:
        raise RedisTimeoutError from error


def _identify(descriptor: int) -> str:
    """Which folder is open, of which running system: locks are the system's."""
    found = os.fstat(descriptor)
    system = BOOT_ID.read_text("ascii").strip() if BOOT_ID.exists() else platform.node()
    return f"{system}:{found.st_dev}:{found.st_ino}"
