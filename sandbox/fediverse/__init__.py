"""A stand-in of the fediverse: many servers that speak Mastodon's API, with its limits, error texts and oddities."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from sandbox.fediverse.api import Api
from sandbox.fediverse.backend import Backend
from sandbox.fediverse.control import Control


class Fediverse:
    name = "fediverse"

    def __init__(self, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.backend = Backend(clock)

    def routes(self) -> list[web.RouteDef]:
        return Api(self.backend).routes()

    def control_routes(self) -> list[web.RouteDef]:
        return Control(self.backend).routes()

    def reset(self) -> None:
        self.backend.reset()

    def method(self, request: web.Request) -> str:
        """As in "GET /api/v1/accounts/:id/statuses", on whichever server."""
        path = "/" + request.path.removeprefix("/fediverse/").partition("/")[2]
        return f"{request.method} {re.sub(r'(?<=/accounts/)(?!lookup$)[^/]+', ':id', path)}"

    async def parameters(self, request: web.Request) -> dict[str, Any]:
        """With the server's name as "host", and what is given several times as a list."""
        query = {name: request.query.getall(name) for name in request.query}
        host = request.path.removeprefix("/fediverse/").partition("/")[0]
        return {"host": host} | {name: given if name.endswith("[]") else given[-1] for name, given in query.items()}
