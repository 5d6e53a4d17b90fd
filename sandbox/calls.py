"""Every API call the sandbox receives is written down here, and scripted faults are played here."""

import asyncio
import json
import re
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from sandbox.body import BodyError, Upload, read_parameters
from sandbox.control import BadInputError, integer, read_fields

SERVICES = ("telegram", "x", "dropbox")
KEPT_CALLS = 20_000
SECRETS = {"refresh_token", "access_token", "token", "client_secret", "code", "code_verifier", "secret_token"}
WORDS = {"text", "caption", "callback_query_id"}  # stay text even where they look like a number
JSON_IN_FORMS = re.compile(r"-?[1-9][0-9]*|0|true|false|[\[{].*", re.DOTALL)
CLOSED = 0  # the status of a call whose connection was closed without an answer


@dataclass(frozen=True)
class Call:
    seq: int
    at: float  # seconds since 1970, when the request arrived
    service: str
    method: str
    status: int
    bytes: int
    params: dict[str, Any]


@dataclass
class Fault:
    """What happens to the next `times` calls that match; no status means a real answer, given late.

    params: only calls with these parameters, as the record of calls shows them.
    accepted: what was asked is done all the same, only its answer is lost.
    """

    service: str
    method: str | None = None
    params: dict[str, Any] = field(default_factory=dict)
    status: int | None = None
    body: Any = ""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0
    times: int = 1
    accepted: bool = False

    def matches(self, service: str, method: str, params: dict[str, Any]) -> bool:
        if self.service != service or not (self.method is None or self.method.lower() == method.lower()):
            return False
        return all(name in params and params[name] == value for name, value in self.params.items())

    def answer(self) -> web.Response:
        is_text = isinstance(self.body, str)
        body = self.body if is_text else json.dumps(self.body)
        headers = {"Content-Type": "text/plain" if is_text else "application/json", **self.headers}
        return web.Response(status=self.status or 500, body=body.encode(), headers=headers)


class Calls:
    def __init__(self) -> None:
        self._calls: deque[Call] = deque(maxlen=KEPT_CALLS)
        self._faults: list[Fault] = []
        self._last_seq = 0

    def reset(self) -> None:
        """Forgets calls and faults; seq goes on, so that a `since` read earlier stays right."""
        self._calls.clear()
        self._faults.clear()

    def control_routes(self) -> list[web.RouteDef]:
        return [
            web.get("/_control/calls", self._list_calls),
            web.get("/_control/faults", self._list_faults),
            web.post("/_control/faults", self._add_fault),
            web.delete("/_control/faults", self._clear_faults),
        ]

    def middleware(self) -> Middleware:
        @web.middleware
        async def record(request: web.Request, handler: Handler) -> web.StreamResponse:
            names = name_call(request)
            if names is None:
                return await handler(request)
            return await self._record(request, handler, *names)

        return record

    async def _record(self, request: web.Request, handler: Handler, service: str, method: str) -> web.StreamResponse:
        at = time.time()
        status, size, params = 500, 0, {}
        try:
            size, params = len(await request.read()), await describe_parameters(request, service)
            fault = self._take_fault(service, method, params)
            answer = await self._play(request, handler, fault)
            status = CLOSED if fault and fault.status == CLOSED else answer.status
        except web.HTTPException as error:
            status = error.status
            raise
        finally:
            self._last_seq += 1
            self._calls.append(Call(self._last_seq, at, service, method, status, size, params))
        return answer

    async def _play(self, request: web.Request, handler: Handler, fault: Fault | None) -> web.StreamResponse:
        if fault is None:
            return await handler(request)
        answer = await handler(request) if fault.accepted or fault.status is None else None
        await asyncio.sleep(fault.delay)
        if answer is not None and fault.status is None:
            return answer
        if fault.status == CLOSED and request.transport:
            request.transport.close()
        return fault.answer()

    def _take_fault(self, service: str, method: str, params: dict[str, Any]) -> Fault | None:
        fault = next((fault for fault in self._faults if fault.matches(service, method, params)), None)
        if fault:
            fault.times -= 1
            if fault.times == 0:
                self._faults.remove(fault)
        return fault

    async def _list_calls(self, request: web.Request) -> web.Response:
        service = request.query.get("service")
        if service:
            _check_service(service)
        since = integer(request.query.get("since") or "0", "since")
        found = [asdict(call) for call in self._calls if call.seq > since and service in (None, "", call.service)]
        return web.json_response(found)

    async def _list_faults(self, _: web.Request) -> web.Response:
        return web.json_response([asdict(fault) for fault in self._faults])

    async def _add_fault(self, request: web.Request) -> web.Response:
        fault = await _read_fault(request)
        self._faults.append(fault)
        return web.json_response(asdict(fault))

    async def _clear_faults(self, _: web.Request) -> web.Response:
        self._faults.clear()
        return web.json_response([])


