"""Logging, configured once a process: to stdout, one line a record, and no secret in any of them."""

import logging
import sys
import threading
import time
from collections.abc import Iterable
from io import TextIOWrapper
from types import TracebackType

from pipeline.errors import ServiceError, is_away

NOISY = (
    *("httpx", "httpcore", "urllib3", "tweepy", "dropbox", "requests_oauthlib", "alembic"),
    *("celery.worker.strategy", "celery.app.trace", "celery.beat", "multiprocessing"),
)
"""Libraries that may only warn: their INFO lines carry URLs with tokens, or come several times a tick."""
DULL = ("py.warnings", "kombu.transport.native_delayed_delivery")
"""These warn, at each connection to the broker, of what a later Celery may change or of delays that nobody uses."""

SENDERS = ("celery.beat", "celery.worker.consumer.consumer", "celery.worker.request", "celery.backends.redis")
"""These only carry messages: what fails there is a server's absence, or a step whose own failure was told."""


class Redacting(logging.Formatter):
    """Blanks the secrets wherever they would show: message, arguments or traceback.

    A server that is away is told in one line: the traceback would come again and again, and say no more. Times are UTC.
    """

    converter = staticmethod(time.gmtime)
    default_time_format, default_msec_format = "%Y-%m-%dT%H:%M:%S", "%s.%03dZ"

    def __init__(self, process: str, secrets: Iterable[str]) -> None:
        super().__init__(f"%(asctime)s %(levelname)-7s {process:8} %(name)s: %(message)s")
        self.secrets = sorted(secrets, key=len, reverse=True)  # one may be part of another

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(_shortened(record))
        for secret in self.secrets:
            line = line.replace(secret, "[secret]")
        return line


def _shortened(record: logging.LogRecord) -> logging.LogRecord:
    """The record in one line, but for a fault that only its traceback explains."""
    failure = record.exc_info[1] if record.exc_info else None
    lines = record.getMessage().splitlines()
    if failure is None:
        said, cause = " ".join(lines).strip(), ""
    elif is_away(failure) or isinstance(failure, ServiceError) or record.name in SENDERS:
        said, cause = lines[0], str(failure).partition("\n")[0]
    else:
        return record
    message = said if cause in said else f"{said}: {type(failure).__name__}: {cause}"
    return logging.makeLogRecord({**vars(record), "msg": message, "args": (), "exc_info": None, "exc_text": None})


def configure(process: str, secrets: Iterable[str]) -> None:
    """Send INFO and above to stdout; the libraries only warn."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # not every terminal has every letter
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(Redacting(process, secrets))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda end: _log_uncaught(end.exc_type, end.exc_value, end.exc_traceback)
    for noisy in NOISY:
        logging.getLogger(noisy).setLevel(logging.WARNING)
    for dull in DULL:
        logging.getLogger(dull).setLevel(logging.ERROR)


def hide(*secrets: str) -> None:
    """Further secrets, made up by the process itself."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, Redacting):
            handler.formatter.secrets += secrets


def _log_uncaught(kind: type[BaseException], error: BaseException | None, traceback: TracebackType | None) -> None:
    """What ends a process, or a thread of it, goes the way of all records, so that no secret shows."""
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger(__name__).critical("not expected", exc_info=(kind, error or kind(), traceback))
