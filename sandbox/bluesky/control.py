"""The control API of the stand-in of Bluesky.

GET    /_control/bluesky/accounts      [{handle, did, state, labels, followers, posts}]
POST   /_control/bluesky/accounts      text/csv or application/json, see loading.py -> {accounts, posts}: adds accounts
                                       and posts, and changes them: an id under a new handle is a rename
GET    /_control/bluesky/posts         ?account=<handle>: its newest posts, [{id, at, text, counts}]
POST   /_control/bluesky/posts/<id>    {metric: count, ...}: changes a post's counts; null leaves one out of the answers
DELETE /_control/bluesky/posts/<id>    deletes a post
POST   /_control/bluesky/limit         {requests, seconds?}: from now on so many requests in each window, which the
                                       answers tell; requests null: no limit, as at the start
POST   /_control/bluesky/cache         {seconds, copies?}: answers come from so many copies in turn, each of which keeps
                                       one for so long; 0: no copies, as at the start

/_control/faults with service "bluesky" and method "app.bsky.feed.getAuthorFeed" gives any other answer, such as a
firewall's page: status 403 with a body in HTML.
"""

from datetime import timedelta
from typing import Any

from aiohttp import web

from sandbox.bluesky.accounts import ConflictError
from sandbox.bluesky.backend import Backend
from sandbox.bluesky.cache import Cache
from sandbox.bluesky.limits import Limits
from sandbox.bluesky.loading import read_csv, read_json
from sandbox.bluesky.records import METRICS, Counts, Post
from sandbox.control import BadInputError, read_counts, read_fields, read_loaded
from sandbox.lives import Kind

LONGEST_S = 86_400
SHOWN_POSTS = 5


class Control:
    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def routes(self) -> list[web.RouteDef]:
        base = "/_control/bluesky"
        return [
            web.get(f"{base}/accounts", self._list_accounts),
            web.post(f"{base}/accounts", self._load_accounts),
            web.get(f"{base}/posts", self._list_posts),
            web.post(f"{base}/posts/{{id}}", self._change_post),
            web.delete(f"{base}/posts/{{id}}", self._delete_post),
            web.post(f"{base}/limit", self._set_limit),
            web.post(f"{base}/cache", self._set_cache),
        ]

    async def _list_accounts(self, _: web.Request) -> web.Response:
        accounts, now = self._backend.accounts, self._backend.clock()
        return web.json_response(
            [
                {
                    "handle": account.handle,
                    "did": account.did,
                    "state": account.state,
                    "labels": account.labels,
                    "followers": account.followers,
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

    async def _list_posts(self, request: web.Request) -> web.Response:
        accounts, now = self._backend.accounts, self._backend.clock()
        named = [account for account in accounts.all() if account.handle == request.query.get("account")]
        posts = [post for account in named for post in accounts.timeline(account, now) if post.kind is Kind.POST]
        newest = sorted(posts, key=lambda post: post.indexed_at, reverse=True)[:SHOWN_POSTS]
        return web.json_response([_post_view(post, accounts.counts(post, now)) for post in newest])

    async def _change_post(self, request: web.Request) -> web.Response:
        post, accounts = self._known_post(request), self._backend.accounts
        accounts.change(post.rkey, await read_counts(request, METRICS))
        return web.json_response({"id": post.rkey, **accounts.counts(post, self._backend.clock())})

    async def _delete_post(self, request: web.Request) -> web.Response:
        post = self._known_post(request)
        self._backend.accounts.delete(post.rkey)
        return web.json_response({"deleted": post.rkey})

    def _known_post(self, request: web.Request) -> Post:
        rkey = request.match_info["id"]
        post = self._backend.accounts.post(rkey)
        if post is None:
            raise web.HTTPNotFound(text=f'{{"error": "no post has the id {rkey}"}}', content_type="application/json")
        return post

    async def _set_limit(self, request: web.Request) -> web.Response:
        fields = await read_fields(request, optional={"requests": int, "seconds": int})
        if min(fields.values(), default=1) < 1:
            raise BadInputError("each must be at least 1")
        window = timedelta(seconds=min(fields.get("seconds", 300), LONGEST_S))
        self._backend.limits = Limits(fields.get("requests"), window)
        return web.json_response(fields)

    async def _set_cache(self, request: web.Request) -> web.Response:
        fields = await read_fields(request, required={"seconds": int | float}, optional={"copies": int})
        if not 0 <= fields["seconds"] <= LONGEST_S or fields.get("copies", 1) < 1:
            raise BadInputError(f"seconds must be between 0 and {LONGEST_S}, and copies at least 1")
        self._backend.cache = Cache(timedelta(seconds=fields["seconds"]), fields.get("copies", 1))
        return web.json_response(fields)


def _post_view(post: Post, counts: Counts) -> dict[str, Any]:
    return {"id": post.rkey, "at": post.created_at.isoformat(), "text": post.text, "counts": counts}
