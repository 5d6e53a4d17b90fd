"""The HTTP request that fetches updates: it keeps polling alive whatever Telegram answers."""

import json
import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from time import monotonic
from typing import Any

from telegram import Update
from telegram.error import NetworkError
from telegram.request import HTTPXRequest

from bot.flood_control import sender_of
from bot.signs import Signs

log = logging.getLogger(__name__)

STATUSES_THAT_END_POLLING = {HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND}
Json = dict[str, Any]


class PollingRequest(HTTPXRequest):
    """python-telegram-bot's request for getUpdates, without three answers that leave a running bot deaf.

    - After one answer with status 401 or 404 the library stops polling for good. A token that is really refused is
      found at the start, by another request.
    - One update that the library cannot parse fails the whole batch, and Telegram sends it again and again.
    - An answer of a proxy in Telegram's place is retried like a failed connection.
    See docs/upstream.md for the library's issues and when this class may go.
    """

    def __init__(
        self, may_poll: Callable[[], Awaitable[None]], is_ignored: Callable[[int], bool], signs: Signs, **options: Any
    ) -> None:
        """may_poll: waits until this bot may speak to Telegram.

        is_ignored: whether flood control ignores a user; such updates are dropped before they are parsed.
        """
        super().__init__(**options)
        self.may_poll, self.is_ignored, self.signs = may_poll, is_ignored, signs

    async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        """Send the request and return status and body. Raises NetworkError where polling must simply go on."""
        await self.may_poll()
        code, payload = await super().do_request(*args, **kwargs)
        if code in STATUSES_THAT_END_POLLING:
            raise NetworkError(f"Telegram refuses the bot's polling for now ({code})")
        if code != HTTPStatus.OK:
            return code, payload
        usable = self._replace_unusable(payload)
        self.signs.answered_at = monotonic()
        return code, usable

    def _replace_unusable(self, payload: bytes) -> bytes:
        """The same answer, with only the id left of each update that cannot be parsed or is to be dropped.

        The library needs the id to ask for the updates after it.
        """
        try:
            updates = [self._usable(update) for update in json.loads(payload)["result"]]
        except (ValueError, TypeError, LookupError):
            raise NetworkError("What answered the bot's polling was not Telegram") from None
        return json.dumps({"ok": True, "result": updates}).encode()

    def _usable(self, update: Json) -> Json:
        person = sender_of(update)
        if person is not None and self.is_ignored(person):
            return {"update_id": update["update_id"]}
        return _without_unparsable_content(update)


def _without_unparsable_content(update: Json) -> Json:
    try:
        Update.de_json(update, None)
    except Exception:  # the library raises errors of any kind for content that it does not know
        log.exception("update %d cannot be parsed and is skipped", update["update_id"])
        return {"update_id": update["update_id"]}
    return update
