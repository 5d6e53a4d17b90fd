"""A stand-in of Dropbox's HTTP API: one app folder of one account."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from sandbox.body import read_parameters
from sandbox.dropbox.api import Api
from sandbox.dropbox.backend import Backend
from sandbox.dropbox.control import Control
from sandbox.dropbox.oauth import OAuth


class Dropbox:
    name = "dropbox"

    def __init__(self, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._backend = Backend(clock)

    def routes(self) -> list[web.RouteDef]:
        return [*OAuth(self._backend).routes(), *Api(self._backend).routes()]

    def control_routes(self) -> list[web.RouteDef]:
        return Control(self._backend).routes()

    def reset(self) -> None:
        self._backend.reset()

    def method(self, request: web.Request) -> str:
        """As in "files/upload" or "oauth2/token"."""
        return request.path.removeprefix("/dropbox/").removeprefix("2/")

    async def parameters(self, request: web.Request) -> dict[str, Any]:
        """The body's, and those of the header in which content endpoints take their argument."""
        argument = request.headers.get("Dropbox-API-Arg")
        return {**await read_parameters(request), **(_decode_object(argument) if argument else {})}


def _decode_object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {"unreadable": text}
    return value if isinstance(value, dict) else {"unreadable": text}
