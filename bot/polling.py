"""How updates are fetched: on and on, whatever Telegram answers."""

import json
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from telegram import Update
from telegram.error import NetworkError
from telegram.request import HTTPXRequest

from bot.flood_control import sender

log = logging.getLogger(__name__)

ENDING = {HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND}
Json = dict[str, Any]


class PollingRequest(HTTPXRequest):
    """python-telegram-bot's request, without the answers that would leave a bot that runs and hears nothing.

    At 401 and 404 the library stops polling for good; a token that is really refused is found out at the start, by
    another request. What it cannot read it asks for again at once, and for ever.

    is_left_out: whose commands and presses are dropped, before anything more is made of them.
    """

    def __init__(self, is_left_out: Callable[[int], bool], **options: Any) -> None:
        super().__init__(**options)
        self.is_left_out = is_left_out

    async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        code, payload = await super().do_request(*args, **kwargs)
        if code in ENDING:
            raise NetworkError(f"Telegram refuses the bot's polling for now ({code})")
        return code, self._readable(payload) if code == HTTPStatus.OK else payload

    def _readable(self, payload: bytes) -> bytes:
        """The same answer; of an update that cannot be read, or is dropped, only the id is left: the next come."""
        try:
            updates = [self._kept(update) for update in json.loads(payload)["result"]]
        except (ValueError, TypeError, LookupError):
            raise NetworkError("What answered the bot's polling was not Telegram") from None
        return json.dumps({"ok": True, "result": updates}).encode()

    def _kept(self, update: Json) -> Json:
        person = sender(update)
        if person is not None and self.is_left_out(person):
            return {"update_id": update["update_id"]}
        return _blank_unless_readable(update)


def _blank_unless_readable(update: Json) -> Json:
    try:
        Update.de_json(update, None)
    except Exception:  # whatever Telegram has made of an update, it must not end the others
        log.exception("update %d cannot be read and is left out", update["update_id"])
        return {"update_id": update["update_id"]}
    return update