def name_call(request: web.Request) -> tuple[str, str] | None:
    """(service, method) of an API call; None for everything else."""
    _, service, *rest = request.path.split("/")
    if service == "telegram":
        return service, _telegram_method(rest)
    if service == "x":
        return service, f"{request.method} {_x_path('/'.join(rest))}"
    if service == "dropbox":
        return service, "/".join(rest).removeprefix("2/")
    return None


def _telegram_method(path: list[str]) -> str:
    return "file" if path[:1] == ["file"] else "".join(path[-1:])


def _x_path(path: str) -> str:
    path = re.sub(r"(?<=by/username/)[^/]+", ":username", path)
    return "/" + "/".join(":id" if part.isdigit() and index else part for index, part in enumerate(path.split("/")))


async def describe_parameters(request: web.Request, service: str) -> dict[str, Any]:
    """The parameters for the record: files by name and size, Telegram's JSON in forms decoded, no secrets."""
    try:
        given = await read_parameters(request)
    except BodyError as error:
        return {"unreadable": str(error)}
    if argument := request.headers.get("Dropbox-API-Arg"):  # where Dropbox's content calls carry theirs
        given.update(_decode_object(argument))
    if service == "telegram":
        given = {name: _decode_field(name, value) for name, value in given.items()}
    return {name: "(hidden)" if name in SECRETS else _describe(value) for name, value in given.items()}


def _describe(value: Any) -> Any:
    return {"filename": value.filename, "bytes": len(value.data)} if isinstance(value, Upload) else value


def _decode_object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {"unreadable": text}
    return value if isinstance(value, dict) else {"unreadable": text}


def _decode_field(name: str, value: Any) -> Any:
    if name in WORDS or not isinstance(value, str) or not JSON_IN_FORMS.fullmatch(value):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


async def _read_fault(request: web.Request) -> Fault:
    optional = {
        "method": str,
        "params": dict,
        "status": int,
        "body": str | dict | list,
        "headers": dict,
        "delay": int | float,
        "times": int,
        "accepted": bool,
    }
    fields = await read_fields(request, required={"service": str}, optional=optional)
    fault = Fault(**fields)
    _check_service(fault.service)
    if fault.status not in (None, CLOSED) and not 200 <= fault.status <= 599:  # noqa: PLR2004 - HTTP's own range
        raise BadInputError("status must be 0 (closes the connection) or between 200 and 599")
    if fault.status is None and ("body" in fields or "headers" in fields):
        raise BadInputError("body and headers need a status; without one the real answer is given, after the delay")
    if fault.times < 1 or fault.delay < 0:
        raise BadInputError("times must be at least 1 and delay at least 0 seconds")
    if not all(isinstance(value, str) for value in fault.headers.values()):
        raise BadInputError("headers must be an object of texts")
    return fault


def _check_service(service: str) -> None:
    if service not in SERVICES:
        raise BadInputError(f"service must be one of {', '.join(SERVICES)}, not {service!r}")
