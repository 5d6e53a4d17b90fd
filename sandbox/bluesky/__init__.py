"""A stand-in of Bluesky's public API: profiles and feeds as anybody may read them, with their oddities and errors."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from sandbox.bluesky.api import Api
from sandbox.bluesky.backend import Backend
from sandbox.bluesky.control import Control


class Bluesky:
    name = "bluesky"

    def __init__(self, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.backend = Backend(clock)

    def routes(self) -> list[web.RouteDef]:
        return Api(self.backend).routes()

    def control_routes(self) -> list[web.RouteDef]:
        return Control(self.backend).routes()

    def reset(self) -> None:
        self.backend.reset()

    def method(self, request: web.Request) -> str:
        """As in "app.bsky.feed.getAuthorFeed"."""
        return request.path.rpartition("/")[2]

    async def parameters(self, request: web.Request) -> dict[str, Any]:
        """One that is given more than once is a list."""
        given = {name: request.query.getall(name) for name in request.query}
        return {name: values if len(values) > 1 else values[0] for name, values in given.items()}
