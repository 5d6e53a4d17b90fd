"""The errors that cross modules.

TallybirdError
├── ConfigError    stop at once; the text names each setting and what to put there
├── BackupError    a backup is not made or not restored; the text says why, and nothing was changed
├── UserError      its text goes to the chat, in the chat's language
└── ServiceError   a web service refused, failed or did not answer; its text may go to the chat too
    └── FileRefusedError   Dropbox refuses one file; only that file waits

As strings they are English, for the log.
"""

import errno
import sqlite3
from datetime import timedelta
from socket import gaierror

from kombu.exceptions import OperationalError as BrokerError
from redis import ConnectionError as RedisConnectionError
from redis import ResponseError
from redis import TimeoutError as RedisTimeoutError
from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError

from pipeline.i18n import translator
from pipeline.records import Language, LazyString

DATABASE_AWAY = (OperationalError, InterfaceError, InternalError)
"""InternalError too: PostgreSQL raises it for a transaction whose client was frozen or cut off."""
AWAY = (
    *DATABASE_AWAY,
    *(RedisConnectionError, RedisTimeoutError, ResponseError, BrokerError),
    *(ConnectionError, TimeoutError, gaierror),
)
"""What libraries raise while the database, Redis or RabbitMQ is away or refuses, which passes by itself.

An OSError of a file, such as FileNotFoundError, is not among them.
"""
NO_ROOM = {errno.ENOSPC, errno.EDQUOT}


def is_away(error: BaseException | None) -> bool:
    """Whether the error passes by itself: a server is away, or a disk is full. Any other is a fault of our own."""
    if isinstance(error, DBAPIError) and getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR:
        return False  # a statement that SQLite does not understand
    return isinstance(error, AWAY) or (isinstance(error, OSError) and error.errno in NO_ROOM)


class TallybirdError(Exception):
    """The base of the project's own errors."""


class ConfigError(TallybirdError):
    """The settings cannot work. Each problem is a line with the variable's name and the fix."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class BackupError(TallybirdError):
    """A backup cannot be made or restored, and nothing was changed. The text says why, and what to do."""


class UserError(TallybirdError):
    """A person's request cannot be fulfilled; the text says why, and what to do instead."""

    def __init__(self, text: LazyString) -> None:
        self.text = text
        super().__init__(translator(Language.ENGLISH).gettext(text))


class ServiceError(TallybirdError):
    """A web service failed.

    permanent: a retry changes nothing until a person acts or a new period begins.
    retry_after: how long the service asked us to wait, if it did.
    """

    def __init__(
        self,
        service: str,
        text: LazyString,
        *,
        permanent: bool = False,
        retry_after: timedelta | None = None,
    ) -> None:
        self.service = service
        self.text = text
        self.permanent = permanent
        self.retry_after = retry_after
        super().__init__(translator(Language.ENGLISH).gettext(text))


class FileRefusedError(ServiceError):
    """Dropbox refuses this file. Only this file waits."""
