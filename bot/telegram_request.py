"""How Telegram is asked: a refusal is one whatever its HTTP status says."""

import json
from http import HTTPStatus
from typing import Any

from telegram.request import HTTPXRequest


class TelegramRequest(HTTPXRequest):
    """python-telegram-bot's request, which would take {"ok": false} with status 200 for an answer without a result."""

    async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        code, payload = await super().do_request(*args, **kwargs)
        return _status(code, payload), payload


def _status(code: int, payload: bytes) -> int:
    """The status that the answer itself tells, where HTTP's says that all went well and the answer does not."""
    if not HTTPStatus.OK <= code < HTTPStatus.MULTIPLE_CHOICES:
        return code
    try:
        answer = json.loads(payload)
    except ValueError:
        return code
    if not isinstance(answer, dict) or answer.get("ok") is not False:
        return code
    told = answer.get("error_code")
    return told if isinstance(told, int) and 400 <= told < 600 else HTTPStatus.BAD_REQUEST  # noqa: PLR2004 HTTP's errors
