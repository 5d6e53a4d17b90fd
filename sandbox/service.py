"""What a stand-in offers to the sandbox's server."""

from typing import Any, Protocol

from aiohttp import web


class Service(Protocol):
    """A service's API, and its part of the control API."""

    name: str
    """The first part of the service's URLs; its name among recorded calls and faults."""

    def routes(self) -> list[web.RouteDef]: ...

    def control_routes(self) -> list[web.RouteDef]: ...

    def reset(self) -> None:
        """Return to the state at the start."""

    def method(self, request: web.Request) -> str:
        """The method's name under which a request is recorded."""
        ...

    async def parameters(self, request: web.Request) -> dict[str, Any]:
        """The request's parameters by name; raises BodyError."""
        ...
