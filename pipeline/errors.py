"""The errors that cross rooms.

TallybirdError
├── ConfigError    stop at once; the text names each setting and what to put there
├── UserError      its text is told in the chat, in the chat's language
└── ServiceError   a web service refused, failed or did not answer; its text may be told too
    └── FileRefusedError   Dropbox refuses one file, which waits alone; the others go on

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
"""The last is how PostgreSQL tells one that was frozen, or cut off, in the midst of its change."""
AWAY = (
    *DATABASE_AWAY,
    *(RedisConnectionError, RedisTimeoutError, ResponseError, BrokerError),
    *(ConnectionError, TimeoutError, gaierror),
)
"""What the libraries raise while the database, Redis or RabbitMQ is missing, or refuses. It passes by itself.

A file of ours that is missing, or may not be read, is none of that.
"""
NO_ROOM = {errno.ENOSPC, errno.EDQUOT}


def is_away(error: BaseException | None) -> bool:
    """Whether it passes by itself: a server that is away, or a disk without room. All else is a fault of our own."""
    if isinstance(error, DBAPIError) and getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR:
        return False  # a statement that SQLite does not understand
    return isinstance(error, AWAY) or (isinstance(error, OSError) and error.errno in NO_ROOM)


class TallybirdError(Exception):
    """Base of the project's own errors."""


class ConfigError(TallybirdError):
    """The settings cannot work: one problem a line, each with its variable's name and the fix."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class UserError(TallybirdError):
    """What a person asked cannot be done; the text says why and what to do instead."""

    def __init__(self, text: LazyString) -> None:
        self.text = text
        super().__init__(translator(Language.ENGLISH).gettext(text))


class ServiceError(TallybirdError):
    """A service's failure.

    permanent: asking again changes nothing until a person acts or a new period begins.
    retry_after: how long the service asked us to wait, where it said so.
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
    """Dropbox refuses this file. It waits, and the others go on."""
