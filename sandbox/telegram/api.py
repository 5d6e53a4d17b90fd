"""The URLs of the Bot API: its methods, and the download of files."""

import re
from typing import Any

from aiohttp import web

from sandbox.body import BodyError, read_parameters
from sandbox.telegram.backend import Backend
from sandbox.telegram.control import file_response
from sandbox.telegram.errors import ApiError, bad_request, not_found
from sandbox.telegram.methods import METHODS

TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]{20,}")


class Api:
    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def routes(self) -> list[web.RouteDef]:
        return [
            web.route("*", "/telegram/file/bot{token}/{path:.+}", self._download),
            web.route("*", "/telegram/bot{token}/{method}", self._call),
        ]

    async def _call(self, request: web.Request) -> web.Response:
        try:
            result = await self._call_method(request)
        except ApiError as error:
            return _error_response(error)
        return web.json_response({"ok": True, "result": result})

    async def _call_method(self, request: web.Request) -> Any:
        method = METHODS.get(request.match_info["method"].lower())
        if not TOKEN.fullmatch(request.match_info["token"]) or method is None or request.method not in ("GET", "POST"):
            raise not_found()
        try:
            given = await read_parameters(request)
        except BodyError as error:
            raise bad_request(str(error)) from error
        return await method.call(self._backend, request.match_info["token"], given)

    async def _download(self, request: web.Request) -> web.Response:
        file = self._backend.files.at_path(request.match_info["path"])
        if file is None or not TOKEN.fullmatch(request.match_info["token"]):
            return _error_response(not_found())
        return file_response(file)


def _error_response(error: ApiError) -> web.Response:
    retry_after = error.parameters.get("retry_after")
    headers = {"Retry-After": str(retry_after)} if retry_after else {}
    return web.json_response(error.body(), status=error.code, headers=headers)
