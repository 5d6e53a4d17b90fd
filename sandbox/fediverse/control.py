"""The control API of the stand-in of the fediverse.

Every host is a server, and every handle an account there; both are made up when they are asked for, by the words in
their names: see servers.py and invented.py. Mastodon's API and WebFinger of a server are under /fediverse/<host>.

GET    /_control/fediverse/servers             [{host, domain, kind, server, requests, pages, cache_s}]
POST   /_control/fediverse/servers             {host, kind?, domain?, requests?, pages?, cache_s?}: sets up a server
         kind: mastodon, mastodon-4.2 (tells no quotes), pleroma (flakes for ids, excludes no boosts); those that show
         guests nothing: no-guests (401), login (302), signed-in (422), wall (403, a page of HTML), no-api (WebFinger
         alone), silent (closes the connection)
         domain: of its accounts' handles; WebFinger there is redirected to host
         requests, pages: allowed in 5 and in 15 minutes, counted from now
         cache_s: answers are given again for so many seconds
GET    /_control/fediverse/accounts            [{handle, server, id, uri, state, posts}]
POST   /_control/fediverse/accounts            text/csv or application/json, see loading.py -> {accounts, posts}
         {"accounts": [{handle, id?, name?, state?, uri?, created_at?, followers?, limited?, noindex?, memorial?,
         moved_to?, posts?: [{post_id, created_at, text?, boosts?, favourites?, replies?, quotes?, is_repost?,
         is_reply?, is_thread?, is_pinned?, visibility?}]}]}: what is not given stays as it is
         state: active, private (shows no posts), suspended (200 with the mark), gone (410), forbidden (403), missing
GET    /_control/fediverse/posts               ?account=<handle>: its newest posts, [{id, at, text, counts}]; an id is
                                               <host>/<id>
POST   /_control/fediverse/posts/<host>/<id>   {metric: count, ...}: changes a post's counts; null hides one
DELETE /_control/fediverse/posts/<host>/<id>   deletes a post
"""

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from sandbox.control import BadInputError, Kind, read_counts, read_fields, read_loaded
from sandbox.fediverse import ids
from sandbox.fediverse.accounts import ConflictError
from sandbox.fediverse.backend import Backend
from sandbox.fediverse.limits import Limits
from sandbox.fediverse.loading import read_csv, read_json
from sandbox.fediverse.records import METRICS, Account, Post
from sandbox.fediverse.records import Kind as PostKind
from sandbox.fediverse.responses import write_id
from sandbox.fediverse.servers import HOST, Server, ServerKind

SHOWN_POSTS = 5
KINDS = [kind for kind in ServerKind if kind is not ServerKind.SITE]
SETTINGS: Mapping[str, Kind] = {"kind": str, "domain": str, "requests": int, "pages": int, "cache_s": int | float}


