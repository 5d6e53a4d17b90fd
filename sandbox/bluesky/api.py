"""The methods of Bluesky's public API."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import web

from sandbox.bluesky import parameters, responses
from sandbox.bluesky.backend import Backend
from sandbox.bluesky.feed import select
from sandbox.bluesky.records import METRICS, Account, Counts, Post, Reference, State
from sandbox.lives import Kind

Query = Mapping[str, Any]
VERSION = "0.0.280"
PROFILE_REFUSALS = {
    State.SUSPENDED: ("AccountTakedown", "Account has been suspended"),
    State.DEACTIVATED: ("AccountDeactivated", "Account is deactivated"),
}


class RefusedError(Exception):
    """Bluesky answers 400 with this kind of error and this text."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(kind, message)
        self.body = responses.error(kind, message)


@dataclass(frozen=True)
class Method:
    name: str
    readers: Mapping[str, parameters.Reader]
    required: str
    answer: Callable[[Query, datetime], dict[str, Any]]


class Api:
    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def routes(self) -> list[web.RouteDef]:
        feed = {
            "actor": parameters.actor,
            "limit": parameters.between(1, 100),
            "cursor": parameters.text,
            "filter": parameters.text,
            "includePins": parameters.flag,
        }
        methods = [
            Method("com.atproto.identity.resolveHandle", {"handle": parameters.handle}, "handle", self._resolve),
            Method("app.bsky.actor.getProfile", {"actor": parameters.actor}, "actor", self._profile),
            Method("app.bsky.actor.getProfiles", {"actors": parameters.actors}, "actors", self._profiles),
            Method("app.bsky.feed.getAuthorFeed", feed, "actor", self._feed),
            Method("app.bsky.feed.getPosts", {"uris": parameters.uris}, "uris", self._posts),
        ]
        return [
            web.get("/bluesky/xrpc/_health", _health),
            *(web.route("*", f"/bluesky/xrpc/{method.name}", self._serve(method)) for method in methods),
            web.route("*", "/bluesky/xrpc/{method}", _not_implemented),
            web.route("*", "/bluesky/{rest:.*}", _no_such_page),
        ]

    def _serve(self, method: Method) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def serve(request: web.Request) -> web.Response:
            now = self._backend.clock()
            headers = self._backend.limits.take(now)
            if self._backend.limits.exceeded:
                body = responses.error("RateLimitExceeded", "Rate Limit Exceeded")
                return web.json_response(body, status=429, headers=headers)
            status, body = self._backend.cache.find(request.path_qs, now) or self._reply(method, request, now)
            return web.json_response(body, status=status, headers=headers)

        return serve

    def _reply(self, method: Method, request: web.Request, now: datetime) -> tuple[int, dict[str, Any]]:
        if request.method != "GET":
            return 400, responses.error("InvalidRequest", f"Incorrect HTTP method ({request.method}) expected GET")
        given = {name: request.query.getall(name) for name in request.query}
        try:
            query = parameters.read(method.name, method.readers, method.required, given)
            reply = 200, method.answer(query, now)
        except parameters.InvalidParametersError as error:
            return 400, responses.error("InvalidRequest", str(error))
        except RefusedError as error:
            reply = 400, error.body
        self._backend.cache.keep(request.path_qs, now, reply)
        return reply

    def _resolve(self, query: Query, _: datetime) -> dict[str, Any]:
        account = self._backend.accounts.find(query["handle"])
        if account is None:
            raise RefusedError("InvalidRequest", "Unable to resolve handle")
        return {"did": account.did}

    def _profile(self, query: Query, now: datetime) -> dict[str, Any]:
        account = self._backend.accounts.find(query["actor"])
        if account is None:
            raise RefusedError("InvalidRequest", "Profile not found")
        if account.state in PROFILE_REFUSALS:
            raise RefusedError(*PROFILE_REFUSALS[account.state])
        return self._show_profile(account, now)

    def _profiles(self, query: Query, now: datetime) -> dict[str, Any]:
        """Whom it does not show is left out, and who is asked for twice comes once."""
        found = [self._active(actor) for actor in query["actors"]]
        accounts = {account.did: account for account in found if account is not None}
        return {"profiles": [self._show_profile(account, now) for account in accounts.values()]}

    def _feed(self, query: Query, now: datetime) -> dict[str, Any]:
        account = self._active(query["actor"])
        if account is None:
            raise RefusedError("InvalidRequest", "Profile not found")
        posts = self._backend.accounts.timeline(account, now)
        pinned = self._pinned(account, query, posts)
        page, cursor = select([post for post in posts if post is not pinned], query)
        items = [self._item(post, account, now) for post in page]
        first = [{"post": self._view(pinned, now), "reason": responses.pin_reason()}] if pinned is not None else []
        feed = {"feed": [*first, *(item for item in items if item is not None)]}
        return feed if cursor is None else {**feed, "cursor": cursor}

    def _pinned(self, account: Account, query: Query, posts: list[Post]) -> Post | None:
        if not query.get("includePins") or "cursor" in query:
            return None
        return next((post for post in posts if post.rkey == account.pinned), None)

    def _item(self, post: Post, account: Account, now: datetime) -> dict[str, Any] | None:
        """An item of the feed; None for a repost of what is not shown."""
        if post.kind is Kind.REPOST:
            original = self._original(post, now)
            return None if original is None else {"post": original, "reason": responses.repost_reason(post, account)}
        shown = {"post": self._view(post, now)}
        if post.kind is Kind.REPLY and post.reference is not None:
            parent = self._original(post, now)
            shown["reply"] = responses.answered(parent, post.reference.did, post.reference.rkey)
        return shown

    def _original(self, post: Post, now: datetime) -> dict[str, Any] | None:
        """The view of the post that this one repeats or answers; None where it is not shown."""
        reference = post.reference
        author = None if reference is None else self._active(reference.did)
        if reference is None or author is None:
            return None
        original = self._backend.accounts.post(reference.rkey, reference.did)
        if original is not None:
            return self._view(original, now)
        return responses.post(_others_post(post, reference), author, self._others_counts(post, now))

    def _others_counts(self, post: Post, now: datetime) -> Counts:
        """The counts of a repost are those of the post that it repeats."""
        return self._backend.accounts.counts(post, now) if post.kind is Kind.REPOST else dict.fromkeys(METRICS, 0)

    def _posts(self, query: Query, now: datetime) -> dict[str, Any]:
        """Whatever is not there, or not shown, is left out."""
        named = [found for each in query["uris"] if (found := parameters.POST_URI.fullmatch(each))]
        posts = [self._backend.accounts.post(each["rkey"], each["did"]) for each in named]
        shown = [post for post in posts if post is not None and self._active(post.did)]
        return {"posts": [self._view(post, now) for post in shown if post.kind is not Kind.REPOST]}

    def _active(self, actor: str) -> Account | None:
        account = self._backend.accounts.find(actor)
        return account if account is not None and account.state is State.ACTIVE else None

    def _view(self, post: Post, now: datetime) -> dict[str, Any]:
        author = self._backend.accounts.find(post.did)
        assert author is not None  # noqa: S101 - only posts of accounts that are there are shown
        return responses.post(post, author, self._backend.accounts.counts(post, now))

    def _show_profile(self, account: Account, now: datetime) -> dict[str, Any]:
        posts = self._backend.accounts.timeline(account, now)
        return responses.profile(account, sum(post.kind is not Kind.REPOST for post in posts))


def _others_post(post: Post, reference: Reference) -> Post:
    """Posts of strangers are not kept, but made up when they are shown."""
    at = post.created_at
    return Post(reference.rkey, reference.did, at, at, Kind.POST, "What somebody else wrote.", {})


async def _health(_: web.Request) -> web.Response:
    return web.json_response({"version": VERSION})


async def _not_implemented(_: web.Request) -> web.Response:
    return web.json_response(responses.error("MethodNotImplemented", "Method Not Implemented"), status=501)


async def _no_such_page(request: web.Request) -> web.Response:
    page = f"<!DOCTYPE html><html><body><pre>Cannot {request.method} a page here</pre></body></html>"
    return web.Response(text=page, status=404, content_type="text/html")
