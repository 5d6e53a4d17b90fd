"""Logging, configured once a process: to stdout, one line a record, without secrets."""

import json
import logging
import sys
import threading
import time
from collections.abc import Iterable
from io import TextIOWrapper
from types import TracebackType

from pipeline.errors import ServiceError, is_away
from pipeline.settings import Settings
from pipeline.user_agent import VERSION

log = logging.getLogger(__name__)

NOISY = (
    *("httpx", "httpcore", "urllib3", "tweepy", "dropbox", "requests_oauthlib", "alembic"),
    *("celery.worker.strategy", "celery.app.trace", "celery.beat", "multiprocessing"),
)
"""Libraries whose INFO records are dropped: they hold URLs with tokens, or come several times a tick."""
TOO_CAUTIOUS = ("py.warnings",)
"""Their warnings are dropped: at each connection to the broker, of future changes."""

SENDERS = ("celery.beat", "celery.worker.consumer.consumer", "celery.worker.request", "celery.backends.redis")
"""They only carry messages: they fail when a server is away, or after a step whose own failure is logged already."""


class RedactingFormatter(logging.Formatter):
    """Replaces secrets wherever they show: in a message, its arguments or a traceback. Times are UTC.

    A server that is away takes one line: the traceback would come again and again, and add nothing.
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


class JsonFormatter(RedactingFormatter):
    """One JSON object a line, for programs that collect logs."""

    def __init__(self, process: str, secrets: Iterable[str]) -> None:
        super().__init__(process, secrets)
        self.process = process

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 logging's name
        return record.message

    def format(self, record: logging.LogRecord) -> str:
        """The message is redacted before its quotes are escaped, since a secret may hold some."""
        fields = {"time": self.formatTime(record), "level": record.levelname.lower(), "process": self.process}
        return json.dumps({**fields, "logger": record.name, "message": super().format(record)}, ensure_ascii=False)


FORMATTERS = {"text": RedactingFormatter, "json": JsonFormatter}


def _shortened(record: logging.LogRecord) -> logging.LogRecord:
    """The record in one line, unless it is of a fault that only its traceback explains."""
    failure = record.exc_info[1] if record.exc_info else None
    lines = record.getMessage().splitlines()
    if failure is None:
        text, cause = " ".join(lines).strip(), ""
    elif is_away(failure) or isinstance(failure, ServiceError) or record.name in SENDERS:
        text, cause = lines[0], str(failure).partition("\n")[0]
    else:
        return record
    message = text if cause in text else f"{text}: {type(failure).__name__}: {cause}"
    return logging.makeLogRecord({**vars(record), "msg": message, "args": (), "exc_info": None, "exc_text": None})


def configure(process: str, settings: Settings) -> None:
    """Send records of LOG_LEVEL and above to stdout, in LOG_FORMAT; of the noisy libraries only warnings.

    The first line names the version, which a report of a fault needs.
    """
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal may lack a character
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(FORMATTERS[settings.log_format](process, settings.secrets))
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda end: _log_uncaught(end.exc_type, end.exc_value, end.exc_traceback)
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in TOO_CAUTIOUS:
        logging.getLogger(name).setLevel(logging.ERROR)
    log.info("Tallybird %s: %s starts", VERSION, process)


def hide(*secrets: str) -> None:
    """Add secrets that the process made up itself."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, RedactingFormatter):
            handler.formatter.secrets += secrets


def _log_uncaught(kind: type[BaseException], error: BaseException | None, traceback: TracebackType | None) -> None:
    """Log the exception that ends a process or a thread, so that its secrets are replaced too."""
    if issubclass(kind, KeyboardInterrupt):
        return
    log.critical("not expected", exc_info=(kind, error or kind(), traceback))
