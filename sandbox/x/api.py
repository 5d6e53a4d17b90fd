"""The endpoints of the X API v2."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aiohttp import web

from sandbox.clock import http_date
from sandbox.x import parameters, responses
from sandbox.x.backend import Backend
from sandbox.x.records import Account, Post, State
from sandbox.x.responses import RequestedFields
from sandbox.x.timeline import select

Query = Mapping[str, Any]
MONTHLY_CAP = 3_000_000


@dataclass
class Answer:
    """The body of a response, and the ids of the posts and users in it, which X bills."""

    body: dict[str, Any]
    posts: list[int] = field(default_factory=list)
    users: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Endpoint:
    path: str
    kind: str
    """What its request limit is for."""
    readers: Mapping[str, parameters.Reader]
    required: tuple[str, ...]
    answer: Callable[[Query, datetime], Answer]


class Api:
    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def routes(self) -> list[web.RouteDef]:
        endpoints = [
            Endpoint("/users/by", "profiles", parameters.USERS_BY, ("usernames",), self._users_by),
            Endpoint("/users/by/username/{username}", "profiles", parameters.USER_BY, (), self._user_by),
            Endpoint("/users", "profiles", parameters.USERS, ("ids",), self._users),
            Endpoint("/users/{id}/tweets", "timelines", parameters.TIMELINE, (), self._timeline),
            Endpoint("/tweets", "posts", parameters.POSTS, ("ids",), self._posts),
            Endpoint("/usage/tweets", "usage", parameters.USAGE, (), self._usage),
        ]
        handled = [web.get(f"/x/2{endpoint.path}", self._serve(endpoint)) for endpoint in endpoints]
        return [*handled, web.route("*", "/x/{rest:.*}", _no_such_page)]

    def _serve(self, endpoint: Endpoint) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def serve(request: web.Request) -> web.Response:
            bearer = _bearer(request)
            if bearer is None:
                return _respond(401, responses.plain_problem(401, "Unauthorized"))
            now = self._backend.clock()
            self._backend.bill.count_request(now)
            window = self._backend.limits.take(endpoint.path, bearer, endpoint.kind, now)
            headers = {**window.headers(), "Date": http_date(now)}
            if window.exceeded:
                return _respond(429, responses.plain_problem(429, "Too Many Requests"), headers)
            return _respond(*self._reply(endpoint, request, now), headers)

        return serve

    def _reply(self, endpoint: Endpoint, request: web.Request, now: datetime) -> tuple[int, dict[str, Any]]:
        given = [*request.match_info.items(), *request.query.items()]
        try:
            query = parameters.read(endpoint.readers, endpoint.required, given)
            answer = endpoint.answer(query, now)
        except parameters.InvalidQueryError as error:
            return 400, responses.invalid_request(error.errors)
        self._backend.bill.charge(now, posts=answer.posts, users=answer.users)
        return 200, answer.body

    def _users_by(self, query: Query, now: datetime) -> Answer:
        found = {name: self._backend.accounts.by_username(name) for name in query["usernames"]}
        return self._many_users("usernames", found, query, now)

    def _users(self, query: Query, now: datetime) -> Answer:
        found = {str(user_id): self._backend.accounts.by_id(user_id) for user_id in query["ids"]}
        return self._many_users("ids", found, query, now)

    def _many_users(self, parameter: str, found: dict[str, Account | None], query: Query, now: datetime) -> Answer:
        refusals = {value: _lookup_refusal(account) for value, account in found.items()}
        accounts = [account for value, account in found.items() if account and not refusals[value]]
        errors = [refuse(parameter, value) for value, refuse in refusals.items() if refuse]
        data = [self._show_user(account, RequestedFields.of(query), now) for account in accounts]
        return Answer(_drop_empty(data=data, errors=errors), users=[account.id for account in accounts])

    def _user_by(self, query: Query, now: datetime) -> Answer:
        account = self._backend.accounts.by_username(query["username"])
        refuse = _lookup_refusal(account)
        if account is None or refuse:
            return Answer({"errors": [(refuse or responses.user_not_found)("username", query["username"])]})
        return Answer({"data": self._show_user(account, RequestedFields.of(query), now)}, users=[account.id])

    def _timeline(self, query: Query, now: datetime) -> Answer:
        account = self._backend.accounts.by_id(query["id"])
        refuse = _timeline_refusal(account)
        if account is None or refuse:
            return Answer({"errors": [(refuse or responses.user_not_found)("id", str(query["id"]))]})
        posts, meta = select(self._backend.accounts.timeline(account, now), query)
        answer = self._show_posts(posts, RequestedFields.of(query), now)
        answer.body["meta"] = meta
        return answer

    def _posts(self, query: Query, now: datetime) -> Answer:
        found = {post_id: self._backend.accounts.post(post_id) for post_id in query["ids"]}
        refusals = {post_id: self._post_refusal(post) for post_id, post in found.items()}
        errors = [refuse("ids", str(post_id)) for post_id, refuse in refusals.items() if refuse]
        answer = self._show_posts(
            [post for post in found.values() if post and not refusals[post.id]], RequestedFields.of(query), now
        )
        answer.body |= _drop_empty(errors=errors)
        return answer

    def _usage(self, query: Query, now: datetime) -> Answer:
        used = str(self._backend.bill.used_today(now))
        daily = {"project_id": "1", "usage": [{"date": f"{now:%Y-%m-%d}T00:00:00.000Z", "usage": used}]}
        shown = {
            "cap_reset_day": 1,
            "project_cap": str(MONTHLY_CAP),
            "project_id": "1",
            "project_usage": str(self._backend.bill.used_this_month(now)),
            "daily_project_usage": daily,
        }
        asked = query.get("usage.fields", {"cap_reset_day", "project_cap", "project_id", "project_usage"})
        return Answer({"data": {name: value for name, value in shown.items() if name in asked}})

    def _post_refusal(self, post: Post | None) -> responses.Refusal | None:
        author = self._backend.accounts.by_id(post.author_id) if post else None
        if author is None or author.state is State.SUSPENDED:
            return responses.post_not_found
        return responses.post_protected if author.state is State.PROTECTED else None

    def _show_posts(self, posts: list[Post], fields: RequestedFields, now: datetime) -> Answer:
        data = [responses.show_post(post, self._backend.accounts.counts(post, now), fields) for post in posts]
        authors = self._authors(posts) if fields.with_authors else []
        includes = _drop_empty(users=[self._show_user(author, fields, now) for author in authors])
        body = _drop_empty(data=data, includes=includes)
        return Answer(body, [post.id for post in posts], [author.id for author in authors])

    def _authors(self, posts: list[Post]) -> list[Account]:
        found = (
            self._backend.accounts.by_id(author_id) for author_id in dict.fromkeys(post.author_id for post in posts)
        )
        return [author for author in found if author and author.username]

    def _show_user(self, account: Account, fields: RequestedFields, now: datetime) -> dict[str, Any]:
        return responses.show_user(account, len(self._backend.accounts.timeline(account, now)), fields)


def _lookup_refusal(account: Account | None) -> responses.Refusal | None:
    """X shows protected users, but not suspended ones. An account known by its id alone cannot be shown."""
    if account is None or not account.username:
        return responses.user_not_found
    return responses.user_suspended if account.state is State.SUSPENDED else None


def _timeline_refusal(account: Account | None) -> responses.Refusal | None:
    if account is None:
        return responses.user_not_found
    refusals = {State.SUSPENDED: responses.user_suspended, State.PROTECTED: responses.user_protected}
    return refusals.get(account.state)


def _bearer(request: web.Request) -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def _drop_empty(**parts: Any) -> dict[str, Any]:
    return {name: part for name, part in parts.items() if part}


def _respond(status: int, body: dict[str, Any], headers: Mapping[str, str] | None = None) -> web.Response:
    return web.json_response(body, status=status, headers=headers)


async def _no_such_page(_: web.Request) -> web.Response:
    return _respond(404, responses.plain_problem(404, "Not Found"))
