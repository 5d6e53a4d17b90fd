"""The control API of the stand-in of X.

GET    /_control/x/bill           {requests, posts_returned, posts_billed, users_returned, users_billed, posts_repeated,
                                  users_repeated, usd, by_day}: repeated are those billed again on the same day
POST   /_control/x/bill           {deduplicates}: false bills what is returned again on the same day, too
GET    /_control/x/bill/history   [{at, usd}]: the total by the minute
GET    /_control/x/accounts       [{username, id, state, posts}]
POST   /_control/x/accounts       text/csv or application/json, see loading.py -> {accounts, posts}
POST   /_control/x/limit          {requests}: every endpoint allows that many in 15 minutes, counted from now
POST   /_control/x/limits         {timelines?, posts?, profiles?, usage?}: these endpoints do; the others as an app
                                  may. A user may: 900, 5000, 900; old plans: Pro 1500, 450, 300; Basic 10, 15
GET    /_control/x/growth         {growing, from_file}: whether the posts of a file grow by themselves, and whether
                                  there is a file
POST   /_control/x/growth         {growing}: from now on they do, or stay as they were loaded
GET    /_control/x/posts          ?account=<username>: its newest posts, [{id, at, text, counts}], without replies and
                                  reposts
POST   /_control/x/posts/<id>     {metric: count, ...}: changes a post's counts; null hides one
DELETE /_control/x/posts/<id>     deletes a post
"""

from typing import Any

from aiohttp import web

from sandbox.control import BadInputError, read_counts, read_fields, read_loaded
from sandbox.lives import Kind
from sandbox.x.accounts import ConflictError
from sandbox.x.backend import Backend
from sandbox.x.limits import OF_AN_APP, Limits
from sandbox.x.loading import read_csv, read_json
from sandbox.x.records import METRICS, Counts, Post

SHOWN_POSTS = 5


class Control:
    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def routes(self) -> list[web.RouteDef]:
        base = "/_control/x"
        return [
            web.get(f"{base}/bill", self._show_bill),
            web.post(f"{base}/bill", self._set_deduplication),
            web.get(f"{base}/bill/history", self._show_bill_history),
            web.get(f"{base}/accounts", self._list_accounts),
            web.post(f"{base}/accounts", self._load_accounts),
            web.post(f"{base}/limit", self._set_limit),
            web.post(f"{base}/limits", self._set_limits),
            web.get(f"{base}/growth", self._show_growth),
            web.post(f"{base}/growth", self._set_growth),
            web.get(f"{base}/posts", self._list_posts),
            web.post(f"{base}/posts/{{id}}", self._change_post),
            web.delete(f"{base}/posts/{{id}}", self._delete_post),
        ]

    async def _show_bill(self, _: web.Request) -> web.Response:
        return web.json_response(self._backend.bill.statement())

    async def _show_bill_history(self, _: web.Request) -> web.Response:
        return web.json_response(self._backend.bill.history())

    async def _set_deduplication(self, request: web.Request) -> web.Response:
        fields = await read_fields(request, required={"deduplicates": bool})
        self._backend.bill.deduplicates = fields["deduplicates"]
        return web.json_response(fields)

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
        loaded = await read_loaded(request, csv=read_csv, json=read_json)
        try:
            self._backend.accounts = self._backend.accounts.with_loaded(loaded)
        except ConflictError as error:
            raise BadInputError(str(error)) from None
        return web.json_response({"accounts": len(loaded), "posts": sum(len(each.posts or ()) for each in loaded)})

    async def _set_limit(self, request: web.Request) -> web.Response:
        fields = await read_fields(request, required={"requests": int})
        if fields["requests"] < 1:
            raise BadInputError("requests must be at least 1")
        self._backend.limits = Limits(dict.fromkeys(OF_AN_APP, fields["requests"]))
        return web.json_response(fields)

    async def _set_limits(self, request: web.Request) -> web.Response:
        fields = await read_fields(request, optional=dict.fromkeys(OF_AN_APP, int))
        if any(requests < 1 for requests in fields.values()):
            raise BadInputError("each must be at least 1")
        self._backend.limits = Limits(fields)
        return web.json_response(self._backend.limits.allowed)

    async def _show_growth(self, _: web.Request) -> web.Response:
        growing = self._backend.accounts.growing_since is not None
        return web.json_response({"growing": growing, "from_file": self._backend.has_file})

    async def _set_growth(self, request: web.Request) -> web.Response:
        fields = await read_fields(request, required={"growing": bool})
        self._backend.accounts.growing_since = self._backend.clock() if fields["growing"] else None
        return await self._show_growth(request)

    async def _list_posts(self, request: web.Request) -> web.Response:
        accounts, now = self._backend.accounts, self._backend.clock()
        named = [account for account in accounts.all() if account.username == request.query.get("account")]
        posts = [post for account in named for post in accounts.timeline(account, now) if post.kind is Kind.POST]
        return web.json_response([_post_view(post, accounts.counts(post, now)) for post in posts[:SHOWN_POSTS]])

    async def _change_post(self, request: web.Request) -> web.Response:
        post, accounts = self._known_post(request), self._backend.accounts
        accounts.change(post.id, await read_counts(request, METRICS))
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


def _post_view(post: Post, counts: Counts) -> dict[str, Any]:
    return {"id": str(post.id), "at": post.created_at.isoformat(), "text": post.text, "counts": counts}
