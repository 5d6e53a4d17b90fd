"""Logging, configured once a process: to stdout, one line a record, and no secret in any of them."""

import logging
import sys
from collections.abc import Iterable

NOISY = (
    *("httpx", "httpcore", "urllib3", "tweepy", "dropbox", "requests_oauthlib", "alembic"),
    *("celery.worker.strategy", "celery.app.trace", "celery.beat"),
)
"""Libraries that may only warn: their INFO lines carry URLs with tokens, or come several times a tick."""


class Redacting(logging.Formatter):
    """Blanks the secrets wherever they would show: message, arguments or traceback."""

    def __init__(self, process: str, secrets: Iterable[str]) -> None:
        super().__init__(f"%(asctime)s %(levelname)-7s {process:8} %(name)s: %(message)s")
        self.secrets = tuple(secrets)

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        for secret in self.secrets:
            line = line.replace(secret, "[secret]")
        return line


def configure(process: str, secrets: Iterable[str]) -> None:
    """Send INFO and above to stdout; the libraries only warn."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(Redacting(process, secrets))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for noisy in NOISY:
        logging.getLogger(noisy).setLevel(logging.WARNING)
