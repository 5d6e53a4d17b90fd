"""The endpoints of Dropbox's API v2."""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from sandbox.dropbox import parameters as arguments
from sandbox.dropbox.backend import Backend
from sandbox.dropbox.files import File, Folder, WriteRefusedError, hash_content, timestamp
from sandbox.dropbox.parameters import ArgumentError, Field
from sandbox.dropbox.responses import CallRefusedError, as_json, lookup_refused, show, show_account, write_refused
from sandbox.dropbox.sessions import SessionRefusedError
from sandbox.dropbox.tokens import TokenState

MAX_UPLOAD_BYTES = 150 * 2**20
OCTETS = "application/octet-stream"
CORS_HACK = "text/plain; charset=dropbox-cors-hack"
RPC_TYPES = ("application/json", "application/json; charset=utf-8", CORS_HACK)
UPLOAD_TYPES = (OCTETS, CORS_HACK)
DOWNLOAD_TYPES = (OCTETS, OCTETS + "; charset=utf-8", "text/plain", "text/plain; charset=utf-8")

Arguments = Mapping[str, Any]


@dataclass(frozen=True)
class Route:
    """An endpoint of the RPC style. fields: its argument's fields; None where it takes no argument."""

    fields: Mapping[str, Field] | None
    answer: Callable[[Arguments], Any]


UploadRoute = tuple[Mapping[str, Field], Callable[[Arguments, bytes], Any]]
"""An endpoint that takes bytes: its argument's fields, and what answers."""


