"""The record of every API call that the sandbox receives."""

import time
from collections import deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from sandbox.body import BodyError, Upload
from sandbox.control import integer
from sandbox.faults import CLOSED, Faults, check_service
from sandbox.service import Service

MAX_CALLS = 20_000
SECRETS = {"refresh_token", "access_token", "token", "client_secret", "code", "code_verifier", "secret_token"}


@dataclass(frozen=True)
class Call:
    """at: when the request arrived, in seconds since 1970. bytes: of its body. status: 0 for a closed connection."""

    seq: int
    at: float
    service: str
    method: str
    status: int
    bytes: int
    params: dict[str, Any]


class CallLog:
    """Records the calls of the services, and lets faults answer them."""

    def __init__(self, services: Iterable[Service]) -> None:
        self._services = {service.name: service for service in services}
        self._faults = Faults(self._services)
        self._calls: deque[Call] = deque(maxlen=MAX_CALLS)
        self._last_seq = 0

    def reset(self) -> None:
        """Forgets calls and faults; seq goes on, so that a client's earlier `since` stays right."""
        self._calls.clear()
        self._faults.clear()

    def control_routes(self) -> list[web.RouteDef]:
        return [web.get("/_control/calls", self._list), *self._faults.control_routes()]

    def middleware(self) -> Middleware:
        @web.middleware
        async def record(request: web.Request, handler: Handler) -> web.StreamResponse:
            service = self._services.get(request.path.split("/")[1])
            return await (self._record(request, handler, service) if service else handler(request))

        return record

    async def _record(self, request: web.Request, handler: Handler, service: Service) -> web.StreamResponse:
        at, method = time.time(), service.method(request)
        status, size, params = 500, 0, {}
        try:
            size, params = len(await request.read()), await _describe_parameters(request, service)
            fault = self._faults.take(service.name, method, request.path, params)
            response = await (fault.play(request, handler) if fault else handler(request))
            status = CLOSED if fault and fault.status == CLOSED else response.status
        except web.HTTPException as error:
            status = error.status
            raise
        finally:
            self._last_seq += 1
            self._calls.append(Call(self._last_seq, at, service.name, method, status, size, params))
        return response

    async def _list(self, request: web.Request) -> web.Response:
        service = request.query.get("service")
        if service:
            check_service(service, self._services)
        since = integer(request.query.get("since") or "0", "since")
        calls = [asdict(call) for call in self._calls if call.seq > since and service in (None, "", call.service)]
        return web.json_response(calls)


async def _describe_parameters(request: web.Request, service: Service) -> dict[str, Any]:
    """The parameters for the record: of a file its name and size, of a secret only that there is one."""
    try:
        parameters = await service.parameters(request)
    except BodyError as error:
        return {"unreadable": str(error)}
    return {name: "(hidden)" if name in SECRETS else _describe(value) for name, value in parameters.items()}


def _describe(value: Any) -> Any:
    return {"filename": value.filename, "bytes": len(value.data)} if isinstance(value, Upload) else value
