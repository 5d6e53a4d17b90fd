"""The HTTP request for every method but getUpdates: a refusal is an error whatever its HTTP status."""

import json
import logging
import socket
import sys
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any
from urllib.request import getproxies

from telegram.error import NetworkError
from telegram.request import HTTPXRequest

log = logging.getLogger(__name__)

MIN_ERROR_STATUS, MAX_ERROR_STATUS = 400, 599
UNSENT_AFTER_S = 5
UNSENT = [(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 1000 * UNSENT_AFTER_S)] if sys.platform == "linux" else []
"""The system drops what could not be sent for so long: after a cut it is out of date, and a standby's to send."""


async def at_once() -> None:
    """No other bot is waited for."""


class TelegramRequest(HTTPXRequest):
    """python-telegram-bot's request, made to judge an answer by its own "ok" and "error_code".

    The library looks at the HTTP status alone: it takes {"ok": false} with status 200 for a success without a result.
    See docs/upstream.md. At the start it tries again in silence where Telegram cannot be reached; here that is logged.
    """

    def __init__(
        self, may_send: Callable[[], Awaitable[None]] = at_once, proxy: str | None = None, **options: Any
    ) -> None:
        """may_send: waits until this bot may speak to Telegram."""
        is_direct = proxy is None and not getproxies()  # with options, httpx would not look for the environment's proxy
        super().__init__(proxy=proxy, socket_options=UNSENT if is_direct else None, **options)
        self.may_send = may_send
        self._way, self._has_answered = " through TELEGRAM_PROXY" if proxy else "", False

    async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        """Send the request and return status and body, with the status that a refusal itself tells."""
        await self.may_send()
        try:
            code, payload = await super().do_request(*args, **kwargs)
        except NetworkError as error:
            if not self._has_answered:
                log.warning("Telegram cannot be reached%s, and is tried again: %s", self._way, error)
            raise
        self._has_answered = True
        return _status_in_answer(code, payload), payload


def _status_in_answer(code: int, payload: bytes) -> int:
    """The error code in a refusal that came with a status of success; any other answer's own HTTP status."""
    if not HTTPStatus.OK <= code < HTTPStatus.MULTIPLE_CHOICES:
        return code
    try:
        answer = json.loads(payload)
    except ValueError:
        return code
    if not isinstance(answer, dict) or answer.get("ok") is not False:
        return code
    error_code = answer.get("error_code")
    if isinstance(error_code, int) and MIN_ERROR_STATUS <= error_code <= MAX_ERROR_STATUS:
        return error_code
    return HTTPStatus.BAD_REQUEST
