"""The control API of the stand-in of Dropbox.

GET  /_control/dropbox/files           [{path, size, content_hash, revisions, modified}]
GET  /_control/dropbox/files/<path>    the bytes of a file
POST /_control/dropbox/expire          all access tokens expire
POST /_control/dropbox/revoke          the person disconnects the app
"""

import mimetypes

from aiohttp import web

from sandbox.dropbox.backend import Backend
from sandbox.dropbox.files import File, timestamp


class Control:
    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def routes(self) -> list[web.RouteDef]:
        base = "/_control/dropbox"
        return [
            web.get(f"{base}/files", self._list_files),
            web.get(f"{base}/files/{{path:.+}}", self._show_file),
            web.post(f"{base}/expire", self._expire),
            web.post(f"{base}/revoke", self._revoke),
        ]

    async def _list_files(self, _: web.Request) -> web.Response:
        return web.json_response(
            [
                {
                    "path": file.path,
                    "size": len(file.newest.content),
                    "content_hash": file.newest.content_hash,
                    "revisions": len(file.revisions),
                    "modified": timestamp(file.newest.server_modified),
                }
                for file in self._backend.files.present()
            ]
        )

    async def _show_file(self, request: web.Request) -> web.Response:
        file = self._backend.files.find("/" + request.match_info["path"])
        if not isinstance(file, File):
            return web.json_response({"error": "there is no such file"}, status=404)
        content = file.newest.content
        headers = {
            "Content-Type": _content_type(file.path, content),
            "Content-Disposition": "inline",
            "X-Content-Type-Options": "nosniff",
        }
        return web.Response(body=content, headers=headers)

    async def _expire(self, _: web.Request) -> web.Response:
        self._backend.tokens.expire_all(self._backend.clock())
        return web.json_response({"expired": True})

    async def _revoke(self, _: web.Request) -> web.Response:
        self._backend.tokens.revoke_all(self._backend.clock())
        return web.json_response({"revoked": True})


def _content_type(path: str, content: bytes) -> str:
    try:
        content.decode()
    except UnicodeDecodeError:
        return "application/octet-stream"
    return "text/csv; charset=utf-8" if mimetypes.guess_type(path)[0] == "text/csv" else "text/plain; charset=utf-8"