class Control:
    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def routes(self) -> list[web.RouteDef]:
        base = "/_control/fediverse"
        return [
            web.get(f"{base}/servers", self._list_servers),
            web.post(f"{base}/servers", self._set_up_server),
            web.get(f"{base}/accounts", self._list_accounts),
            web.post(f"{base}/accounts", self._load_accounts),
            web.get(f"{base}/posts", self._list_posts),
            web.post(f"{base}/posts/{{host}}/{{id}}", self._change_post),
            web.delete(f"{base}/posts/{{host}}/{{id}}", self._delete_post),
        ]

    async def _list_servers(self, _: web.Request) -> web.Response:
        return web.json_response([_show_server(server) for server in self._backend.servers.all()])

    async def _set_up_server(self, request: web.Request) -> web.Response:
        fields = await read_fields(request, required={"host": str}, optional=SETTINGS)
        known = self._backend.servers.at(fields["host"])
        if known is None:
            raise BadInputError(f"host is not the name of a server: {fields['host']!r}")
        server = _set_up(known, fields)
        self._backend.servers.put(server)
        return web.json_response(_show_server(server))

    async def _list_accounts(self, _: web.Request) -> web.Response:
        return web.json_response([self._show_account(account) for account in self._backend.accounts.all()])

    def _show_account(self, account: Account) -> dict[str, Any]:
        server = self._backend.servers.at(account.host)
        return {
            "handle": account.handle,
            "server": account.host,
            "id": write_id(server, account.id) if server else str(account.id),
            "uri": account.uri,
            "state": account.state,
            "posts": len(self._backend.accounts.timeline(account, self._backend.clock())),
        }

    async def _load_accounts(self, request: web.Request) -> web.Response:
        loaded = await read_loaded(request, csv=read_csv, json=read_json)
        try:
            self._backend.accounts = self._backend.accounts.with_loaded(self._backend.servers, loaded)
        except ConflictError as error:
            raise BadInputError(str(error)) from None
        return web.json_response({"accounts": len(loaded), "posts": sum(len(each.posts or ()) for each in loaded)})

    async def _list_posts(self, request: web.Request) -> web.Response:
        accounts, now = self._backend.accounts, self._backend.clock()
        named = [account for account in accounts.all() if account.handle == request.query.get("account")]
        posts = [(account, post) for account in named for post in accounts.timeline(account, now)]
        newest = [each for each in posts if each[1].kind is PostKind.POST][:SHOWN_POSTS]
        return web.json_response([self._show_post(*each) for each in newest])

    def _show_post(self, account: Account, post: Post) -> dict[str, Any]:
        server = self._backend.servers.at(account.host)
        return {
            "id": f"{account.host}/{write_id(server, post.id) if server else post.id}",
            "at": post.created_at.isoformat(),
            "text": post.text,
            "counts": self._backend.accounts.counts(account, post, self._backend.clock()),
        }

    async def _change_post(self, request: web.Request) -> web.Response:
        server, author, post = self._known_post(request)
        self._backend.accounts.change(server, post.id, await read_counts(request, METRICS))
        counts = self._backend.accounts.counts(author, post, self._backend.clock())
        return web.json_response({"id": request.match_info["id"], **counts})

    async def _delete_post(self, request: web.Request) -> web.Response:
        server, _, post = self._known_post(request)
        self._backend.accounts.delete(server, post.id)
        return web.json_response({"deleted": request.match_info["id"]})

    def _known_post(self, request: web.Request) -> tuple[Server, Account, Post]:
        server = self._backend.servers.at(request.match_info["host"])
        number = ids.read(request.match_info["id"], is_flake=server.software.flakes) if server else None
        found = self._backend.accounts.post(server, number) if server and number is not None else None
        if server is None or found is None:
            text = f"no post of {request.match_info['host']} has the id {request.match_info['id']}"
            raise web.HTTPNotFound(text=json.dumps({"error": text}), content_type="application/json")
        return server, *found


def _show_server(server: Server) -> dict[str, Any]:
    return {
        "host": server.host,
        "domain": server.domain,
        "kind": server.kind,
        "server": server.server,
        "requests": server.limits.requests,
        "pages": server.limits.pages,
        "cache_s": server.cache_s,
    }


def _set_up(server: Server, fields: Mapping[str, Any]) -> Server:
    """The server with what the fields say. Raises BadInputError."""
    kind, domain = fields.get("kind", server.kind), fields.get("domain", server.domain).lower()
    if kind not in KINDS:
        raise BadInputError(f"kind must be one of {', '.join(KINDS)}, not {kind!r}")
    if not HOST.fullmatch(domain):
        raise BadInputError(f"domain is not the name of a server: {domain!r}")
    if any(fields.get(name, 1) < 1 for name in ("requests", "pages")) or fields.get("cache_s", 0) < 0:
        raise BadInputError("requests and pages must be at least 1, and cache_s at least 0")
    limits = Limits(fields.get("requests", server.limits.requests), fields.get("pages", server.limits.pages))
    return Server(server.host, domain, ServerKind(kind), cache_s=fields.get("cache_s", server.cache_s), limits=limits)