class Api:
    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._rpc = {
            "files/get_metadata": Route(arguments.GET_METADATA, self._get_metadata),
            "files/list_folder": Route(arguments.LIST_FOLDER, self._list_folder),
            "files/list_folder/continue": Route(arguments.LIST_FOLDER_CONTINUE, self._continue_listing),
            "files/delete_v2": Route(arguments.DELETE, self._delete),
            "files/list_revisions": Route(arguments.LIST_REVISIONS, self._list_revisions),
            "users/get_current_account": Route(None, lambda _: show_account()),
            "check/user": Route(arguments.CHECK_USER, lambda given: {"result": given["query"]}),
        }

        self._uploads: dict[str, UploadRoute] = {
            "files/upload": (arguments.UPLOAD, self._upload),
            "files/upload_session/start": (arguments.SESSION_START, self._start_session),
            "files/upload_session/append_v2": (arguments.SESSION_APPEND, self._append_to_session),
            "files/upload_session/finish": (arguments.SESSION_FINISH, self._finish_session),
        }

    def routes(self) -> list[web.RouteDef]:
        return [
            web.route("*", "/dropbox/2/{function:.+}", self._call),
            web.route("*", "/dropbox/{rest:.*}", _no_such_page),
        ]

    async def _call(self, request: web.Request) -> web.Response:
        function = request.match_info["function"]
        try:
            response = await self._answer(function, request)
        except ArgumentError as error:
            response = _bad_call(function, str(error))
        except CallRefusedError as error:
            response = as_json(error.status, {"error_summary": error.summary, "error": error.error})
        response.headers["X-Dropbox-Request-Id"] = secrets.token_hex(16)
        return response

    async def _answer(self, function: str, request: web.Request) -> web.Response:
        known = {*self._rpc, *self._uploads, "files/download"}
        if function not in known:
            return _plain(400, f'Unknown API function: "{function}"')
        if request.method != "POST" and not (function == "files/download" and request.method == "GET"):
            raise ArgumentError(f'Your request\'s HTTP request method is "{request.method}". Use "POST".')
        self._check_token(request)
        if function in self._uploads:
            return as_json(200, await self._read_upload(self._uploads[function], request))
        if function == "files/download":
            return self._download(request)
        return as_json(200, await _call_rpc(self._rpc[function], request))

    def _check_token(self, request: web.Request) -> None:
        header = request.headers.get("Authorization")
        if header is None:
            raise ArgumentError('Must provide HTTP header "Authorization" or URL parameter "authorization".')
        scheme, _, token = header.partition(" ")
        if scheme != "Bearer" or not token.strip():
            raise ArgumentError(
                'Invalid authorization value in HTTP header "Authorization": expecting "Bearer <access token>".'
            )
        state = self._backend.tokens.check(token, self._backend.clock())
        if state is TokenState.EXPIRED:
            raise CallRefusedError(401, {".tag": "expired_access_token"})
        if state is TokenState.INVALID:
            raise CallRefusedError(401, {".tag": "invalid_access_token"})

    async def _read_upload(self, route: UploadRoute, request: web.Request) -> Any:
        fields, answer = route
        _check_content_type(request, UPLOAD_TYPES)
        given = _header_argument(request, fields)
        content = await request.read()
        if len(content) > MAX_UPLOAD_BYTES:
            raise CallRefusedError(409, {".tag": "payload_too_large"})
        if given["content_hash"] and given["content_hash"] != hash_content(content):
            raise CallRefusedError(409, {".tag": "content_hash_mismatch"})
        return answer(given, content)

    def _start_session(self, given: Arguments, content: bytes) -> dict[str, Any]:
        return {"session_id": self._backend.sessions.start(content, close=given["close"])}

    def _append_to_session(self, given: Arguments, content: bytes) -> None:
        try:
            self._backend.sessions.append(**given["cursor"], content=content, close=given["close"])
        except SessionRefusedError as error:
            raise CallRefusedError(409, error.error) from None

    def _finish_session(self, given: Arguments, content: bytes) -> dict[str, Any]:
        try:
            whole = self._backend.sessions.finish(**given["cursor"], content=content)
        except SessionRefusedError as error:
            raise CallRefusedError(409, {".tag": "lookup_failed", "lookup_failed": error.error}) from None
        try:
            written = self._write(given["commit"], whole)
        except WriteRefusedError as error:
            raise CallRefusedError(409, {".tag": "path", "path": error.error}) from None
        self._backend.sessions.end(given["cursor"]["session_id"])
        return written

    def _upload(self, given: Arguments, content: bytes) -> dict[str, Any]:
        try:
            return self._write(given, content)
        except WriteRefusedError as error:
            raise write_refused(error) from None

    def _write(self, given: Arguments, content: bytes) -> dict[str, Any]:
        commit = arguments.commit_of({**given, "path": self._path_of(given["path"])})
        return _without_tag(show(self._backend.files.write(content, commit, self._backend.clock())))

    def _path_of(self, path: str) -> str:
        """The path of an upload's target, which may be named by the id of an existing file."""
        if not path.startswith("id:"):
            return path
        file = self._backend.files.find_ever(path)
        if file is None:
            raise WriteRefusedError("malformed_path")
        return file.path

    def _download(self, request: web.Request) -> web.Response:
        _check_content_type(request, (*DOWNLOAD_TYPES, ""))
        given = _header_argument(request, arguments.DOWNLOAD)
        path = f"rev:{given['rev']}" if given["rev"] else given["path"]
        file = self._backend.files.find_ever(path) if path.startswith("rev:") else self._find(path, "path")
        if not isinstance(file, File):
            raise lookup_refused("path", "not_file" if file else "not_found")
        revision = next((each for each in file.revisions if f"rev:{each.rev}" == path), file.newest)
        result = json.dumps(_without_tag(show(file, revision)))
        return web.Response(
            body=revision.content,
            headers={"Content-Type": OCTETS, "Dropbox-API-Result": result, "ETag": f'W/"{revision.rev}"'},
        )

    def _get_metadata(self, given: Arguments) -> dict[str, Any]:
        path = given["path"].rstrip("/")
        gone = self._backend.files.find_ever(path)
        if given["include_deleted"] and gone and gone.deleted_at:
            return show(gone)
        return show(self._find(path, "path"))

    def _list_folder(self, given: Arguments) -> dict[str, Any]:
        folder = given["path"] and self._find(given["path"], "path")
        if isinstance(folder, File):
            raise lookup_refused("path", "not_folder")
        return _show_page(*self._backend.listings.start(folder.path if folder else "", given))

    def _continue_listing(self, given: Arguments) -> dict[str, Any]:
        page = self._backend.listings.go_on(given["cursor"])
        if page is None:
            raise CallRefusedError(409, {".tag": "reset"})
        return _show_page(*page)

    def _delete(self, given: Arguments) -> dict[str, Any]:
        entry = self._find(given["path"], "path_lookup")
        if given["parent_rev"] and not (isinstance(entry, File) and entry.newest.rev == given["parent_rev"]):
            conflict = {".tag": "conflict", "conflict": {".tag": "file" if isinstance(entry, File) else "folder"}}
            raise CallRefusedError(409, {".tag": "path_write", "path_write": conflict})
        shown = show(entry)
        self._backend.files.delete(entry, self._backend.clock())
        return {"metadata": shown}

    def _list_revisions(self, given: Arguments) -> dict[str, Any]:
        file = self._backend.files.find_ever(given["path"])
        if file is None:
            raise lookup_refused("path", "not_file" if self._backend.files.find(given["path"]) else "not_found")
        newest_first = file.revisions[::-1]
        if given["before_rev"]:
            revs = [revision.rev for revision in newest_first]
            if given["before_rev"] not in revs:
                raise CallRefusedError(409, {".tag": "invalid_before_rev"})
            newest_first = newest_first[revs.index(given["before_rev"]) + 1 :]
        page = newest_first[: given["limit"]]
        return {
            "is_deleted": file.deleted_at is not None,
            **({"server_deleted": timestamp(file.deleted_at)} if file.deleted_at else {}),
            "entries": [_without_tag(show(file, revision)) for revision in page],
            "has_more": len(newest_first) > len(page),
        }

    def _find(self, path: str, tag: str) -> File | Folder:
        entry = self._backend.files.find(path)
        if entry is None:
            raise lookup_refused(tag, "not_found")
        return entry


