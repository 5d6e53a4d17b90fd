"""A stand-in of the X API v2: the endpoints that return users and posts, with X's limits, error texts and prices."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web

from sandbox.body import read_parameters
from sandbox.x.api import Api
from sandbox.x.backend import Backend
from sandbox.x.control import Control
from sandbox.x.loading import read_csv


class X:
    """posts: a CSV file with all accounts and posts; without one they are made up. growing: the file's posts grow."""

    name = "x"

    def __init__(
        self,
        posts: Path | None = None,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        growing: bool = False,
    ) -> None:
        self.backend = Backend(read_csv(posts.read_bytes()) if posts else None, clock, growing=growing)

    def routes(self) -> list[web.RouteDef]:
        return Api(self.backend).routes()

    def control_routes(self) -> list[web.RouteDef]:
        return Control(self.backend).routes()

    def reset(self) -> None:
        self.backend.reset()

    def method(self, request: web.Request) -> str:
        """As in "GET /2/users/:id/tweets"."""
        path = re.sub(r"(?<=by/username/)[^/]+", ":username", request.path.removeprefix("/x/"))
        parts = [":id" if part.isdigit() and index else part for index, part in enumerate(path.split("/"))]
        return f"{request.method} /{'/'.join(parts)}"

    async def parameters(self, request: web.Request) -> dict[str, Any]:
        return await read_parameters(request)
