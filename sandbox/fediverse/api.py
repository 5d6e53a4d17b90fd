"""The endpoints of Mastodon's API that show accounts and statuses to guests, and WebFinger, on many servers."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from sandbox.fediverse import answers, ids, responses, timeline
from sandbox.fediverse.accounts import is_shown
from sandbox.fediverse.answers import Answer, as_json
from sandbox.fediverse.backend import Backend
from sandbox.fediverse.records import Account, Post, State
from sandbox.fediverse.servers import Server, ServerKind

MOST_IDS = 20
"""In one request for statuses, as Mastodon's own code counts them; its documentation names no number."""
REFUSALS = {ServerKind.NO_GUESTS: answers.NO_GUESTS, ServerKind.SIGNED_IN: answers.SIGNED_IN}
STATES = {State.MISSING: answers.NOT_FOUND, State.GONE: answers.GONE, State.FORBIDDEN: answers.FORBIDDEN}
WEBFINGER_TYPE = "application/jrd+json; charset=utf-8"
KEPT_THREE_DAYS = {"Cache-Control": "max-age=259200, public"}
KEPT_THREE_MINUTES = {"Cache-Control": "max-age=180, public"}
NO_ACCOUNT = Answer(404, None, KEPT_THREE_MINUTES)


@dataclass(frozen=True)
class Endpoint:
    """is_limited: whether its requests are counted. is_open: whether a server that shows guests nothing answers it."""

    path: str
    answer: Callable[[Server, web.Request, datetime], Answer]
    is_limited: bool = True
    is_open: bool = False