async def _call_rpc(route: Route, request: web.Request) -> Any:
    text = (await request.read()).decode(errors="replace")
    if route.fields is None:
        _check_content_type(request, (*RPC_TYPES, "") if not text else RPC_TYPES)
        if text not in ("", "null"):
            raise ArgumentError("request body: expected null, got " + text[:50])
        return route.answer({})
    _check_content_type(request, RPC_TYPES)
    try:
        given = arguments.parse(text, route.fields)
    except ArgumentError as error:
        raise ArgumentError(f"request body: {error}") from None
    return route.answer(given)


def _header_argument(request: web.Request, fields: Mapping[str, Field]) -> dict[str, Any]:
    """The argument of a content endpoint: ASCII JSON in a header, or in the URL's `arg`."""
    text = request.headers.get("Dropbox-API-Arg", request.query.get("arg"))
    if text is None:
        raise ArgumentError('Must provide HTTP header "Dropbox-API-Arg" or URL parameter "arg".')
    if not text.isascii():
        raise ArgumentError('HTTP header "Dropbox-API-Arg": could not decode input as JSON')
    try:
        return arguments.parse(text, fields)
    except ArgumentError as error:
        raise ArgumentError(f'HTTP header "Dropbox-API-Arg": {error}') from None


def _check_content_type(request: web.Request, accepted: tuple[str, ...]) -> None:
    given = request.headers.get("Content-Type", "")
    if given.lower().replace("; ", ";") not in {each.replace("; ", ";") for each in accepted}:
        expected = ", ".join(f'"{each}"' for each in accepted if each)
        raise ArgumentError(f'Bad HTTP "Content-Type" header: "{given}".  Expecting one of {expected}.')


def _show_page(entries: list[File | Folder], cursor: str, has_more: bool) -> dict[str, Any]:  # noqa: FBT001 - the last of a page's three parts
    return {"entries": [show(entry) for entry in entries], "cursor": cursor, "has_more": has_more}


def _without_tag(entry: dict[str, Any]) -> dict[str, Any]:
    """For endpoints that always return a file, and so leave out its tag."""
    return {name: value for name, value in entry.items() if name != ".tag"}


def _bad_call(function: str, problem: str) -> web.Response:
    return _plain(400, f'Error in call to API function "{function}": {problem}')


def _plain(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=text, content_type="text/plain")


async def _no_such_page(_: web.Request) -> web.Response:
    return _plain(404, "Not Found")
