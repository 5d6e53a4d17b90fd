"""The control API of the stand-in of X.

GET    /_control/x/bill           {requests, posts_returned, posts_billed, users_returned, users_billed, usd, by_day}
GET    /_control/x/accounts       [{username, id, state, posts}]
POST   /_control/x/accounts       text/csv or application/json, see loading.py -> {accounts, posts}
POST   /_control/x/limit          {requests}: every endpoint allows that many in 15 minutes, counted from now
POST   /_control/x/posts/<id>     {metric: count, ...}: changes a post's counts; null hides one
DELETE /_control/x/posts/<id>     deletes a post
"""

import json
from collections.abc import Callable

from aiohttp import web

from sandbox.control import BadInputError, read_fields
from sandbox.x.accounts import ConflictError, LoadedAccount
from sandbox.x.backend import Backend
from sandbox.x.limits import Limits
from sandbox.x.loading import LoadError, read_csv, read_json
from sandbox.x.records import METRICS, Post


class Control:
    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def routes(self) -> list[web.RouteDef]:
        base = "/_control/x"
        return [
            web.get(f"{base}/bill", self._show_bill),
            web.get(f"{base}/accounts", self._list_accounts),
            web.post(f"{base}/accounts", self._load_accounts),
            web.post(f"{base}/limit", self._set_limit),
            web.post(f"{base}/posts/{{id}}", self._change_post),
            web.delete(f"{base}/posts/{{id}}", self._delete_post),
        ]

    async def _show_bill(self, _: web.Request) -> web.Response:
        return web.json_response(self._backend.bill.statement())

    async def _list_accounts(self, _: web.Request) -> web.Response:
        accounts, now = self._backend.accounts, self._backend.clock()
        return web.json_response(
            [
                {
                    "username": account.username,
                    "id": str(account.id),
                    "state": account.state,
                    "posts": len(accounts.timeline(account, now)),
                }
                for account in accounts.all()
            ]
        )

    async def _load_accounts(self, request: web.Request) -> web.Response:
        data = await request.read()
        try:
            loaded = _reader(request.content_type)(data)
            self._backend.accounts = self._backend.accounts.with_loaded(loaded)
        except (LoadError, ConflictError) as error:
            raise BadInputError(str(error)) from None
        return web.json_response({"accounts": len(loaded), "posts": sum(len(each.posts or ()) for each in loaded)})

    async def _set_limit(self, request: web.Request) -> web.Response:
        fields = await read_fields(request, required={"requests": int})
        if fields["requests"] < 1:
            raise BadInputError("requests must be at least 1")
        self._backend.limits = Limits(fields["requests"])
        return web.json_response(fields)

    async def _change_post(self, request: web.Request) -> web.Response:
        post, accounts = self._known_post(request), self._backend.accounts
        accounts.change(post.id, read_counts(await request.read()))
        return web.json_response({"id": str(post.id), **accounts.counts(post, self._backend.clock())})

    async def _delete_post(self, request: web.Request) -> web.Response:
        post = self._known_post(request)
        self._backend.accounts.delete(post.id)
        return web.json_response({"deleted": str(post.id)})

    def _known_post(self, request: web.Request) -> Post:
        text = request.match_info["id"]
        post = self._backend.accounts.post(int(text)) if text.isascii() and text.isdigit() else None
        if post is None:
            raise web.HTTPNotFound(text=f'{{"error": "no post has the id {text}"}}', content_type="application/json")
        return post


def read_counts(data: bytes) -> dict[str, int | None]:
    """Counts by metric from JSON; None hides the count from now on. Raises BadInputError."""
    try:
        counts = json.loads(data)
    except ValueError:
        raise BadInputError("the body is not JSON") from None
    if not isinstance(counts, dict) or not counts or not set(counts) <= set(METRICS):
        raise BadInputError(f"the body must be an object with some of {', '.join(METRICS)}")
    for name, count in counts.items():
        if count is not None and (type(count) is not int or count < 0):
            raise BadInputError(f"{name} must be a whole number, zero or above, or null; not {count!r}")
    return counts


def _reader(content_type: str) -> Callable[[bytes], list[LoadedAccount]]:
    try:
        return {"text/csv": read_csv, "application/json": read_json}[content_type]
    except KeyError:
        raise BadInputError(f"send text/csv or application/json, not {content_type}") from None