class Api:
    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def routes(self) -> list[web.RouteDef]:
        endpoints = [
            Endpoint("/.well-known/webfinger", self._webfinger, is_limited=False, is_open=True),
            Endpoint("/api/v2/instance", _instance, is_open=True),
            Endpoint("/api/v1/accounts/lookup", self._lookup),
            Endpoint("/api/v1/accounts/{id}", self._account),
            Endpoint("/api/v1/accounts/{id}/statuses", self._timeline),
            Endpoint("/api/v1/statuses", self._statuses),
        ]
        handled = [web.get(f"/fediverse/{{host}}{each.path}", self._serve(each)) for each in endpoints]
        unknown = self._serve(Endpoint("", _no_such_page, is_limited=False, is_open=True))
        return [*handled, web.route("*", "/fediverse/{host}{rest:.*}", unknown)]

    def _serve(self, endpoint: Endpoint) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def serve(request: web.Request) -> web.Response:
            server = self._backend.servers.at(request.match_info["host"])
            if server is None or server.kind is ServerKind.SILENT:
                return _hang_up(request)
            now = self._backend.clock()
            return self._backend.cache.through(
                server, request.path_qs, now, lambda: _answer(endpoint, server, request, now)
            )

        return serve

    def _webfinger(self, server: Server, request: web.Request, _: datetime) -> Answer:
        resource = request.query.get("resource", "")
        if server.server:
            address = f"https://{server.server}/.well-known/webfinger?{urlencode({'resource': resource})}"
            return answers.page(301, "Moved Permanently", {"Location": address})
        if not resource:
            return Answer(400, None, KEPT_THREE_MINUTES)
        username = responses.user_in_resource(server, resource)
        account = self._backend.accounts.named(server, username) if username else None
        if account is None or account.state is State.MISSING:
            return NO_ACCOUNT
        if account.state is State.GONE:
            return Answer(410, None, KEPT_THREE_MINUTES)
        return as_json(responses.show_webfinger(account), KEPT_THREE_DAYS, kind=WEBFINGER_TYPE)

    def _lookup(self, server: Server, request: web.Request, now: datetime) -> Answer:
        """A server knows its own accounts by the bare name, or with its domain."""
        username, _, domain = request.query.get("acct", "").strip().removeprefix("@").partition("@")
        if not username or domain.lower() not in {"", server.domain}:
            return answers.NOT_FOUND
        return self._show_account(server, self._backend.accounts.named(server, username), now)

    def _account(self, server: Server, request: web.Request, now: datetime) -> Answer:
        return self._show_account(server, self._known(server, request), now)

    def _show_account(self, server: Server, account: Account | None, now: datetime) -> Answer:
        if account is None or account.state in STATES:
            return STATES[account.state] if account else answers.NOT_FOUND
        return as_json(self._shown(server, account, now), answers.CACHED)

    def _timeline(self, server: Server, request: web.Request, now: datetime) -> Answer:
        account = self._known(server, request)
        if account is None or account.state in STATES:
            return STATES[account.state] if account else answers.NOT_FOUND
        seen = [post for post in self._backend.accounts.timeline(account, now) if is_shown(account, post)]
        page = timeline.select(server, seen, request.query)
        shown = self._shown(server, account, now)
        body = [self._show_status(server, account, shown, post, now) for post in page]
        return as_json(body, {**answers.CACHED, **timeline.links(server, account, page, request.query)})

    def _statuses(self, server: Server, request: web.Request, now: datetime) -> Answer:
        """The statuses of id[]; those that guests do not see are left out."""
        if not server.software.has_statuses_by_id:
            return answers.NO_SUCH_PAGE
        asked = list(dict.fromkeys(request.query.getall("id[]", [])))
        if len(asked) > MOST_IDS:
            return answers.TOO_MANY_IDS
        numbers = (ids.read(text, is_flake=server.software.flakes) for text in asked)
        found = (self._backend.accounts.post(server, number) for number in numbers if number is not None)
        seen = [(author, post) for author, post in filter(None, found) if author.state not in STATES]
        return as_json(
            [
                self._show_status(server, author, self._shown(server, author, now), post, now)
                for author, post in seen
                if is_shown(author, post)
            ]
        )

    def _known(self, server: Server, request: web.Request) -> Account | None:
        account_id = ids.read(request.match_info["id"], is_flake=server.software.flakes)
        return None if account_id is None else self._backend.accounts.by_id(server, account_id)

    def _shown(self, server: Server, account: Account, now: datetime) -> dict[str, Any]:
        moved = self._backend.account(account.moved_to) if account.moved_to else None
        return responses.show_account(server, account, self._backend.accounts.timeline(account, now), moved)

    def _show_status(
        self, server: Server, account: Account, shown: dict[str, Any], post: Post, now: datetime
    ) -> dict[str, Any]:
        return responses.show_status(server, shown, post, self._backend.accounts.counts(account, post, now))


def _answer(endpoint: Endpoint, server: Server, request: web.Request, now: datetime) -> Answer:
    if server.kind is ServerKind.WALL:
        return answers.WALL
    if not endpoint.is_limited:
        return endpoint.answer(server, request, now)
    if server.kind in {ServerKind.NO_API, ServerKind.SITE}:
        return answers.NO_SUCH_PAGE
    is_page = any(request.query.get(name) for name in (*timeline.PAGING, "page"))
    window = server.limits.take(request.remote or "", now, is_page=is_page)
    if window.exceeded:
        return answers.TOO_MANY.with_headers(window.headers(now))
    refusal = None if endpoint.is_open else _refusal(server)
    return (refusal or endpoint.answer(server, request, now)).with_headers(window.headers(now))


def _refusal(server: Server) -> Answer | None:
    """What a server says to all guests."""
    if server.kind is ServerKind.LOGIN:
        return answers.page(302, "Redirecting", {"Location": f"https://{server.host}/login"})
    return REFUSALS.get(server.kind)


def _instance(server: Server, _request: web.Request, _now: datetime) -> Answer:
    return as_json(responses.show_instance(server), answers.CACHED)


def _no_such_page(_server: Server, _request: web.Request, _now: datetime) -> Answer:
    return answers.NO_SUCH_PAGE


def _hang_up(request: web.Request) -> web.Response:
    if request.transport:
        request.transport.close()
    return web.Response(status=502)
