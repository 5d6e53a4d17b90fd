"""A stand-in of the Telegram Bot API, as strict as the real one where a bot could notice a difference."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from sandbox.body import read_parameters
from sandbox.telegram.api import Api
from sandbox.telegram.backend import Backend
from sandbox.telegram.control import Control

TEXT_FIELDS = {"text", "caption", "callback_query_id"}
"""Parameters that are text, even where the text is a number."""
JSON_IN_FORMS = re.compile(r"-?[1-9][0-9]*|0|true|false|[\[{].*", re.DOTALL)


class Telegram:
    """All well-formed tokens are one bot's and read the same chats; each token has updates of its own."""

    name = "telegram"

    def __init__(self, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._backend = Backend(clock)

    def routes(self) -> list[web.RouteDef]:
        return Api(self._backend).routes()

    def control_routes(self) -> list[web.RouteDef]:
        return Control(self._backend).routes()

    def reset(self) -> None:
        self._backend.clear()

    async def stop(self, _: web.Application) -> None:
        """Ends deliveries and open long polls."""
        self._backend.updates.stop()

    def method(self, request: web.Request) -> str:
        """As in "sendMessage"; "file" for a download. No token is in it."""
        _, _, *path = request.path.split("/")
        return "file" if path[:1] == ["file"] else "".join(path[-1:])

    async def parameters(self, request: web.Request) -> dict[str, Any]:
        """With the JSON in form fields decoded."""
        parameters = await read_parameters(request)
        return {name: _decode_field(name, value) for name, value in parameters.items()}


def _decode_field(name: str, value: Any) -> Any:
    if name in TEXT_FIELDS or not isinstance(value, str) or not JSON_IN_FORMS.fullmatch(value):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
