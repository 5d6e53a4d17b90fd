"""Scripted answers: what the sandbox answers instead of a service, or with a delay."""

import asyncio
import json
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from sandbox.control import BadInputError, Kind, read_fields

CLOSED = 0
"""The status that stands for a connection closed without an answer."""
OPTIONAL_FIELDS: dict[str, Kind] = {
    "method": str,
    "path": str,
    "params": dict,
    "skip": int,
    "status": int,
    "body": str | dict | list,
    "headers": dict,
    "delay": int | float,
    "times": int,
    "accepted": bool,
}


@dataclass
class Fault:
    """What happens to the next `times` calls that match, after the first `skip` of them.

    status: without one the service itself answers, after the delay.
    path: only calls to this path match, as in /x/2/users/42/tweets; with skip=1, the second page of that timeline.
    params: only calls with these parameters match, compared as they are recorded.
    delay: seconds before the answer.
    accepted: the service does what was asked, and bills it; only its answer is replaced.
    """

    service: str
    method: str | None = None
    path: str | None = None
    params: dict[str, Any] = field(default_factory=dict)
    skip: int = 0
    status: int | None = None
    body: Any = ""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0
    times: int = 1
    accepted: bool = False

    def matches(self, service: str, method: str, path: str, params: dict[str, Any]) -> bool:
        if self.service != service or self.path not in (None, path):
            return False
        if self.method is not None and self.method.lower() != method.lower():
            return False
        return all(name in params and params[name] == value for name, value in self.params.items())

    async def play(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer the request; handler is the service's own."""
        response = await handler(request) if self.accepted or self.status is None else None
        await asyncio.sleep(self.delay)
        if response is not None and self.status is None:
            return response
        if self.status == CLOSED and request.transport:
            request.transport.close()
        return self._response()

    def _response(self) -> web.Response:
        is_text = isinstance(self.body, str)
        body = self.body if is_text else json.dumps(self.body)
        headers = {"Content-Type": "text/plain" if is_text else "application/json", **self.headers}
        return web.Response(status=self.status or 500, body=body.encode(), headers=headers)


class Faults:
    """The faults that wait for a call, and the control API to them."""

    def __init__(self, services: Collection[str]) -> None:
        self._services = services
        self._faults: list[Fault] = []

    def clear(self, service: str | None = None) -> None:
        """Forget the faults of this service, or all."""
        self._faults = [fault for fault in self._faults if service not in (None, fault.service)]

    def take(self, service: str, method: str, path: str, params: dict[str, Any]) -> Fault | None:
        """The first fault that matches the call and does not skip it; it has one time less from then on."""
        for fault in self._faults:
            if not fault.matches(service, method, path, params):
                continue
            if fault.skip == 0:
                return self._use(fault)
            fault.skip -= 1
        return None

    def _use(self, fault: Fault) -> Fault:
        fault.times -= 1
        if fault.times == 0:
            self._faults.remove(fault)
        return fault

    def control_routes(self) -> list[web.RouteDef]:
        return [
            web.get("/_control/faults", self._list),
            web.post("/_control/faults", self._add),
            web.delete("/_control/faults", self._clear),
        ]

    async def _list(self, _: web.Request) -> web.Response:
        return web.json_response([asdict(fault) for fault in self._faults])

    async def _add(self, request: web.Request) -> web.Response:
        fault = _check(await read_fields(request, required={"service": str}, optional=OPTIONAL_FIELDS))
        check_service(fault.service, self._services)
        self._faults.append(fault)
        return web.json_response(asdict(fault))

    async def _clear(self, request: web.Request) -> web.Response:
        service = request.query.get("service")
        if service is not None:
            check_service(service, self._services)
        self.clear(service)
        return await self._list(request)


def check_service(name: str, services: Collection[str]) -> None:
    if name not in services:
        raise BadInputError(f"service must be one of {', '.join(services)}, not {name!r}")


def _check(fields: dict[str, Any]) -> Fault:
    fault = Fault(**fields)
    if fault.status not in (None, CLOSED) and not 200 <= fault.status <= 599:  # noqa: PLR2004 - HTTP's own range
        raise BadInputError("status must be 0 (closes the connection) or between 200 and 599")
    if fault.status is None and ("body" in fields or "headers" in fields):
        raise BadInputError("body and headers need a status; without one the real answer is given, after the delay")
    if fault.times < 1 or fault.delay < 0 or fault.skip < 0:
        raise BadInputError("times must be at least 1, skip at least 0 and delay at least 0 seconds")
    if not all(isinstance(value, str) for value in fault.headers.values()):
        raise BadInputError("headers must be an object of texts")
    return fault
